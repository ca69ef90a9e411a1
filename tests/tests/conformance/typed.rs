//! Messages with a type.

use std::collections::BTreeMap;
use std::thread;

use ringway::{Message, Queue};

use crate::ground::Ground;

#[derive(Message, Clone, Debug, PartialEq)]
struct Job {
    id: u64,
    name: String,
    parts: Vec<Part>,
    labels: BTreeMap<String, i32>,
}

#[derive(Message, Clone, Debug, PartialEq)]
enum Part {
    Nothing,
    Bytes(Vec<u8>),
    Both { text: Option<String>, inner: Option<Box<(u8, f64)>> },
}

fn job(id: u64) -> Job {
    let inner = Some(Box::new((7, -0.5)));
    Job {
        id,
        name: "ü".repeat(id as usize % 90),
        parts: vec![
            Part::Nothing,
            Part::Bytes(vec![id as u8; 40]),
            Part::Both { text: Some("t".into()), inner },
        ],
        labels: (0..id as i32 % 5).map(|n| (format!("label {n}"), -n)).collect(),
    }
}

pub fn structures_pass(ground: &Ground) {
    let made = ground.make(Queue::<Job>::options().maxsize(4).max_message(4096).participants(2));
    let other = made.again();
    for id in 0..300 {
        made.queue.put(job(id)).unwrap();
        let message = other.get().unwrap();
        assert_eq!((message.id.to_native(), message.parts.len()), (id, 3));
        assert_eq!(message.name.as_str(), job(id).name);
        assert_eq!(message.deserialize().unwrap(), job(id));
    }
}

pub fn enums_and_options_pass(ground: &Ground) {
    let made =
        ground.make(Queue::<Option<Part>>::options().maxsize(8).max_message(1024).participants(2));
    let values = [
        None,
        Some(Part::Nothing),
        Some(Part::Bytes(vec![])),
        Some(Part::Both { text: None, inner: None }),
        Some(Part::Both {
            text: Some("long enough to lie apart".into()),
            inner: Some(Box::new((1, 2.0))),
        }),
    ];
    made.queue.put_many(&values).unwrap();
    for value in values {
        assert_eq!(made.queue.get().unwrap().deserialize().unwrap(), value);
    }
}

pub fn strings_beyond_the_first_guess_pass(ground: &Ground) {
    let made =
        ground.make(Queue::<String>::options().maxsize(4).max_message(5_000).participants(2));
    for length in (0..4_900).step_by(61) {
        let text = "s".repeat(length);
        made.queue.put(&text).unwrap();
        // SAFETY: only whole strings of this program are put.
        let message = unsafe { made.queue.get_unchecked() }.unwrap();
        assert_eq!(&*message, text.as_str());
    }
}

pub fn values_go_by_reference(ground: &Ground) {
    let made = ground.make(Queue::<Job>::options().maxsize(1).max_message(4096).participants(2));
    let mine = job(3);
    made.queue.put(&mine).unwrap();
    let (): () = made.queue.try_put(&mine).unwrap_err().into_value(); // it was only lent
    assert_eq!(made.queue.try_put(job(3)).unwrap_err().into_value(), mine);
    assert_eq!(made.queue.get().unwrap().deserialize().unwrap(), mine);
}

pub fn iteration_ends_with_shutdown(ground: &Ground) {
    let made = ground.make(Queue::<u32>::options().maxsize(4).participants(2));
    let other = made.again();
    thread::scope(|scope| {
        scope.spawn(|| {
            (0..1000).for_each(|n| made.queue.put(n).unwrap());
            made.queue.shutdown().unwrap();
        });
        let taken: Vec<u32> = other.iter().map(|message| message.unwrap().to_native()).collect();
        assert_eq!(taken, (0..1000).collect::<Vec<_>>());
        assert_eq!((&other).into_iter().count(), 0);
    });
}
