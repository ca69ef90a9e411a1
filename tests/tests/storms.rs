//! Many processes create, open, use and remove one name as fast as they can.

use ringway_tests::{Name, worker};

fn storm(place: &str, rounds: u32) {
    let mut stormers: Vec<_> = (0..4).map(|seed| worker!("storm", place, 7919 * (seed + 1), rounds)).collect();
    for stormer in &mut stormers {
        let said = stormer.rest();
        assert!(stormer.finish().success(), "a stormer met something that is neither a queue nor a clean error");
        assert!(said.starts_with("created"), "{said}");
        println!("{said}");
    }
}

#[test]
fn every_open_gives_a_usable_queue_or_a_clean_error() {
    let name = Name::new("storm");
    storm(&name, 3000);
}

#[test]
fn also_on_the_portable_path() {
    let name = Name::new("storm-portable");
    storm(&format!("portable:{name}"), 3000);
}
