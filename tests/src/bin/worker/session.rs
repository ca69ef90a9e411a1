//! One queue, and calls to it by the line.

use std::io::{self, BufRead};

use ringway::{OpenError, Place, Queue, WaitStrategy};

/// Opens the queue, says so, and serves.
pub fn open(place: &Place, strategy: WaitStrategy) {
    serve_opened(Queue::<[u8]>::options().wait(strategy).open(place.clone()));
}

/// The same with a queue that may belong to this user.
pub fn open_trusting(place: &Place, user: u32) {
    serve_opened(Queue::<[u8]>::options().trust(user).open(place.clone()));
}

fn serve_opened(opened: Result<Queue<[u8]>, OpenError>) {
    match opened {
        Ok(queue) => {
            println!("open");
            serve(&queue);
        }
        Err(error) => println!("error: {error}"),
    }
}

/// Under a umask: says "ready", waits for a line, creates the queue, says so, and serves.
pub fn create(place: &Place, mode: u32, mask: u32) {
    // SAFETY: concerns this process only, which has one thread.
    unsafe { libc::umask(mask) };
    println!("ready");
    let _ = io::stdin().lock().read_line(&mut String::new());
    match Queue::<[u8]>::options().maxsize(8).max_message(64).mode(mode).create(place.clone()) {
        Ok(queue) => {
            println!("created");
            serve(&queue);
        }
        Err(error) => println!("error: {error}"),
    }
}

/// Each line is a call, each answer a line. What was taken and loaned is kept until "drop".
pub fn serve(queue: &Queue<[u8]>) {
    let (mut guards, mut loans) = (Vec::new(), Vec::new());
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        let (call, argument) = line.split_once(' ').unwrap_or((&line, ""));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let answer = match call {
            "put" => {
                queue.put(argument).map(|()| "put".to_owned()).map_err(|error| error.to_string())
            }
            "try_put" => queue
                .try_put(argument)
                .map(|()| "put".to_owned())
                .map_err(|error| error.to_string()),
            "get" => queue.get().map(|message| text(&message)).map_err(|error| error.to_string()),
            "hold" => queue.get().map_err(|error| error.to_string()).map(|message| {
                let answer = text(&message);
                guards.push(message);
                answer
            }),
            "loan" => {
                let bytes = argument.parse().expect("a number of bytes");
                queue.try_loan(bytes).map_err(|error| error.to_string()).map(|loan| {
                    loans.push(loan);
                    "loaned".to_owned()
                })
            }
            "drop" => {
                guards.clear();
                loans.clear();
                Ok("dropped".to_owned())
            }
            "recover" => {
                queue.reclaim().map(|done| format!("{done:?}")).map_err(|error| error.to_string())
            }
            "len" => queue.len().map(|len| len.to_string()).map_err(|error| error.to_string()),
            _ => Err("unknown call".to_owned()),
        };
        println!("{}", answer.unwrap_or_else(|error| format!("error: {error}")));
    }
}
