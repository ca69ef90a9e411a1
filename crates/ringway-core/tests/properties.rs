//! One thread at a time, the queue is a `VecDeque` with a limit: equal answers to any sequence of
//! calls, from any first position, by any of several participants. 16384 sequences of up to 60
//! calls, new ones in each run; a failing one is shrunk and printed.

mod support;

use std::collections::VecDeque;

use proptest::prelude::*;
use ringway_core::ring::{ClaimEnd, Hints, PushError};
use support::heap::Queue;
use support::party::{Party, Refused};
use support::steps::StepWord;

const PARTIES: u8 = 3;
const BLOCKS: u32 = 24;

#[derive(Clone, Debug)]
enum Call {
    Put(usize),
    Get(usize),
    Len,
    HasRoom,
    Close,
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        8 => (1..5usize).prop_map(Call::Put),
        8 => (1..5usize).prop_map(Call::Get),
        3 => Just(Call::Len),
        2 => Just(Call::HasRoom),
        1 => Just(Call::Close),
    ]
}

fn first_position() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), (0..40u64).prop_map(|before| (1 << 44) - before), 0..1u64 << 44]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16384, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_queue_answers_like_a_bounded_deque(
        maxsize in 1..9usize,
        first in first_position(),
        fast in any::<bool>(),
        calls in prop::collection::vec((0..PARTIES, call()), 1..60),
    ) {
        let queue = Queue::<StepWord>::new(maxsize as u64, BLOCKS, first);
        Party::fill_free_ring(&queue);
        let mut parties: Vec<_> = (0..PARTIES).map(|index| Party::new(&queue, index, 1)).collect();
        parties.iter_mut().for_each(|party| party.fast = fast);
        let mut model = VecDeque::new();
        let mut closed = false;
        let mut next = 0;
        for (who, call) in calls {
            let party = &parties[usize::from(who)];
            match call {
                Call::Put(count) => {
                    let values: Vec<u64> = (next..next + count as u64).collect();
                    next += count as u64;
                    let fit = if closed { 0 } else { count.min(maxsize - model.len()) };
                    let refused = if closed { Refused::Closed } else { Refused::Full };
                    let expected = if fit == count { Ok(()) } else { Err(refused) };
                    let (put, answer) = party.put_many(&values);
                    prop_assert_eq!((put, answer), (fit, expected));
                    model.extend(&values[..fit]);
                }
                Call::Get(count) => {
                    let (values, edge) = party.get_many(count);
                    let expected: Vec<u64> = model.drain(..count.min(model.len())).collect();
                    let end = if closed { ClaimEnd::Closed } else { ClaimEnd::Empty };
                    prop_assert_eq!(edge, if expected.len() == count { ClaimEnd::More } else { end });
                    prop_assert_eq!(values, expected);
                }
                Call::Len => prop_assert_eq!(party.len(), model.len() as u64),
                Call::HasRoom => {
                    let answer = queue.messages().has_room(&Hints::default());
                    // It may be mistaken about a refusal, which push then finds out, and never
                    // about room.
                    let refusal = if closed { Err(PushError::Closed) } else { Err(PushError::Full) };
                    let refused = closed || model.len() == maxsize;
                    prop_assert!(answer == Ok(()) || refused && answer == refusal, "{answer:?}");
                }
                Call::Close => {
                    prop_assert_eq!(party.close(), !closed);
                    closed = true;
                }
            }
            prop_assert_eq!(queue.messages().is_closed(), Ok(closed));
        }
    }
}
