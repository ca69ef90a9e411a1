//! Real text through two `put` and two `get` processes: a million lines, each once and in order.

mod support;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use support::{Folder, Name, Running, ringway, run, status, stdout};

const LINES: usize = 1_100_000;
const PUTTERS: usize = 2;
const LONGEST: usize = 64 << 10;

/// The sources that this project is built from, which are on every machine that runs the test, line
/// by line; as often as it takes.
fn real_lines() -> impl Iterator<Item = Vec<u8>> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join("crates")];
    folders.extend(home.map(|home| home.join("registry").join("src")));
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> = fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        entries.sort();
        for path in entries {
            match path.extension().and_then(|ending| ending.to_str()) {
                _ if path.is_dir() => folders.push(path),
                Some("rs" | "md" | "toml") => files.push(path),
                _ => {}
            }
        }
    }
    assert!(!files.is_empty(), "no sources to read");
    files.into_iter().cycle().flat_map(|path| {
        let text = fs::read(path).unwrap_or_default();
        text.split(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>()
    })
}

/// Writes one file for each putter; every line begins with the putter and the number of the line.
fn prepare(folder: &Path) -> Vec<PathBuf> {
    let paths: Vec<_> = (0..PUTTERS).map(|putter| folder.join(format!("in-{putter}"))).collect();
    let mut files: Vec<_> =
        paths.iter().map(|path| BufWriter::new(File::create(path).unwrap())).collect();
    let mut joined: Vec<u8> = Vec::new();
    for (number, mut line) in real_lines().take(LINES).enumerate() {
        let putter = number % PUTTERS;
        let tag = format!("{putter} {number} ");
        line.truncate(LONGEST - tag.len());
        if joined.len() < LONGEST {
            joined.extend(&line);
        } else if number % 3000 == 0 {
            line = joined[..LONGEST - tag.len()].to_vec(); // a line as long as can be
            joined.drain(..1000);
        }
        files[putter].write_all(tag.as_bytes()).unwrap();
        files[putter].write_all(&line).unwrap();
        files[putter].write_all(b"\n").unwrap();
    }
    paths
}

fn lines_of(texts: &[Vec<u8>]) -> Vec<&[u8]> {
    texts
        .iter()
        .flat_map(|text| {
            text.strip_suffix(b"\n").into_iter().flat_map(|text| text.split(|&b| b == b'\n'))
        })
        .collect()
}

fn is_in_order_for_each_putter(text: &[u8]) -> bool {
    let mut last = HashMap::new();
    lines_of(&[text.to_vec()]).into_iter().all(|line| {
        let mut words = line
            .splitn(3, |&byte| byte == b' ')
            .map(|word| String::from_utf8_lossy(word).into_owned());
        let (putter, number) =
            (words.next().unwrap(), words.next().unwrap().parse::<usize>().unwrap());
        last.insert(putter, number).is_none_or(|before| before < number)
    })
}

/// Waits for the end of a process; when nothing happens for minutes, prints the state of the queue.
fn end(what: &str, name: &str, mut child: Running) {
    let mut quiet = 0;
    let status = loop {
        match child.0.try_wait().unwrap() {
            Some(status) => break status,
            None => std::thread::sleep(std::time::Duration::from_millis(20)),
        }
        quiet += 1;
        if quiet % (120 * 50) == 0 {
            eprintln!("{what} has not ended:\n{}", stdout(&run(&["stat", name])));
        }
    };
    assert!(status.success(), "{what} ended with {status}");
}

#[test]
fn a_million_lines_of_real_text_arrive_once_and_in_order() {
    let folder = Folder::new();
    let name = Name::new("real-input");
    let inputs = prepare(&folder.0);
    assert_eq!(status(&run(&["create", &name.0, "--maxsize", "1000"])), 0);
    let outputs: Vec<_> = (0..2).map(|getter| folder.0.join(format!("out-{getter}"))).collect();
    let spawn = |arguments: &[&str], input: Stdio, output: Stdio| -> Running {
        let child: Child = ringway(arguments).stdin(input).stdout(output).spawn().unwrap();
        Running(child)
    };
    let getters: Vec<_> = outputs
        .iter()
        .map(|path| spawn(&["get", &name.0], Stdio::null(), File::create(path).unwrap().into()))
        .collect();
    let putters: Vec<_> = inputs
        .iter()
        .map(|path| spawn(&["put", &name.0], File::open(path).unwrap().into(), Stdio::null()))
        .collect();
    for putter in putters {
        end("a putter", &name.0, putter);
    }
    assert_eq!(status(&run(&["shutdown", &name.0])), 0);
    for getter in getters {
        end("a getter", &name.0, getter);
    }

    let read = |paths: &[PathBuf]| -> Vec<Vec<u8>> {
        paths.iter().map(|path| fs::read(path).unwrap()).collect()
    };
    let (put, got) = (read(&inputs), read(&outputs));
    for (getter, text) in got.iter().enumerate() {
        assert!(is_in_order_for_each_putter(text), "getter {getter} got lines out of order");
    }
    let (mut put, mut got) = (lines_of(&put), lines_of(&got));
    assert!(put.len() >= 1_000_000 && put.iter().any(|line| line.len() == LONGEST));
    assert_eq!(put.len(), got.len(), "lines put and got");
    put.sort_unstable();
    got.sort_unstable();
    assert!(put == got, "the sorted lines differ");
    assert_eq!(status(&run(&["rm", &name.0])), 0);
    assert!(!name.file().exists());
}
