//! One process finds links in pages, another follows them, until a message says to stop.
//!
//! `cargo run --release -p ringway --example crawler [FILE...]`, by default with two pages that lie
//! beside this file.

use std::error::Error;
use std::fs;

use ringway::{Message, Outcome, Queue, scope};

#[derive(Message)]
enum Found {
    Links(Vec<String>),
    Stop,
}

/// The targets of all links in a page.
fn links(page: &str) -> Vec<String> {
    let targets = page.split("href=\"").skip(1);
    targets.filter_map(|rest| rest.split_once('"')).map(|(link, _)| link.to_owned()).collect()
}

fn fetch((queue, pages): (Queue<Found>, Vec<String>)) -> Outcome {
    for page in &pages {
        queue.put(Found::Links(links(&fs::read_to_string(page)?)))?;
    }
    queue.put(Found::Stop)?;
    Ok(())
}

fn follow(queue: Queue<Found>) -> Outcome {
    loop {
        match &*queue.get()? {
            ArchivedFound::Links(links) => {
                for link in links.iter() {
                    println!("Processing link: {link}"); // read in place
                }
            }
            ArchivedFound::Stop => return Ok(()),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    ringway::init();
    let mut pages: Vec<String> = std::env::args().skip(1).collect();
    if pages.is_empty() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pages");
        pages = ["first", "second"].map(|name| format!("{folder}/{name}.html")).to_vec();
    }
    let queue = Queue::unnamed(10)?;
    scope(|scope| {
        scope.spawn((queue.clone(), pages), fetch)?;
        scope.spawn(queue, follow)?;
        Ok(())
    })?;
    Ok(())
}
