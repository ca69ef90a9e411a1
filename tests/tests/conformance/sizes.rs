//! Lengths.

use ringway::Queue;

use crate::ground::Ground;

pub fn every_length_at_the_edge_of_a_class_passes(ground: &Ground) {
    let max = 5_000;
    let made = ground.make(Queue::<[u8]>::options().maxsize(4).max_message(max).participants(2));
    let other = made.again();
    let edges = [0, 64, 256, 1024, 4096, 4992, max as usize].into_iter();
    let lengths = edges
        .flat_map(|edge| edge.saturating_sub(1)..=edge + 1)
        .filter(|&length| length <= max as usize);
    for length in lengths {
        let message: Vec<u8> = (0..length).map(|at| (at * 31 + length) as u8).collect();
        made.queue.put(&message).unwrap();
        assert_eq!(&*other.get().unwrap(), message, "{length} bytes");
        let mut loan = other.loan(length).unwrap();
        loan.copy_from_slice(&message);
        loan.send().unwrap();
        assert_eq!(&*made.queue.get().unwrap(), message, "{length} bytes by a loan");
    }
}

pub fn an_empty_message_is_a_message(ground: &Ground) {
    let made = ground.bytes(2);
    made.queue.put([]).unwrap();
    made.queue.put("after").unwrap();
    assert_eq!(made.queue.len().unwrap(), 2);
    assert_eq!(made.queue.get().unwrap().len(), 0);
    assert_eq!(&*made.queue.get().unwrap(), b"after");
}

pub fn the_largest_message_may_have_one_byte(ground: &Ground) {
    let made =
        ground.make(Queue::<[u8]>::options().maxsize(1).max_message(1).participants(1).loans(1));
    made.queue.put([9]).unwrap();
    assert_eq!(&*made.queue.get().unwrap(), [9]);
    assert!(made.queue.put([9, 9]).is_err());
}
