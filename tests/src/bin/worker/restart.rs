//! A process that becomes its own program again, as in a graceful restart.

use std::os::unix::process::CommandExt;
use std::process::Command;

use ringway::Queue;

use crate::session;

/// Takes a message and starts itself again with it in hand, so often; then serves.
pub fn restart(place: &str, left: u64) {
    match Queue::<[u8]>::options().open(crate::place_of(place)) {
        Ok(queue) if left == 0 => {
            println!("open");
            session::serve(&queue);
        }
        Ok(queue) => {
            let _message = queue.get_bytes().expect("a message");
            let mut next = Command::new("/proc/self/exe");
            panic!("{}", next.args(["restart", place, &(left - 1).to_string()]).exec());
        }
        Err(error) => println!("error: {error}; {left} restarts to go"),
    }
}
