//! A forked child has a copy of its parent's handle, and may do nothing with it.

use ringway::Queue;
use ringway_tests::audit::{capacity_is_exact, every_block_is_there};
use ringway_tests::{Name, Watchdog, worker};

#[test]
fn a_child_is_told_so_by_every_call_and_its_end_takes_nothing_from_its_parent() {
    let name = Name::new("fork");
    let options = Queue::<[u8]>::options().maxsize(4).max_message(64).participants(2).loans(4);
    let queue = options.create(&*name).unwrap();
    let dog = Watchdog::of(&queue);
    queue.put("held over the fork").unwrap();
    queue.put("next").unwrap();
    let mut parent = worker!("fork", name);
    assert_eq!(
        parent.hear(),
        "the child answers 0",
        "or the number of the first call that went through"
    );
    assert_eq!(parent.hear(), "the parent goes on");
    assert!(parent.finish().success());
    assert!(!queue.is_shut_down().unwrap());
    assert_eq!(&*queue.get().unwrap(), b"next");
    assert_eq!(&*queue.get().unwrap(), b"own");
    let seen = queue.snapshot().unwrap();
    assert_eq!(
        (seen.holders.len(), seen.lost, seen.recovered),
        (1, 0, 0),
        "the parent left properly"
    );
    capacity_is_exact(&queue);
    drop((dog, queue));
    every_block_is_there(&options.open(&*name).unwrap());
}

#[test]
fn a_value_that_forks_while_it_is_put_is_put_by_the_parent_only() {
    let mut parent = worker!("fork-in-put");
    assert_eq!(parent.hear(), "1 messages");
    assert_eq!(parent.hear(), "number 7");
    assert_eq!(parent.hear(), "3 puts", "in all");
    assert!(parent.finish().success());
}
