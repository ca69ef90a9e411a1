//! Ten processes put into a queue of three places, ten get, and print under a lock.
//!
//! `cargo run --release -p ringway --example bounded`

use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use ringway::process::current_process;
use ringway::{Lock, Outcome, Queue, scope};

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

fn put(queue: Queue<String>) -> Outcome {
    let pid = current_process().pid();
    queue.put(format!("process {pid} : time: {:.3}", now()))?; // waits for a place
    Ok(())
}

fn get((queue, printing): (Queue<String>, Lock)) -> Outcome {
    let message = queue.get_value()?;
    let _held = printing.acquire()?; // lines are never mixed
    println!("{}(get):{message}", current_process().pid());
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    ringway::init();
    let (queue, printing) = (Queue::<String>::unnamed(3)?, Lock::unnamed()?);

    for number in 0..3 {
        queue.put_nowait(format!("before: {number}"))?;
    }
    let full = queue.put_nowait("one more").unwrap_err();
    println!("{full}");
    assert!(full.is_full());

    queue.try_iter().for_each(drop);
    scope(|scope| {
        for _ in 0..10 {
            scope.spawn(queue.clone(), put)?;
        }
        for _ in 0..10 {
            scope.spawn((queue.clone(), printing.clone()), get)?;
        }
        Ok(())
    })?;
    Ok(())
}
