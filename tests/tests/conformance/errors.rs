//! An error says what and where, and gives the value back.

use ringway::{GetError, GetErrorKind, PutError, PutErrorKind, Queue};

use crate::ground::Ground;

pub fn full_gives_the_value_back_and_names_the_queue(ground: &Ground) {
    let made = ground.make(Queue::<String>::options().maxsize(1).participants(4));
    made.queue.put("first".to_owned()).unwrap();
    let error = made.queue.try_put("second".to_owned()).unwrap_err();
    assert!(
        matches!(&error, PutError { queue, kind: PutErrorKind::Full { maxsize: 1, .. }, .. } if queue.to_string() == made.label)
    );
    assert_eq!(
        error.to_string(),
        format!(
            "{} is full: it holds 1 messages at most; `ringway stat` shows which processes have it open",
            made.label
        )
    );
    assert_eq!(error.into_value(), "second");
}

pub fn empty_names_the_queue(ground: &Ground) {
    let made = ground.bytes(1);
    let error = made.queue.try_get().unwrap_err();
    assert!(
        matches!(&error, GetError { queue, kind: GetErrorKind::Empty, .. } if queue.to_string() == made.label)
    );
    assert_eq!(error.to_string(), format!("{} is empty", made.label));
}

pub fn shut_down_gives_the_value_back_and_names_the_queue(ground: &Ground) {
    let made = ground.make(Queue::<String>::options().maxsize(1).participants(4));
    made.queue.shutdown().unwrap();
    for error in [made.queue.put("late".to_owned()), made.queue.try_put("late".to_owned())]
        .map(Result::unwrap_err)
    {
        assert!(error.is_shut_down());
        assert_eq!(error.to_string(), format!("{} was shut down", made.label));
        assert_eq!(error.into_value(), "late");
    }
    let error = made.queue.get().unwrap_err();
    assert!(error.is_shut_down() && error.to_string().starts_with(&made.label), "{error}");
}

pub fn too_large_tells_both_sizes(ground: &Ground) {
    let made = ground.make(Queue::<[u8]>::options().maxsize(2).max_message(300).participants(2));
    for bytes in [301, 320, 321, 70_000] {
        let error = made.queue.put(vec![7; bytes]).unwrap_err();
        assert!(
            matches!(error, PutError { kind: PutErrorKind::TooLarge { bytes: found, limit: 300, .. }, .. } if found == bytes as u64)
        );
        assert!(
            error.to_string().contains(&made.label) && error.to_string().contains("300"),
            "{error}"
        );
        assert_eq!(error.into_value(), vec![7; bytes]);
        assert!(matches!(
            made.queue.loan(bytes),
            Err(PutError { kind: PutErrorKind::TooLarge { limit: 300, .. }, .. })
        ));
    }
    assert!(made.queue.is_empty().unwrap());

    let typed = ground.make(Queue::<String>::options().maxsize(2).max_message(300).participants(2));
    let error = typed.queue.put("x".repeat(400)).unwrap_err();
    assert!(
        matches!(
            error,
            PutError { kind: PutErrorKind::TooLarge { bytes: 400..500, limit: 300, .. }, .. }
        ),
        "{error}"
    );
    assert_eq!(error.into_value().len(), 400);
}

pub fn bytes_that_are_no_value_are_refused_once(ground: &Ground) {
    let made = ground.make(Queue::<String>::options().maxsize(4).participants(2));
    let bytes = made.queue.as_bytes();
    bytes.put([0xfe; 8]).unwrap();
    bytes.put("").unwrap();
    made.queue.put("good").unwrap();
    for length in [8, 0] {
        let error = made.queue.get().unwrap_err();
        assert!(
            matches!(error, GetError { kind: GetErrorKind::Invalid { bytes, .. }, .. } if bytes == length),
            "{error}"
        );
    }
    assert_eq!(&*made.queue.get().unwrap(), "good");
}

pub fn only_a_heap_queue_cannot_be_inherited(ground: &Ground) {
    let made = ground.bytes(1);
    match (ground, made.queue.inheritable_fd()) {
        (Ground::Heap, Err(error)) => assert_eq!(
            error.to_string(),
            "heap queue is of this process alone; create it at `Place::Unnamed` to hand it on"
        ),
        (Ground::Heap, Ok(_)) => panic!("the descriptor of what file?"),
        (_, descriptor) => drop(descriptor.unwrap()),
    }
}
