//! `rm` and the advice that leads to it take no queue away from its users.

mod support;

use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use ringway::{Context, Queue};
use ringway_segment::layout::Header;
use support::{Folder, Name, Running, ringway, run, run_with, status, stderr, stdout};

/// The line of the README, while a reader of the output is slow.
#[test]
fn shutdown_and_rm_wait_until_all_was_read() {
    for _ in 0..20 {
        let name = Name::new("wait");
        let lines: String = (1..=2000).map(|number| format!("{number:060}\n")).collect();
        run_with(&["put", &name.0, "--create"], lines.as_bytes());
        let program = env!("CARGO_BIN_EXE_ringway");
        let script = format!("'{program}' get '{}' | {{ sleep 0.05; wc -l; }}", name.0);
        let mut reader = Running(
            Command::new("sh").args(["-c", &script]).stdout(Stdio::piped()).spawn().unwrap(),
        );
        while Queue::<[u8]>::open(&name.0).unwrap().len().unwrap() == 2000 {
            thread::yield_now();
        }
        let script = format!("'{program}' shutdown '{0}' && '{program}' rm --wait '{0}'", name.0);
        let rm = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(status(&rm), 0, "{}", stderr(&rm));
        assert!(!name.file().exists());
        let mut told = String::new();
        std::io::Read::read_to_string(reader.0.stdout.as_mut().unwrap(), &mut told).unwrap();
        assert_eq!(told.trim(), "2000");
    }
}

#[test]
fn rm_waits_for_as_long_as_it_is_told() {
    let name = Name::new("late");
    let context = Context::create(&name.0).unwrap();
    let queue = Queue::<[u8]>::create_in(&context, "jobs", 3).unwrap();
    for what in [name.0.clone(), format!("{}/jobs", name.0)] {
        let late = run(&["rm", "--wait", "--timeout", "0.05", &what]);
        assert_eq!(status(&late), 3);
        assert!(stderr(&late).contains("is still open in process"), "{}", stderr(&late));
    }
    let rm = ringway(&["rm", "--wait", &format!("{}/jobs", name.0)]).spawn().unwrap();
    thread::sleep(Duration::from_millis(30));
    drop(queue);
    assert!(Running(rm).0.wait().unwrap().success());
    assert!(context.objects().is_empty());
}

/// A container whose boot id is another, and a file whose layout is of another version: what the
/// messages advise leaves both to those who use them.
#[test]
fn advice_that_is_followed_harms_no_user() {
    let folder = Folder::new();
    let path = folder.0.join("queue");
    let queue =
        Queue::<[u8]>::options().maxsize(3).create(ringway::Place::File(path.clone())).unwrap();
    queue.put(b"in use").unwrap();
    // Another version, as an older or newer program has it open.
    use std::os::unix::fs::FileExt;
    let file = std::fs::File::options().write(true).read(true).open(&path).unwrap();
    let version_at = std::mem::offset_of!(Header, version) as u64;
    let mut version = [0; 4];
    file.read_exact_at(&mut version, version_at).unwrap();
    file.write_all_at(&[0x77, 0, 0, 0], version_at).unwrap();
    let path_text = path.to_str().unwrap();
    let doctor = run(&["doctor", path_text]);
    let advice = stdout(&doctor);
    assert!(advice.contains("ringway rm --force"), "{advice}");
    let followed = run(&["rm", "--force", path_text]);
    assert_eq!(status(&followed), 1);
    assert!(stderr(&followed).contains("it is open in a process"), "{}", stderr(&followed));
    assert!(path.exists());
    for told in [run(&["rm", path_text]), run(&["stat", path_text]), doctor] {
        let told = stdout(&told) + &stderr(&told);
        assert!(!told.contains("--in-use"), "{told}");
    }
    file.write_all_at(&version, version_at).unwrap();
    assert_eq!(&*queue.get().unwrap(), b"in use");
    let refused = run(&["rm", path_text]);
    assert!(stderr(&refused).contains("--wait"), "{}", stderr(&refused));
    // Once no process has it open, the advice is good.
    file.write_all_at(&[0x77, 0, 0, 0], version_at).unwrap();
    drop((queue, file));
    assert_eq!(status(&run(&["rm", "--force", path_text])), 0);
    assert!(!path.exists());
}
