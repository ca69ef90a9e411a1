//! First in, first out, and never more than `maxsize`.

use ringway::Queue;

use crate::ground::Ground;

fn number(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes.try_into().expect("eight bytes"))
}

pub fn messages_come_out_in_the_order_they_went_in(ground: &Ground) {
    let made = ground.bytes(100);
    let getter = made.again();
    let mut expected = 0_u64;
    let mut next = 0_u64;
    for round in 0..50_u64 {
        for _ in 0..round * 7 % 100 {
            if made.queue.try_put(next.to_le_bytes()).is_ok() {
                next += 1;
            }
        }
        for _ in 0..round * 5 % 100 {
            let Ok(message) = getter.try_get() else { break };
            assert_eq!(number(&message), expected);
            expected += 1;
        }
    }
    while let Ok(message) = getter.try_get() {
        assert_eq!(number(&message), expected);
        expected += 1;
    }
    assert_eq!(expected, next);
}

pub fn maxsize_is_exact(ground: &Ground) {
    for maxsize in [1, 2, 3, 5, 7, 1000] {
        let made = ground.bytes(maxsize);
        let other = made.again();
        for lap in 0..3 {
            for n in 0..maxsize {
                made.queue
                    .try_put(n.to_le_bytes())
                    .unwrap_or_else(|e| panic!("{n} of {maxsize}, lap {lap}: {e}"));
            }
            for queue in [&made.queue, &other] {
                assert!(queue.try_put("one more").unwrap_err().is_full(), "{maxsize}, lap {lap}");
                assert!(queue.is_full().unwrap());
            }
            assert_eq!(number(&other.try_get().unwrap()), 0);
            other.try_put(maxsize.to_le_bytes()).unwrap();
            assert!(made.queue.try_put("one more").unwrap_err().is_full());
            for n in 1..=maxsize {
                assert_eq!(number(&made.queue.try_get().unwrap()), n);
            }
            assert!(made.queue.try_get().unwrap_err().is_empty());
            assert!(other.try_get().unwrap_err().is_empty());
        }
    }
}

pub fn len_counts_what_is_queued(ground: &Ground) {
    let made = ground.bytes(3);
    let other = made.again();
    assert_eq!(
        (other.len().unwrap(), other.is_empty().unwrap(), other.is_full().unwrap()),
        (0, true, false)
    );
    for n in 1..=3 {
        made.queue.put("m").unwrap();
        assert_eq!(
            (other.len().unwrap(), other.is_empty().unwrap(), other.is_full().unwrap()),
            (n, false, n == 3)
        );
    }
    let guard = other.get().unwrap();
    assert_eq!(made.queue.len().unwrap(), 2, "a message that was taken is not in the queue");
    drop(guard);
    assert_eq!((made.queue.len().unwrap(), made.queue.maxsize()), (2, 3));
}

pub fn guards_do_not_delay_others(ground: &Ground) {
    let made = ground.bytes(2);
    let other = made.again();
    let mut guards = Vec::new();
    for n in 0..20_u64 {
        made.queue.put(n.to_le_bytes()).unwrap();
        guards.push(other.get().unwrap());
    }
    for n in 100..10_000_u64 {
        other.try_put(n.to_le_bytes()).unwrap();
        assert_eq!(number(&made.queue.try_get().unwrap()), n);
    }
    for (n, guard) in guards.iter().enumerate() {
        assert_eq!(number(guard), n as u64, "a message stays as it is as long as it is held");
    }
}

pub fn positions_wrap(ground: &Ground) {
    for first in [(1 << 44) - 5, (1 << 44) - 300, (1 << 43) - 5, (1 << 36) - 5] {
        for maxsize in [1, 3, 300] {
            let options = Queue::<[u8]>::options().maxsize(maxsize).max_message(64).participants(2);
            let made = ground.make(options.first_position(first));
            let other = made.again();
            let (mut put, mut got) = (0_u64, 0_u64);
            while got < 1200 {
                while made.queue.try_put(put.to_le_bytes()).is_ok() {
                    put += 1;
                }
                assert_eq!(
                    (put - got, other.len().unwrap()),
                    (maxsize, maxsize),
                    "from {first:#x}"
                );
                for _ in 0..maxsize.div_ceil(2) {
                    assert_eq!(number(&other.try_get().unwrap()), got);
                    got += 1;
                }
            }
            let seen = other.snapshot().unwrap();
            assert_eq!((seen.puts, seen.gets), (put, got), "from {first:#x}");
            other.shutdown().unwrap();
            while let Ok(message) = made.queue.get() {
                assert_eq!(number(&message), got);
                got += 1;
            }
            assert_eq!(got, put, "from {first:#x}");
        }
    }
}

pub fn both_handles_see_one_queue(ground: &Ground) {
    let made = ground.bytes(4);
    let other = made.again();
    made.queue.put("there").unwrap();
    assert_eq!(&*other.get().unwrap(), b"there");
    other.put("and back").unwrap();
    assert_eq!(&*made.queue.get().unwrap(), b"and back");
    assert_eq!((other.maxsize(), other.max_message()), (4, 256));
    assert_eq!(made.queue.label().to_string(), made.label);
}
