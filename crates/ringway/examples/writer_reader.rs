//! One process writes to a queue, another reads from it.
//!
//! `cargo run --release -p ringway --example writer_reader`

use std::error::Error;
use std::thread::sleep;
use std::time::Duration;

use ringway::{Outcome, Process, Queue};

fn write(queue: Queue<String>) -> Outcome {
    for value in ["a", "b", "c", "d"] {
        println!("put {value} to queue");
        queue.put(value)?;
        sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn read(queue: Queue<String>) -> Outcome {
    loop {
        println!("get {} from queue", &*queue.get()?);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    ringway::init();
    let queue = Queue::unnamed(16)?;
    let writer = Process::spawn(queue.clone(), write)?;
    let reader = Process::builder().daemon(true).spawn(queue.clone(), read)?;
    writer.join()??;
    while !queue.is_empty()? {
        sleep(Duration::from_millis(1));
    }
    sleep(Duration::from_millis(50)); // for the last line
    reader.terminate()?; // it would read for ever
    reader.wait();
    Ok(())
}
