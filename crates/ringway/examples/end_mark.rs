//! A consumer that stops at a mark, which is a message like others.
//!
//! `cargo run --release -p ringway --example end_mark`

use std::error::Error;

use ringway::{Outcome, Process, Queue};

fn produce(queue: Queue<Option<String>>) -> Outcome {
    for number in 0..5 {
        println!("Produced Item {number}");
        queue.put(Some(format!("Item {number}")))?;
    }
    queue.put(None)?;
    Ok(())
}

fn consume(queue: Queue<Option<String>>) -> Outcome {
    while let Some(item) = queue.get()?.as_ref() {
        println!("Consumed {item}");
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    ringway::init();
    let queue = Queue::unnamed(2)?;
    let producer = Process::spawn(queue.clone(), produce)?;
    let consumer = Process::spawn(queue, consume)?;
    producer.join()??;
    consumer.join()??;
    Ok(())
}
