//! Ten processes print under a lock, so that their lines are never mixed.
//!
//! `cargo run --release -p ringway --example printing_lock`

use std::error::Error;
use std::io::Write;

use ringway::{Lock, Outcome, scope};

fn hello((printing, number): (Lock, u32)) -> Outcome {
    let _held = printing.acquire()?;
    let mut output = std::io::stdout();
    for word in ["hello", " world", &format!(" {number}"), "\n"] {
        output.write_all(word.as_bytes())?; // in pieces, and yet in one piece
        output.flush()?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    ringway::init();
    let printing = Lock::unnamed()?;
    scope(|scope| {
        for number in 0..10 {
            scope.spawn((printing.clone(), number), hello)?;
        }
        Ok(())
    })?;
    Ok(())
}
