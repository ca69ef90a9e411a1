//! `ringway demo`: producers and consumers in processes of their own, one of which is killed on the
//! way.

mod ledger;
mod screen;

use std::thread;
use std::time::Duration;

use clap::Args;
use ringway::{GetError, GetErrorKind, Queue};

use crate::crew::Crew;
use crate::outcome::{Done, Failure, failed, not_put};
use crate::worker::{ready, say};
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
/// Three processes put, two get, over a queue of eight places. In the middle one producer gets a
/// SIGKILL, and another goes on in its place. Ends with 0 if every message that was put arrived,
/// once and in order.
///
/// Example: ringway demo
#[derive(Args)]
pub(crate) struct Demo {}

/// What a worker is, by its number in the crew.
#[derive(Clone, Copy)]
enum Role {
    Producer { producer: u32, life: u32 },
    Consumer(u32),
}

impl Demo {
    pub(crate) fn run(self) -> Done {
        let name = format!("demo-{}", std::process::id());
        let queue = Jobs::create(&name, MAXSIZE).map_err(failed)?;
        let told = play(&queue, &name);
        let removed = queue.remove().map(drop).map_err(failed);
        told.and(removed)
    }
}

fn play(queue: &Jobs, name: &str) -> Done {
    let screen = Screen::new(PRODUCERS, CONSUMERS, MESSAGES);
    screen.tell(&format!(
        "queue '{name}': {MAXSIZE} places; {PRODUCERS} producers put {MESSAGES} messages each, {CONSUMERS} consumers get"
    ))?;
    let mut crew = Crew::new();
    let mut roles = Vec::new();
    for consumer in 0..CONSUMERS {
        roles.push(start_consumer(&mut crew, name, consumer)?);
    }
    for producer in 0..PRODUCERS {
        roles.push(start_producer(&mut crew, name, producer, 0, 0)?);
    }
    let mut ledger = Ledger::default();
    let mut living = PRODUCERS;
    while crew.is_running() {
        let (worker, said) = crew.hear()?;
        match (roles[worker], said) {
            (Role::Producer { .. }, Some(line)) => {
                let message = heard(&line)?;
                ledger.put(message);
                screen.put(message.producer);
                if (message.producer, message.life, message.number) == (VICTIM, 0, KILLED_AFTER) {
                    screen.tell(&format!(
                        "producer {VICTIM} (pid {}) gets a SIGKILL",
                        crew.pid(worker)
                    ))?;
                    crew.kill(worker);
                }
            }
            (Role::Consumer(consumer), Some(line)) => {
                ledger.got(consumer, heard(&line)?);
                screen.got(consumer);
            }
            (Role::Producer { producer: VICTIM, life: 0 }, None) => {
                let next = ledger.next_of(VICTIM);
                roles.push(start_producer(&mut crew, name, VICTIM, 1, next)?);
                let pid = crew.pid(roles.len() - 1);
                screen.tell(&format!(
                    "another (pid {pid}) goes on in its place with message {next}"
                ))?;
            }
            (Role::Producer { .. }, None) => {
                crew.end(worker)?;
                living -= 1;
                if living == 0 {
                    screen.tell("all producers are done: the queue is shut down, consumers take what is left")?;
                    queue.shutdown().map_err(failed)?;
                }
            }
            (Role::Consumer(_), None) => crew.end(worker)?,
        }
    }
    let snapshot = queue.snapshot().map_err(failed)?;
    screen.finish();
    let told = ledger.check(PRODUCERS, MESSAGES).map_err(Failure::Failed)?;
    screen.tell(&format!("{told}; dead participants that were recovered: {}", snapshot.recovered))
}

fn heard(line: &str) -> Result<Message, Failure> {
    Message::parse(line)
        .ok_or_else(|| Failure::Failed(format!("a worker said {line:?}, which is no message")))
}

fn start_consumer(crew: &mut Crew, name: &str, consumer: u32) -> Result<Role, Failure> {
    let worker =
        crew.start(&format!("consumer {consumer}"), &["demo-get".to_owned(), name.to_owned()])?;
    crew.go(worker)?;
    Ok(Role::Consumer(consumer))
}

fn start_producer(
    crew: &mut Crew,
    name: &str,
    producer: u32,
    life: u32,
    first: u64,
) -> Result<Role, Failure> {
    let numbers = [producer.to_string(), life.to_string(), first.to_string()];
    let job: Vec<String> =
        ["demo-put".to_owned(), name.to_owned()].into_iter().chain(numbers).collect();
    let worker = crew.start(&format!("producer {producer}"), &job)?;
    crew.go(worker)?;
    Ok(Role::Producer { producer, life })
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
                    let (producer, life, number) =
                        (job.0.to_native(), job.1.to_native(), job.2.to_native());
                    say(Message { producer, life, number })?;
                    thread::sleep(Duration::from_millis(4));
                }
                Err(GetError { kind: GetErrorKind::ShutDown, .. }) => return Ok(()),
                Err(error) => return Err(failed(error)),
            }
        }
    }
}
