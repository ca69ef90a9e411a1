//! Queues that take messages back.

use ringway::{GetError, GetErrorKind, Place, PutError, PutErrorKind, Queue, QueueOptions};
use ringway_tests::{Name, Watchdog, worker};

fn options() -> QueueOptions<[u8]> {
    Queue::<[u8]>::options().maxsize(4).max_message(64).put_back(true)
}

/// Takes the next message, and puts it back.
fn turn(queue: &Queue<[u8]>) {
    queue.get().unwrap().put_back().unwrap();
}

fn next(queue: &Queue<[u8]>) -> Result<Vec<u8>, GetErrorKind> {
    queue.try_get().map(|message| message.to_vec()).map_err(|GetError { kind, .. }| kind)
}

#[test]
fn what_comes_back_is_first_in_its_order_and_takes_no_place() {
    let queue = options().create(Place::Heap).unwrap();
    queue.put_many(&["1", "2", "3", "4"]).unwrap();
    let taken = [queue.get().unwrap(), queue.get().unwrap()];
    queue.put_many(&["5", "6"]).unwrap();
    taken.into_iter().for_each(|message| message.put_back().unwrap());
    assert_eq!((queue.len().unwrap(), queue.is_full().unwrap()), (6, true));
    let refused = queue.try_put("7").unwrap_err();
    assert!(matches!(refused, PutError { kind: PutErrorKind::Full { .. }, .. }), "{refused}");
    let mut many = queue.get_many(5).unwrap();
    let order: Vec<_> = many.by_ref().map(|message| message.to_vec()).collect();
    assert_eq!(order, [b"1", b"2", b"3", b"4", b"5"]);
    assert_eq!(next(&queue).unwrap(), b"6");
    assert!(matches!(next(&queue), Err(GetErrorKind::Empty)));
}

/// Others have gone on meanwhile, by any number of messages, and left none.
#[test]
fn a_getter_that_was_away_finds_the_queue_empty() {
    let name = Name::new("away");
    let queue = options().create(&*name).unwrap();
    let other = options().open(&*name).unwrap();
    let _dog = Watchdog::over_a_test();
    let pass = |queue: &Queue<[u8]>| {
        queue.put("x").unwrap();
        turn(queue);
        queue.get().unwrap();
    };
    for others in 0..20 {
        pass(&queue);
        (0..others).for_each(|_| pass(&other));
        assert!(matches!(next(&queue), Err(GetErrorKind::Empty)), "after {others}");
    }
}

#[test]
fn what_comes_back_after_a_shutdown_is_delivered_and_after_an_immediate_one_dropped() {
    for immediate in [false, true] {
        let queue = options().create(Place::Heap).unwrap();
        queue.put_many(&["1", "2"]).unwrap();
        let taken = queue.get().unwrap();
        if immediate { queue.shutdown_now() } else { queue.shutdown() }.unwrap();
        taken.put_back().unwrap();
        if !immediate {
            assert_eq!(next(&queue).unwrap(), b"1");
            assert_eq!(next(&queue).unwrap(), b"2");
        }
        assert!(matches!(next(&queue), Err(GetErrorKind::ShutDown)));
        assert_eq!(queue.len().unwrap(), 0);
    }
}

#[test]
fn a_queue_made_without_it_gives_the_message_to_its_caller_again() {
    let queue = Queue::<[u8]>::options().create(Place::Heap).unwrap();
    queue.put("x").unwrap();
    let refused = queue.get().unwrap().put_back().unwrap_err();
    assert!(matches!(refused.kind, PutErrorKind::NoReturns), "{}", refused.kind);
    assert_eq!(&*refused.value, b"x");
    drop(refused);
    assert!(queue.is_empty().unwrap());
}

/// It had taken a message that came back, so that it is gone with it as any other is.
#[test]
fn a_message_that_came_back_is_lost_with_the_process_that_has_it() {
    let name = Name::new("held");
    let queue = options().create(&*name).unwrap();
    queue.put_many(&["1", "2"]).unwrap();
    turn(&queue);
    let mut holder = worker!("open", &name, "park");
    assert_eq!(holder.hear(), "open");
    holder.tell("hold");
    let _ = holder.hear();
    holder.kill();
    queue.reclaim().unwrap();
    let snapshot = queue.snapshot().unwrap();
    assert_eq!((snapshot.lost, snapshot.size, snapshot.returned), (1, 1, 0));
    assert_eq!(next(&queue).unwrap(), b"2");
}
