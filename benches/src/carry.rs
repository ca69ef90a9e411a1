//! Carrying a load: senders and receivers around a link, as processes or as threads.

use std::io::{Read, Write, pipe};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use crate::children::Children;
use crate::cores::pin;
use crate::link::{Link, Load, Receiver, Sender};
use crate::page::{Page, Receipt, Shared, WORKERS, nanos};
use crate::payload::{self, END, with_words};

/// What a run took.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// From the word to begin until the last receiver had its last message.
    pub seconds: f64,
    /// Messages that arrived.
    pub messages: u64,
    /// Sum of all of them.
    pub sum: u64,
    /// Whether each receiver got the messages of each sender in order.
    pub in_order: bool,
}

/// Carries a load between processes that are forked from this one, which has no other thread.
///
/// # Errors
/// When a worker failed.
pub fn processes(link: &impl Link, load: &Load) -> Result<Outcome, String> {
    // SAFETY: made of atomics.
    let page: Shared<Page> = unsafe { Shared::zeroed() };
    let mut children = Children::default();
    let (mut gate, mut opener) = pipe().map_err(|error| error.to_string())?;
    for index in 0..load.receivers {
        children.fork(|| {
            pin(index + 1);
            receive(link.receiver(index), &page, index, load, || wait_at(&mut gate));
        })?;
    }
    for index in 0..load.senders {
        children.fork(|| {
            pin(index);
            send(link.sender(index), &page, index, load, || wait_at(&mut gate));
        })?;
    }
    while !page.ready.has(load.senders + load.receivers) {
        children.check()?;
        thread::sleep(Duration::from_micros(200));
    }
    let begin = nanos();
    opener.write_all(&vec![0; load.senders + load.receivers]).map_err(|error| error.to_string())?;
    children.wait()?;
    Ok(outcome(&page, load, begin))
}

/// Carries a load between threads.
pub fn threads(link: &impl Link, load: &Load) -> Outcome {
    // SAFETY: made of atomics.
    let page: Shared<Page> = unsafe { Shared::zeroed() };
    let gate = std::sync::Barrier::new(load.senders + load.receivers + 1);
    let begin = thread::scope(|scope| {
        let (page, gate) = (&*page, &gate);
        for index in 0..load.receivers {
            scope.spawn(move || {
                pin(index + 1);
                receive(link.receiver(index), page, index, load, || _ = gate.wait());
            });
        }
        for index in 0..load.senders {
            scope.spawn(move || {
                pin(index);
                send(link.sender(index), page, index, load, || _ = gate.wait());
            });
        }
        while !page.ready.has(load.senders + load.receivers) {
            thread::sleep(Duration::from_micros(200));
        }
        let begin = nanos(); // before they begin: they may keep us from a core
        gate.wait();
        begin
    });
    outcome(&page, load, begin)
}

fn wait_at(gate: &mut impl Read) {
    let _ = gate.read(&mut [0]); // a byte for each
}

fn send(end: impl Sender, page: &Page, index: usize, load: &Load, wait: impl FnOnce()) {
    with_words!(load.touched, send_words(end, page, index, load, wait));
}

fn send_words<const WORDS: usize>(
    mut end: impl Sender,
    page: &Page,
    index: usize,
    load: &Load,
    wait: impl FnOnce(),
) {
    page.ready.arrive();
    wait();
    for number in (index as u64..load.messages).step_by(load.senders) {
        end.send(load.size, |message| payload::write::<WORDS>(message, number));
    }
    end.flush();
    if page.finished.fetch_add(1, SeqCst) + 1 == load.senders as u64 {
        for _ in 0..load.receivers {
            end.send(load.size, |message| payload::write::<WORDS>(message, END));
            end.flush();
        }
    }
    // Of some rivals, what was sent goes with the end that sent it.
    while !page.served.has(load.receivers) {
        thread::sleep(Duration::from_micros(200));
    }
}

fn receive(end: impl Receiver, page: &Page, index: usize, load: &Load, wait: impl FnOnce()) {
    with_words!(load.touched, receive_words(end, page, index, load, wait));
}

fn receive_words<const WORDS: usize>(
    mut end: impl Receiver,
    page: &Page,
    index: usize,
    load: &Load,
    wait: impl FnOnce(),
) {
    page.ready.arrive();
    wait();
    let (mut messages, mut sum, mut disorder) = (0_u64, 0_u64, 0_u64);
    let mut next = [0_u64; WORKERS];
    loop {
        let (mut number, mut words) = (0, 0);
        // No more than this is done while a rival may hold its slot.
        end.receive(|message| {
            number = payload::number(message);
            words = payload::sum::<WORDS>(message);
        });
        if number == END {
            break;
        }
        messages += 1;
        sum = sum.wrapping_add(words);
        let next = &mut next[number as usize & (load.senders - 1)];
        disorder += u64::from(number < *next);
        *next = number;
    }
    end.pass_on(); // the ends of others
    let Receipt { messages: all, sum: total, disorder: strange, end_nanos } =
        &page.receivers[index];
    all.store(messages, SeqCst);
    total.store(sum, SeqCst);
    strange.store(disorder, SeqCst);
    end_nanos.store(nanos(), SeqCst);
    page.served.arrive();
}

fn outcome(page: &Page, load: &Load, begin: u64) -> Outcome {
    let receipts = &page.receivers[..load.receivers];
    let total = |field: fn(&Receipt) -> &AtomicU64| {
        receipts.iter().fold(0_u64, |sum, receipt| sum.wrapping_add(field(receipt).load(SeqCst)))
    };
    let end = receipts.iter().map(|receipt| receipt.end_nanos.load(SeqCst)).max().unwrap_or(begin);
    Outcome {
        seconds: end.saturating_sub(begin) as f64 / 1e9,
        messages: total(|receipt| &receipt.messages),
        sum: total(|receipt| &receipt.sum),
        in_order: total(|receipt| &receipt.disorder) == 0,
    }
}
