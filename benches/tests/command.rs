//! The harness runs, and its figures are those of messages that all arrived.

use std::process::Command;

fn bench(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_ringway-bench"))
        .args(arguments)
        .output()
        .expect("the program");
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

#[test]
fn rivals_of_all_three_kinds_carry_what_they_can() {
    let folder = std::env::temp_dir().join(format!("ringway-bench-test-{}", std::process::id()));
    let folder_name = folder.to_str().expect("a path in UTF-8");
    let only =
        ["--only", "ringway", "--only", "pipe", "--only", "ArrayQueue", "--only", "thingbuf"];
    let arguments = [&["1:1", "2:2", "--rounds", "1", "--write", folder_name][..], &only].concat();
    let (success, text) = bench(&arguments);
    let written = std::fs::read_to_string(folder.join("results.json"));
    let plot = std::fs::read_to_string(folder.join("2-to-2.svg"));
    let summary = std::fs::read_to_string(folder.join("throughput.svg"));
    let _ = std::fs::remove_dir_all(&folder);
    assert!(success, "{text}");
    assert!(!text.contains("FAILED"), "{text}");
    let results: serde_json::Value =
        serde_json::from_str(&written.expect("results")).expect("JSON");
    let rivals = results["workloads"][1]["rivals"].as_array().expect("a list");
    assert!(
        rivals.len() >= 8 && rivals.iter().all(|rival| rival["median"].as_f64() > Some(0.0)),
        "{rivals:?}"
    );
    assert!(plot.expect("a plot").contains("thingbuf"));
    assert!(summary.expect("a plot").contains("Two to two"));
}

#[test]
fn there_is_a_figure_for_every_kind_of_measurement() {
    let workloads = [
        "64B-untouched",
        "struct",
        "record",
        "round-trip",
        "wake",
        "idle",
        "idle-processes",
        "idle-threads",
    ];
    let only = ["--rounds", "1", "--only", "ringway", "--only", "pipe"];
    let (success, text) = bench(&[&workloads[..], &only].concat());
    assert!(success && !text.contains("FAILED") && !text.contains("Left out"), "{text}");
    assert_eq!(text.matches("ringway").count(), 1 + 1 + 1 + 3 + 3 + 3 + 1 + 1, "{text}");
}

#[test]
fn growth_is_written_as_tables_and_curves() {
    let folder = std::env::temp_dir().join(format!("ringway-growth-test-{}", std::process::id()));
    let folder_name = folder.to_str().expect("a path in UTF-8");
    let (success, text) =
        bench(&["growth", "--rounds", "1", "--only", "processes", "--write", folder_name]);
    let written = std::fs::read_to_string(folder.join("growth.json"));
    let plot = std::fs::read_to_string(folder.join("growth-processes.svg"));
    let _ = std::fs::remove_dir_all(&folder);
    assert!(success, "{text}");
    let results: serde_json::Value =
        serde_json::from_str(&written.expect("results")).expect("JSON");
    let points = results["curves"][0]["points"].as_array().expect("a list");
    assert!(
        points.len() == 6 && points.iter().all(|point| point["median"].as_f64() > Some(0.0)),
        "{points:?}"
    );
    assert!(plot.expect("a plot").contains("million messages a second"));
}

#[test]
fn an_unknown_workload_is_told_with_the_known_ones() {
    let (success, text) = bench(&["3:3"]);
    assert!(!success && text.contains("3:3") && text.contains("round-trip"), "{text}");
}

#[test]
fn a_build_is_compared_with_another() {
    let program = env!("CARGO_BIN_EXE_ringway-bench");
    let only = ["--rounds", "1", "--only", "ringway"];
    let arguments = [&["1:1", "record", "round-trip", "--against", program][..], &only].concat();
    let (success, text) = bench(&arguments);
    assert!(success && !text.contains("FAILED") && !text.contains("Left out"), "{text}");
    assert_eq!(text.matches("ringway").count(), 6 + 1 + 3, "{text}");
}

#[test]
fn a_build_that_cannot_be_started_is_told() {
    let (success, text) = bench(&["1:1", "--against", "/nowhere", "--only", "ringway"]);
    assert!(success && text.contains("Left out: ringway (/nowhere"), "{text}");
}
