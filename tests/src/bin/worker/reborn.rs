//! A process number that is used again.

use std::fs;
use std::thread;
use std::time::Duration;

use ringway_tests::Worker;

/// More than the tick in which the kernel tells the start of a process.
const TICKS: Duration = Duration::from_millis(50);

/// In a PID namespace of its own, where the next number can be chosen: starts a worker, has it take
/// a message, kills it, and starts another under the same number. Then passes on lines to that one.
/// Says which number each had.
pub fn reborn(place: &str) {
    let program = std::env::current_exe().expect("the path of this program");
    let start = || Worker::spawn(&program.to_string_lossy(), &["open", place]);
    let mut first = start();
    assert_eq!(first.hear(), "open");
    assert_eq!(first.ask("hold"), "lost");
    let number = first.pid();
    first.kill();
    thread::sleep(TICKS);
    if let Err(error) = fs::write("/proc/sys/kernel/ns_last_pid", (number - 1).to_string()) {
        println!("SKIPPED: the next number cannot be chosen here: {error}");
        return;
    }
    let mut second = start();
    println!("{number} {}", second.pid());
    println!("{}", second.hear());
    for line in std::io::stdin().lines().map_while(Result::ok) {
        println!("{}", second.ask(&line));
    }
}
