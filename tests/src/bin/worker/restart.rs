//! A process that becomes another program: its own again, as in a graceful restart, or a strange
//! one.

use std::os::unix::process::CommandExt;
use std::process::Command;

use ringway::{Place, Queue};

use crate::session;

/// Takes a message and starts itself again with it in hand, so often; then serves.
pub fn restart(place: &str, left: u64) {
    match Queue::<[u8]>::options().open(crate::place_of(place)) {
        Ok(queue) if left == 0 => {
            println!("open");
            session::serve(&queue);
        }
        Ok(queue) => {
            let _message = queue.get().expect("a message");
            let mut next = Command::new("/proc/self/exe");
            panic!("{}", next.args(["restart", place, &(left - 1).to_string()]).exec());
        }
        Err(error) => println!("error: {error}; {left} restarts to go"),
    }
}

/// Takes a message, and becomes another program with it in hand at the next line.
pub fn become_another_later(place: &Place) {
    let queue = Queue::<[u8]>::options().open(place.clone()).expect("open");
    let _message = queue.get().expect("a message");
    println!("held");
    let _ = std::io::stdin().read_line(&mut String::new());
    panic!("{}", Command::new("cat").exec());
}
