//! Any sequence of calls answers as a deque with a limit does.

use std::collections::VecDeque;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::ground::Ground;

#[derive(Clone, Debug)]
enum Call {
    Put(Vec<u8>),
    PutMany(Vec<Vec<u8>>),
    Loan(Vec<u8>),
    Get,
    GetMany(usize),
    Hold,
    LetGo,
    Len,
}

fn call() -> impl Strategy<Value = Call> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..256);
    prop_oneof![
        4 => bytes().prop_map(Call::Put),
        1 => prop::collection::vec(bytes(), 0..5).prop_map(Call::PutMany),
        1 => bytes().prop_map(Call::Loan),
        4 => Just(Call::Get),
        1 => (0_usize..40).prop_map(Call::GetMany),
        1 => Just(Call::Hold),
        1 => Just(Call::LetGo),
        1 => Just(Call::Len),
    ]
}

pub fn any_calls_agree_with_a_deque(ground: &Ground) {
    let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
    let cases = (1_usize..9, prop::collection::vec((any::<bool>(), call()), 0..200));
    TestRunner::new(config).run(&cases, |(maxsize, calls)| agree(ground, maxsize, &calls)).unwrap();
}

fn agree(ground: &Ground, maxsize: usize, calls: &[(bool, Call)]) -> Result<(), TestCaseError> {
    let made = ground.bytes(maxsize as u64);
    let other = made.again();
    let mut model: VecDeque<Vec<u8>> = VecDeque::new();
    let mut held = Vec::new();
    for (here, call) in calls {
        let queue = if *here { &made.queue } else { &other };
        match call {
            Call::Put(bytes) | Call::Loan(bytes) => {
                let went_in = match call {
                    Call::Put(_) => queue.try_put(bytes).is_ok(),
                    _ => {
                        let mut loan = queue.try_loan(bytes.len()).unwrap();
                        loan.copy_from_slice(bytes);
                        loan.try_send().is_ok()
                    }
                };
                prop_assert_eq!(went_in, model.len() < maxsize);
                if went_in {
                    model.push_back(bytes.clone());
                }
            }
            Call::PutMany(messages) if messages.len() <= maxsize - model.len() => {
                queue.put_many(messages).unwrap();
                model.extend(messages.iter().cloned());
            }
            Call::PutMany(_) => {} // it would wait
            Call::Get => prop_assert_eq!(
                queue.try_get().ok().map(|message| message.to_vec()),
                model.pop_front()
            ),
            Call::GetMany(max) => {
                let batch = queue
                    .try_get_many(*max)
                    .map(|batch| batch.map(|message| message.to_vec()).collect());
                let expected: Vec<_> =
                    (0..*max.min(&32)).map_while(|_| model.pop_front()).collect();
                prop_assert_eq!(batch.unwrap_or_else(|_| Vec::new()), expected);
            }
            Call::Hold if held.len() < 16 => {
                if let Ok(message) = queue.try_get() {
                    held.push((message, model.pop_front().unwrap()));
                }
            }
            Call::Hold | Call::LetGo => drop(held.pop()),
            Call::Len => prop_assert_eq!(queue.len().unwrap(), model.len() as u64),
        }
        prop_assert!(held.iter().all(|(message, expected)| **message == **expected));
    }
    Ok(())
}
