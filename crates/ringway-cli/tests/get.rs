//! What `get` does with its output: it takes nothing that it cannot write, and loses nothing that
//! it took without saying so.

mod support;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use ringway::Queue;
use support::{Name, Running, ringway, run, run_with, status, stderr, stdout};

/// The command in a shell: `$R` is the command, `$Q` the queue.
fn shell(script: &str, name: &Name) -> std::process::Output {
    let program = env!("CARGO_BIN_EXE_ringway");
    let script = format!("R='{program}'; Q='{}'; {script}", name.0);
    Command::new("bash").args(["-c", &script]).stdin(Stdio::null()).output().expect("bash")
}

fn lines(count: u32) -> Vec<u8> {
    (1..=count).map(|number| format!("{number}\n")).collect::<String>().into_bytes()
}

fn left(name: &Name) -> u64 {
    Queue::<[u8]>::open(&name.0).unwrap().len().unwrap()
}

#[test]
fn nothing_is_taken_when_standard_output_is_closed() {
    let name = Name::new("closed");
    run_with(&["put", &name.0, "--create"], &lines(100));
    let get = shell("$R shutdown $Q; $R get $Q >&-", &name);
    assert_eq!((status(&get), left(&name)), (1, 100));
    assert!(stderr(&get).contains("standard output is closed"), "{}", stderr(&get));
    // To throw messages away on purpose stays possible.
    assert_eq!(status(&shell("$R get $Q > /dev/null", &name)), 0);
    assert_eq!(left(&name), 0);
}

#[test]
fn output_that_cannot_be_written_is_an_error_everywhere() {
    let name = Name::new("unwritten");
    let _queue = Queue::<[u8]>::create(&name.0, 3).unwrap();
    for command in [
        "stat $Q",
        "ls",
        "doctor $Q",
        "--help",
        "--version",
        "get --help",
        "stat $Q --json",
        "demo",
    ] {
        for to in [">&-", "> /dev/full"] {
            let output = shell(&format!("$R {command} {to}"), &name);
            assert_eq!(status(&output), 1, "{command} {to}: {}", stderr(&output));
            assert!(!output.stderr.is_empty(), "{command} {to}");
        }
        assert_eq!(status(&shell(&format!("$R {command} > /dev/null"), &name)), 0, "{command}");
    }
    let put = shell("$R put $Q <&-", &name);
    assert_eq!(status(&put), 1);
    assert!(stderr(&put).contains("standard input is closed"), "{}", stderr(&put));
}

#[test]
fn it_waits_for_room_in_a_pipe_that_does_not_block() {
    let name = Name::new("nonblocking");
    let queue = Queue::<[u8]>::options().max_message(1 << 17).create(&*name.0).unwrap();
    for number in 0..400_u32 {
        // Lines of all lengths, some longer than the pipe.
        let length = if number % 100 == 0 { 1 << 17 } else { number as usize };
        queue.put(vec![b'x'; length]).unwrap();
    }
    queue.shutdown().unwrap();
    let (mut reader, writer) = std::io::pipe().unwrap();
    let flags = rustix::fs::fcntl_getfl(&writer).unwrap();
    rustix::fs::fcntl_setfl(&writer, flags | rustix::fs::OFlags::NONBLOCK).unwrap();
    let mut get = Running(ringway(&["get", &name.0]).stdout(writer).spawn().unwrap());
    let mut text = String::new();
    let mut part = [0; 4096];
    while let count @ 1.. = reader.read(&mut part).unwrap() {
        text.push_str(std::str::from_utf8(&part[..count]).unwrap());
        std::thread::yield_now();
    }
    assert_eq!(get.0.wait().unwrap().code(), Some(0));
    let lengths: Vec<usize> = text.lines().map(str::len).collect();
    let wanted = (0..400).map(|number| if number % 100 == 0 { 1 << 17 } else { number });
    assert_eq!(lengths, wanted.collect::<Vec<_>>());
}

#[test]
fn nothing_more_has_a_status_of_its_own() {
    let name = Name::new("nothing-more");
    run_with(&["put", &name.0, "--create"], &lines(3));
    run(&["shutdown", &name.0]);
    let get = run(&["get", &name.0, "--count", "2"]);
    assert_eq!((status(&get), stdout(&get).as_str()), (0, "1\n2\n"));
    let get = run(&["get", &name.0, "--count", "2"]);
    assert_eq!((status(&get), stdout(&get).as_str()), (5, "3\n"));
    assert!(stderr(&get).contains("is drained: 1 of 2"), "{}", stderr(&get));
    assert_eq!(status(&run(&["get", &name.0, "--count", "1"])), 5);
    assert_eq!(status(&run(&["get", &name.0])), 0, "to drain it is what was asked for");
    // A loop of the shell ends.
    run(&["rm", &name.0]);
    run_with(&["put", &name.0, "--create"], &lines(3));
    run(&["shutdown", &name.0]);
    let looped = shell("while $R get $Q --count 1; do :; done", &name);
    assert_eq!(stdout(&looped), "1\n2\n3\n");
}

/// Two workers of 10 ms a job: neither gets what the other could do.
#[test]
fn two_readers_share_the_work() {
    for option in ["--prefetch 1", "--prefetch 8", ""] {
        let name = Name::new("share");
        run_with(&["put", &name.0, "--create"], &lines(400));
        run(&["shutdown", &name.0]);
        let worker = "n=0; while read -r job; do sleep 0.01; n=$((n + 1)); done; echo $n";
        let script = format!(
            "$R get $Q {option} | {{ {worker}; }} & $R get $Q {option} | {{ {worker}; }}; wait"
        );
        let output = shell(&script, &name);
        let done: Vec<u32> = stdout(&output).lines().map(|line| line.parse().unwrap()).collect();
        assert_eq!(done.iter().sum::<u32>(), 400, "{}", stderr(&output));
        // Usually 150 to 250 each; one may begin late where the machine is busy.
        assert!(done.iter().all(|&done| done >= 40), "{option}: {done:?}");
    }
}

/// A reader that does not read finds no more than N lines when it begins.
#[test]
fn prefetch_bounds_what_lies_unread() {
    let name = Name::new("prefetch");
    run_with(&["put", &name.0, "--create"], &lines(1000));
    for (prefetch, so_far) in [(1, 0), (7, 1)] {
        let before = left(&name);
        let mut get = Running(
            ringway(&["get", &name.0, "--prefetch", &prefetch.to_string()])
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap(),
        );
        let output = File::from(std::os::fd::OwnedFd::from(get.0.stdout.take().unwrap()));
        while before - left(&name) < prefetch {
            std::thread::yield_now();
        }
        // It has looked at the pipe again and again by the time that a line was read and replaced.
        let mut reader = BufReader::with_capacity(1, &output);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert_eq!(line, format!("{}\n", so_far + 1 + if so_far == 0 { 0 } else { 1 }));
        while before - left(&name) < prefetch + 1 {
            std::thread::yield_now();
        }
        assert_eq!(before - left(&name), prefetch + 1);
        let unread = rustix::io::ioctl_fionread(&output).unwrap();
        assert!(unread >= prefetch && unread <= 5 * prefetch, "{unread} bytes");
        drop(get);
    }
}

#[test]
fn the_number_told_is_what_is_lost_in_the_pipe() {
    let name = Name::new("told");
    run_with(&["put", &name.0, "--create"], &lines(100));
    let mut get = Running(
        ringway(&["get", &name.0, "--prefetch", "10"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut output = get.0.stdout.take().unwrap();
    while left(&name) > 90 {
        std::thread::yield_now();
    }
    let mut read = [0; 6];
    output.read_exact(&mut read).unwrap(); // three lines
    while left(&name) > 87 {
        std::thread::yield_now();
    }
    drop(output);
    assert_eq!(get.0.wait().unwrap().code(), Some(1));
    let mut told = String::new();
    get.0.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert!(told.contains("10 messages that it has not read from the pipe are lost"), "{told}");
    assert_eq!(left(&name), 87);
}

/// Every way to stop a `get` in the middle: what came out and what is left are all, each once.
#[test]
fn what_is_not_written_goes_back() {
    for signal in ["-INT", "-TERM", "-HUP", "-QUIT", "-USR1", "-USR2", "-ALRM", "-XCPU"] {
        let name = Name::new("back");
        let messages = lines(50_000);
        run_with(&["put", &name.0, "--create"], &messages);
        let mut get = Running(ringway(&["get", &name.0]).stdout(Stdio::piped()).spawn().unwrap());
        let mut output = get.0.stdout.take().unwrap();
        let mut came = vec![0; 100_000];
        output.read_exact(&mut came).unwrap(); // it takes large batches by now
        while rustix::io::ioctl_fionread(&output).unwrap() < 60_000 {
            std::thread::yield_now();
        }
        support::signal(&get, signal);
        let number = get.0.wait().unwrap().code().unwrap() - 128;
        assert!((1..32).contains(&number), "{signal}: {number}");
        output.read_to_end(&mut came).unwrap();
        came.truncate(came.iter().rposition(|byte| *byte == b'\n').unwrap() + 1); // a torn line
        run(&["shutdown", &name.0]);
        came.extend(run(&["get", &name.0]).stdout);
        assert!(came == messages, "{signal}: {} bytes of {}", came.len(), messages.len());
    }
}

#[test]
fn what_does_not_fit_on_the_disk_goes_back() {
    let name = Name::new("disk");
    run_with(&["put", &name.0, "--create"], &lines(3000));
    // A file that may not grow beyond 8 KiB, and then a disk that is full from the start.
    let folder = support::Folder::new();
    let file = folder.0.join("out");
    let get = shell(&format!("ulimit -f 8; $R get $Q > '{}'", file.display()), &name);
    assert_ne!(status(&get), 0);
    assert!(stderr(&get).contains("went back into queue"), "{}", stderr(&get));
    let mut came = std::fs::read(&file).unwrap();
    came.truncate(came.iter().rposition(|byte| *byte == b'\n').unwrap() + 1);
    let before = left(&name);
    let full = shell("$R get $Q > /dev/full", &name);
    assert_eq!((status(&full), left(&name)), (1, before));
    assert!(stderr(&full).contains("No space left"), "{}", stderr(&full));
    run(&["shutdown", &name.0]);
    came.extend(run(&["get", &name.0]).stdout);
    assert!(came == lines(3000), "{} bytes", came.len());
}

/// A queue that takes nothing back loses one message at most, and that is told.
#[test]
fn of_a_queue_that_takes_nothing_back_one_is_lost_and_told() {
    let name = Name::new("plain");
    let queue = Queue::<[u8]>::create(&name.0, 100).unwrap();
    for number in 0..100_u32 {
        queue.put(number.to_string()).unwrap();
    }
    let full = shell("$R get $Q > /dev/full", &name);
    assert_eq!((status(&full), left(&name)), (1, 99));
    let told = format!("1 message taken from queue '{}' could not be written, and is lost", name.0);
    assert!(stderr(&full).contains(&told), "{}", stderr(&full));
}

/// `head` reads ahead, and the rest of what was taken is in the queue.
#[test]
fn a_reader_that_leaves_takes_little_with_it() {
    let name = Name::new("head");
    run_with(&["put", &name.0, "--create"], &lines(1000));
    let head = shell("$R get $Q --prefetch 5 | head -n 2", &name);
    assert_eq!(stdout(&head), "1\n2\n");
    assert!(left(&name) >= 980, "{} are left: {}", left(&name), stderr(&head));
}
