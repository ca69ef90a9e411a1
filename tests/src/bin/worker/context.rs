//! Contexts, used by processes that are killed.

use std::io;

use ringway::{Context, Lock, Queue};
use ringway_tests::random::Random;

/// Takes a message of the queue "jobs" and the lock "print", says so, and keeps both until a line
/// comes.
pub fn holds_both(context: &str) {
    let context = Context::open(context).expect("the context");
    let jobs = Queue::<[u8]>::open_in(&context, "jobs").expect("the queue");
    let print = Lock::open_in(&context, "print").expect("the lock");
    let _message = jobs.get().expect("a message");
    let _loan = jobs.loan(8).expect("a loan");
    let _guard = print.acquire().expect("the lock");
    println!("holds both");
    let _ = io::stdin().read_line(&mut String::new());
}

/// Forks, and says what the child found.
pub fn fork(context: &str) {
    let context = Context::open(context).expect("the context");
    // SAFETY: this process has one thread, and the child does nothing but calls of this context and
    // `_exit`.
    let child = unsafe { libc::fork() };
    if child == 0 {
        crate::end_with_parent();
        let status = first_call_that_went_through(&context);
        drop(context);
        // SAFETY: ends the process at once.
        unsafe { libc::_exit(status) };
    }
    let mut status = -1;
    // SAFETY: waits for our own child and writes to a local.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    println!("the child answers {}", libc::WEXITSTATUS(status));
    let print = Lock::create_in(&context, "print").expect("the parent goes on");
    print.remove().expect("its name goes");
    let _ = Queue::<[u8]>::open_in(&context, "jobs").expect("the queue");
}

/// 0 when every call answers that the process was forked, else the number of the first that does
/// not.
fn first_call_that_went_through(context: &Context) -> i32 {
    fn refuses<R, E: ToString>(result: Result<R, E>) -> bool {
        result.is_err_and(|error| error.to_string().contains("forked"))
    }
    let calls = [
        refuses(Lock::create_in(context, "print")),
        refuses(Lock::open_in(context, "print")),
        refuses(Lock::open_or_create_in(context, "print")),
        refuses(Queue::<[u8]>::create_in(context, "other", 4)),
        refuses(Queue::<[u8]>::open_in(context, "jobs")),
        refuses(Queue::<[u8]>::options().open_or_create_in(context, "jobs")),
        refuses(context.remove()),
        refuses(context.inheritable_fd()),
    ];
    calls.iter().position(|refused| !refused).map_or(0, |call| call as i32 + 1)
}

/// Opens a queue of a context, says so, and has it open until a line comes.
pub fn uses(context: &str, queue: &str) {
    let context = Context::open(context).expect("the context");
    let queue = Queue::<[u8]>::open_in(&context, queue).expect("the queue");
    drop(context);
    queue.put("used").expect("a place");
    println!("open");
    let _ = io::stdin().read_line(&mut String::new());
}

/// Makes objects, uses them and removes them, until it is killed. Says when it begins.
pub fn rearrange(context: &str, seed: u64) {
    let mut random = Random(seed);
    let context = Context::open(context).expect("the context");
    println!("begins");
    loop {
        let name = ["a", "b", "c"][random.below(3) as usize];
        if random.below(2) == 0 {
            let queue = Queue::<[u8]>::options().maxsize(2).max_message(64);
            let queue = queue.open_or_create_in(&context, name);
            let Ok(queue) = queue else { continue }; // the name of a lock, just now
            let _ = queue.try_put("one");
            let _message = queue.try_get();
            queue.remove().expect("its name goes");
        } else {
            let Ok(lock) = Lock::open_or_create_in(&context, name) else { continue };
            let _guard = lock.try_acquire();
            lock.remove().expect("its name goes");
        }
    }
}
