//! What must be true of a queue in the end, whichever participants died in it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use ringway_core::owner::Owner;
use ringway_core::ring::ClaimEnd;
use ringway_core::store::NoBlock;

use super::heap::{Memory, Queue};
use super::party::{Party, Refused};

/// Values carry their producer, and count up for each.
pub const PER_PRODUCER: u64 = 1000;

/// Recovers the dead and looks at everything: each acknowledged message was delivered (or was in
/// the hands of a dead getter) exactly once and in order, none is strange, those `in_flight` are in
/// or out, every block is in its place exactly once, and the capacity is what it was. All living
/// participants must have left.
pub fn audit<W: Memory>(queue: &Arc<Queue<W>>, dead: &[Owner], in_flight: &[u64], closed: bool) {
    let auditor = Party::new(queue, 100, 1).keeping(0);
    for &owner in dead {
        auditor.recover(owner);
    }
    let maxsize = queue.messages().shape().limit();
    let (new, returned) = (auditor.len(), auditor.returned_len());
    let mut left = 0;
    let end = loop {
        match auditor.get() {
            Ok(_) => left += 1,
            Err(end) => break end,
        }
    };
    assert_eq!(end, if closed { ClaimEnd::Closed } else { ClaimEnd::Empty });
    assert_eq!(left, new + returned, "len is what can be taken");
    assert!(new <= maxsize, "never more than maxsize");
    messages(queue, in_flight);
    if !closed {
        for _ in 0..2 {
            capacity(&auditor, maxsize);
        }
    }
    blocks(&auditor);
}

fn messages<W: Memory>(queue: &Queue<W>, in_flight: &[u64]) {
    let delivered = queue.delivered.lock().unwrap().clone();
    let lost = queue.lost.lock().unwrap().clone();
    // Their getter died while it gave them back: it was done with them, or they were lost.
    let mut closing = queue.closing.lock().unwrap().clone();
    closing.retain(|value| !lost.contains(value));
    let acknowledged: HashSet<u64> = queue.acknowledged.lock().unwrap().iter().copied().collect();
    let mut seen = HashSet::new();
    for &value in delivered.iter().chain(&lost).chain(&closing) {
        assert!(seen.insert(value), "{value} was delivered twice");
        assert!(
            acknowledged.contains(&value) || in_flight.contains(&value),
            "{value} was never put"
        );
    }
    for value in &acknowledged {
        assert!(seen.contains(value), "{value} was lost");
    }
}

fn capacity<W: Memory>(auditor: &Party<W>, maxsize: u64) {
    for value in 0..maxsize {
        assert_eq!(auditor.put(value), Ok(()), "place {value} of {maxsize}");
    }
    assert_eq!(auditor.put(maxsize), Err(Refused::Full));
    assert_eq!(auditor.len(), maxsize);
    for value in 0..maxsize {
        let (values, _, blocks) = auditor.receive(1);
        assert_eq!(values, [value]);
        blocks.into_iter().for_each(|owned| auditor.give_back(owned));
    }
    auditor.leave();
}

/// Every block is free again, once.
pub fn blocks<W: Memory>(auditor: &Party<W>) {
    let mut found = HashSet::new();
    let mut owned = Vec::new();
    let end = loop {
        match auditor.take() {
            Ok(one) => {
                assert!(found.insert(one.block()), "{one:?} is free twice");
                owned.push(one);
            }
            Err(end) => break end,
        }
    };
    assert_eq!(end, NoBlock::AllHeld);
    assert_eq!(found.len(), auditor.queue.blocks().count(), "a block is missing");
    owned.into_iter().for_each(|one| auditor.give_back(one));
}

/// The messages of each producer came in the order of its puts. For one getter, or when the log is
/// in the order of gets.
pub fn in_order<W: Memory>(queue: &Queue<W>) {
    let delivered = queue.delivered.lock().unwrap();
    let mut last = HashMap::new();
    for &value in delivered.iter() {
        let before = last.insert(value / PER_PRODUCER, value);
        assert!(before.is_none_or(|before| before < value), "{value} after {before:?}");
    }
}
