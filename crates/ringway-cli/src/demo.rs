//! `ringway demo`: producers and consumers in processes of their own, one of which is killed on the way.

mod ledger;
mod screen;

use std::collections::HashMap;
use std::io::BufRead;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use clap::Args;
use ringway::{GetError, Queue};

use crate::outcome::{Done, Failure, failed};
use crate::terms::not_put;
use crate::worker::{Process, ready, say};
use ledger::{Ledger, Message};
use screen::Screen;

const PRODUCERS: u32 = 3;
const CONSUMERS: u32 = 2;
const MESSAGES: u64 = 300;
const MAXSIZE: u64 = 8;
/// The producer that is killed, and when.
const VICTIM: u32 = 1;
const KILLED_AFTER: u64 = MESSAGES / 2;

/// What a message of the demo is: the producer, its life, and the number of the message.
type Jobs = Queue<(u32, u32, u64)>;

/// Shows producers and consumers at work, and one of them killed
///
/// Three processes put, two get, over a queue of eight places. In the middle one producer gets a SIGKILL, and another goes
/// on in its place. Ends with 0 if every message that was put arrived, once and in order.
///
/// Example: ringway demo
#[derive(Args)]
pub(crate) struct Demo {}

/// What the workers say.
enum Event {
    Put(Message),
    Got { consumer: u32, message: Message },
    ProducerEnded { producer: u32, life: u32 },
    ConsumerEnded,
}

impl Demo {
    pub(crate) fn run(self) -> Done {
        let name = format!("demo-{}", std::process::id());
        let queue = Jobs::create(&name, MAXSIZE).map_err(failed)?;
        let told = play(&queue, &name);
        queue.remove();
        told
    }
}

fn play(queue: &Jobs, name: &str) -> Done {
    let screen = Screen::new(PRODUCERS, CONSUMERS, MESSAGES);
    screen.tell(&format!(
        "queue '{name}': {MAXSIZE} places; {PRODUCERS} producers put {MESSAGES} messages each, {CONSUMERS} consumers get"
    ));
    let (sender, events) = mpsc::channel();
    let mut consumers = Vec::new();
    for consumer in 0..CONSUMERS {
        consumers.push(start_consumer(name, consumer, &sender)?);
    }
    let mut producers = HashMap::new();
    for producer in 0..PRODUCERS {
        producers.insert(producer, start_producer(name, producer, 0, 0, &sender)?);
    }
    let mut ledger = Ledger::default();
    let mut living = PRODUCERS;
    let mut listening = CONSUMERS;
    while listening != 0 {
        match events.recv().map_err(failed)? {
            Event::Put(message) => {
                ledger.put(message);
                screen.put(message.producer);
                if (message.producer, message.life, message.number) == (VICTIM, 0, KILLED_AFTER)
                    && let Some(victim) = producers.get_mut(&VICTIM)
                {
                    screen.tell(&format!("producer {VICTIM} (pid {}) gets a SIGKILL", victim.pid()));
                    victim.kill();
                }
            }
            Event::Got { consumer, message } => {
                ledger.got(consumer, message);
                screen.got(consumer);
            }
            Event::ProducerEnded { producer, life: 0 } if producer == VICTIM => {
                let next = ledger.next_of(producer);
                let heir = start_producer(name, producer, 1, next, &sender)?;
                screen.tell(&format!("another (pid {}) goes on in its place with message {next}", heir.pid()));
                producers.insert(producer, heir);
            }
            Event::ProducerEnded { producer, .. } => {
                producers.remove(&producer).map_or(Ok(()), Process::end)?;
                living -= 1;
                if living == 0 {
                    screen.tell("all producers are done: the queue is shut down, consumers take what is left");
                    queue.shutdown(false).map_err(failed)?;
                }
            }
            Event::ConsumerEnded => listening -= 1,
        }
    }
    for consumer in consumers {
        consumer.end()?;
    }
    let snapshot = queue.snapshot().map_err(failed)?;
    screen.finish();
    let told = ledger.check(PRODUCERS, MESSAGES).map_err(Failure::Failed)?;
    screen.tell(&format!("{told}; {} dead participant was recovered", snapshot.recovered));
    Ok(())
}

fn start_consumer(name: &str, consumer: u32, events: &Sender<Event>) -> Result<Process, Failure> {
    let mut process = Process::start(&["demo-get".to_owned(), name.to_owned()])?;
    listen(
        &mut process,
        events,
        move |line| Some(Event::Got { consumer, message: Message::parse(line)? }),
        || Event::ConsumerEnded,
    );
    process.go()?;
    Ok(process)
}

fn start_producer(
    name: &str,
    producer: u32,
    life: u32,
    first: u64,
    events: &Sender<Event>,
) -> Result<Process, Failure> {
    let numbers = [producer.to_string(), life.to_string(), first.to_string()];
    let job: Vec<String> = ["demo-put".to_owned(), name.to_owned()].into_iter().chain(numbers).collect();
    let mut process = Process::start(&job)?;
    listen(
        &mut process,
        events,
        |line| Message::parse(line).map(Event::Put),
        move || Event::ProducerEnded { producer, life },
    );
    process.go()?;
    Ok(process)
}

/// Passes on what a worker says, and that it has ended.
fn listen(
    process: &mut Process,
    events: &Sender<Event>,
    understand: impl Fn(&str) -> Option<Event> + Send + 'static,
    end: impl FnOnce() -> Event + Send + 'static,
) {
    let Some(mut output) = process.take_output() else { return };
    let events = events.clone();
    thread::spawn(move || {
        // A killed worker may leave half a line: without its line feed it was not said.
        let mut line = String::new();
        while output.read_line(&mut line).is_ok_and(|read| read != 0) {
            if let Some(event) = line.strip_suffix('\n').and_then(&understand) {
                let _ = events.send(event);
            }
            line.clear();
        }
        let _ = events.send(end());
    });
}

/// A producer: says each message that it has put.
#[derive(Args)]
pub(crate) struct PutJob {
    name: String,
    producer: u32,
    life: u32,
    first: u64,
}

impl PutJob {
    pub(crate) fn run(self) -> Done {
        let queue = Jobs::open(&self.name).map_err(failed)?;
        ready()?;
        for number in self.first..MESSAGES {
            queue.put((self.producer, self.life, number)).map_err(not_put)?;
            say(Message { producer: self.producer, life: self.life, number })?;
            thread::sleep(Duration::from_millis(7));
        }
        Ok(())
    }
}

/// A consumer: says each message that it has got.
#[derive(Args)]
pub(crate) struct GetJob {
    name: String,
}

impl GetJob {
    pub(crate) fn run(self) -> Done {
        let queue = Jobs::open(&self.name).map_err(failed)?;
        ready()?;
        loop {
            match queue.get() {
                Ok(job) => {
                    let (producer, life, number) = (job.0.to_native(), job.1.to_native(), job.2.to_native());
                    say(Message { producer, life, number })?;
                    thread::sleep(Duration::from_millis(4));
                }
                Err(GetError::ShutDown { .. }) => return Ok(()),
                Err(error) => return Err(failed(error)),
            }
        }
    }
}
