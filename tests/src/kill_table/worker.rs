//! The producers and consumers of the contestants in Rust, and the process that starts them.
//! `host.py` is the same for those in Python.

use std::error::Error;
use std::io::{self, Read};
use std::path::Path;
use std::process::Command;

use ringway::Queue;
use ringway_child::Child;

use super::board::{Board, MOST, PAIR, message};
use super::contestants::MAXSIZE;
use super::vyukov::Vyukov;

/// Starts the workers, tells their process ids, and ends them when nobody listens any more.
///
/// # Errors
/// When the queue or a worker cannot be made.
pub fn host(contestant: &str, folder: &Path, name: &str) -> Result<(), Box<dyn Error>> {
    match contestant {
        "ringway" => drop(Queue::<[u8]>::options().maxsize(MAXSIZE).max_message(64).create(name)?),
        _ => Vyukov::open(&folder.join("queue"), MAXSIZE)?.initialise(),
    }
    let mut workers = Vec::new();
    for number in 0..2 * PAIR {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["work", contestant]).arg(folder).args([name, &number.to_string()]);
        workers.push(Child::from(command.spawn()?));
    }
    let pids: Vec<String> = workers.iter().map(|worker| worker.pid().to_string()).collect();
    println!("{}", pids.join(" "));
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(()) // which ends the workers
}

/// One worker.
///
/// # Errors
/// When the queue cannot be used.
pub fn work(
    contestant: &str,
    folder: &Path,
    name: &str,
    worker: usize,
) -> Result<(), Box<dyn Error>> {
    let board = Board::open(&folder.join("board"))?;
    if contestant == "ringway" {
        let queue = Queue::<[u8]>::open(name)?;
        return match worker.checked_sub(PAIR) {
            None => produce(&board, worker, |message| Ok(queue.put(message.as_flattened())?)),
            Some(consumer) => consume(&board, consumer, || Ok(first_word(&queue.get()?))),
        };
    }
    let queue = Vyukov::open(&folder.join("queue"), MAXSIZE)?;
    match worker.checked_sub(PAIR) {
        None => produce(&board, worker, |message| {
            queue.put(&message.map(u64::from_le_bytes));
            Ok(())
        }),
        Some(consumer) => consume(&board, consumer, || Ok(queue.get()[0])),
    }
}

type Step<R> = Result<R, Box<dyn Error>>;

fn produce(board: &Board, producer: usize, put: impl Fn(&[[u8; 8]; 8]) -> Step<()>) -> Step<()> {
    board.begin(producer);
    for number in 0..MOST {
        if board.is_stopped() {
            break;
        }
        put(&[message(producer, number).to_le_bytes(); 8])?;
        board.put(producer, number + 1);
    }
    board.done(producer);
    Ok(())
}

fn consume(board: &Board, consumer: usize, get: impl Fn() -> Step<u64>) -> Step<()> {
    board.begin(PAIR + consumer);
    for count in 0.. {
        let message = get()?;
        board.got(consumer, count, message);
    }
    Ok(())
}

fn first_word(message: &[u8]) -> u64 {
    message.first_chunk().map_or(u64::MAX, |word| u64::from_le_bytes(*word))
}
