//! What must be true of a queue in the end, whoever died in it.

use std::collections::HashSet;
use std::sync::Arc;

use ringway_core::packed::{Block, Owner};
use ringway_core::ring::Edge;

use super::heap::{Memory, Queue};
use super::party::{Party, Refused};

/// Values carry their producer, and count up for each.
pub const PER_PRODUCER: u64 = 1000;

/// Recovers the dead and looks at everything: each acknowledged message was delivered (or was in the hands of a dead
/// getter) exactly once and in order, none is strange, those `in_flight` are in or out, every block is in its place
/// exactly once, and the capacity is what it was. All living participants must have given back their blocks.
pub fn audit<W: Memory>(queue: &Arc<Queue<W>>, dead: &[Owner], in_flight: &[u64], closed: bool) {
    let mut auditor = Party::new(queue, 100, 1);
    auditor.keep = 0;
    for &owner in dead {
        auditor.recover(owner);
    }
    let maxsize = queue.messages.shape().limit();
    let length = auditor.len();
    let mut left = 0;
    let edge = loop {
        match auditor.get() {
            Ok(_) => left += 1,
            Err(edge) => break edge,
        }
    };
    assert_eq!(edge, if closed { Edge::Closed } else { Edge::Empty });
    assert_eq!(left, length, "len is what can be taken");
    assert!(length <= maxsize, "never more than maxsize");
    messages(queue, in_flight);
    if !closed {
        for _ in 0..2 {
            capacity(&mut auditor, maxsize);
        }
    }
    blocks(queue, &auditor);
}

fn messages<W: Memory>(queue: &Queue<W>, in_flight: &[u64]) {
    let delivered = queue.delivered.lock().unwrap().clone();
    let lost = queue.lost.lock().unwrap().clone();
    let acknowledged: HashSet<u64> = queue.acknowledged.lock().unwrap().iter().copied().collect();
    let mut seen = HashSet::new();
    for &value in delivered.iter().chain(&lost) {
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

fn capacity<W: Memory>(auditor: &mut Party<W>, maxsize: u64) {
    for value in 0..maxsize {
        assert_eq!(auditor.put(value), Ok(()), "place {value} of {maxsize}");
    }
    assert_eq!(auditor.put(maxsize), Err(Refused::Full));
    assert_eq!(auditor.len(), maxsize);
    for value in 0..maxsize {
        let (values, _, blocks) = auditor.receive(1);
        assert_eq!(values, [value]);
        auditor.hand.extend(blocks);
    }
    auditor.flush(0);
}

fn blocks<W: Memory>(queue: &Queue<W>, auditor: &Party<W>) {
    let total = queue.blocks().count();
    let mut found = vec![Block::CLOSED; total + 1];
    let (count, edge) = queue.free.claim(auditor.me, &mut found, &Default::default());
    assert_eq!(edge, Ok(Edge::Empty));
    let distinct: HashSet<Block> = found[..count].iter().copied().collect();
    assert_eq!((count, distinct.len()), (total, total), "every block is free again, once");
}

/// The messages of each producer came in the order of its puts. For one getter, or when the log is in the order of gets.
pub fn in_order<W: Memory>(queue: &Queue<W>) {
    let delivered = queue.delivered.lock().unwrap();
    let mut last = std::collections::HashMap::new();
    for &value in delivered.iter() {
        let before = last.insert(value / PER_PRODUCER, value);
        assert!(before.is_none_or(|before| before < value), "{value} after {before:?}");
    }
}
