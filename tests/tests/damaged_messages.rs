//! A message whose bytes lie is refused, its block comes back, and the next one is delivered.

use ringway_tests::random::Random;
use ringway_tests::records::Records;

fn seed() -> u64 {
    std::env::var("RINGWAY_DAMAGE_SEED").map_or(1, |text| text.parse().expect("a number"))
}

#[test]
fn the_bytes_of_a_record_with_some_changed() {
    let (records, mut random) = (Records::new(), Random(seed()));
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..50_000 {
        let changes = 3 * (1 + random.below(3));
        let how: Vec<u8> = (0..changes).map(|_| random.number() as u8).collect();
        match records.offer(&records.bent(&how)) {
            true => taken += 1,
            false => refused += 1,
        }
    }
    records.assert_whole();
    assert!(taken > 1000 && refused > 1000, "{taken} taken, {refused} refused");
}

#[test]
fn a_record_that_was_cut_and_bytes_that_are_none() {
    let (records, mut random) = (Records::new(), Random(seed()));
    let whole = records.bent(&[]);
    assert!(records.offer(&whole));
    for length in 0..whole.len() {
        records.offer(&whole[..length]);
        records.offer(&whole[whole.len() - length..]);
        let noise: Vec<u8> = (0..length).map(|_| random.telling() as u8).collect();
        records.offer(&noise);
    }
    records.assert_whole();
}
