//! Queues that end or lose their name with the processes that use them.

use std::io::{self, BufRead};
use std::time::Duration;

use ringway::{Queue, QueueOptions, Role};

/// Gets the queue by `how` with the options that `words` name, and says "open", or why not. Then
/// each line is a call, and each answer a line.
pub fn live(how: &str, place: &str, words: &[&str]) {
    let options = options(words);
    let place = crate::place_of(place);
    let opened = match how {
        "create" => options.create(place).map_err(|error| error.to_string()),
        "open" => options.open(place).map_err(|error| error.to_string()),
        "open-or-create" => options.open_or_create(place).map_err(|error| error.to_string()),
        other => panic!("a queue cannot be got by {other}"),
    };
    let mut queue = match opened {
        Ok(queue) => Some(queue),
        Err(error) => return println!("{error}"),
    };
    println!("open");
    let mut lines = io::stdin().lock().lines().map_while(Result::ok);
    while let Some(line) = lines.next() {
        let (call, number) = line.split_once(' ').unwrap_or((&line, "0"));
        let number: u32 = number.parse().expect("a number");
        match (call, queue.as_ref()) {
            ("put", Some(queue)) => told(queue.put(number).map_err(|error| error.to_string())),
            ("get", Some(queue)) => {
                let got = queue.get_timeout(Duration::from_millis(number.into()));
                match got {
                    Ok(message) => println!("{}", message.to_native()),
                    Err(error) => println!("{error}"),
                }
            }
            ("close", Some(_)) => {
                queue = None;
                println!("ok");
            }
            ("panic", Some(_)) => panic!("as it was told to"),
            ("fork", Some(_)) => {
                fork(queue.take().expect("a queue"), || lines.next());
            }
            ("fork-and-stay", Some(_)) => fork_and_stay(),
            (call, _) => panic!("a queue cannot {call} now"),
        }
    }
}

fn told(result: Result<(), String>) {
    println!("{}", result.err().unwrap_or_else(|| "ok".to_owned()));
}

/// Forks; the child drops its copy of the handle and ends, as a process that returns would. Then
/// the parent waits for another line, and drops its own.
fn fork(queue: Queue<u32>, wait: impl FnOnce() -> Option<String>) {
    // SAFETY: this process has one thread, and the child does nothing but drop a handle and end.
    let child = unsafe { libc::fork() };
    if child == 0 {
        crate::end_with_parent();
        drop(queue);
        // SAFETY: ends the process at once.
        unsafe { libc::_exit(0) };
    }
    let mut status = -1;
    // SAFETY: waits for our own child and writes to a local.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    assert_eq!(status, 0, "the child ended well");
    println!("ok");
    let _ = wait();
    drop(queue);
    println!("ok");
}

/// Forks a child that keeps what it has of its parent until the test ends.
fn fork_and_stay() {
    // SAFETY: this process has one thread, and the child does nothing but read and end.
    if unsafe { libc::fork() } == 0 {
        let mut byte = 0_u8;
        // SAFETY: reads into a local, until the test closes the pipe, and ends the process at once.
        unsafe {
            while libc::read(0, (&raw mut byte).cast(), 1) > 0 {}
            libc::_exit(0);
        }
    }
    println!("ok");
}

fn options(words: &[&str]) -> QueueOptions<u32> {
    words.iter().fold(Queue::options(), |options, word| match *word {
        "small" => options.maxsize(3).max_message(64).participants(8).loans(4),
        "on-drop" => options.remove_on_drop(true),
        "with-last" => options.remove_with_last(true),
        "replace" => options.replace_stale(true),
        "ends" => options.shut_down_with_last_putter(true),
        "putter" => options.role(Role::Putter),
        "getter" => options.role(Role::Getter),
        other => panic!("no option is called {other}"),
    })
}
