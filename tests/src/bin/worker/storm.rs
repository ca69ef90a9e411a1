//! Creates, opens, uses and removes one name as fast as it can. Many do the same at once.

use ringway::{CreateError, OpenError, Place, Queue};

/// Panics when it meets something that is neither a usable queue nor a clean error. Says what it
/// did.
pub fn storm(place: &Place, seed: u64, rounds: u64) {
    let options = Queue::<[u8]>::options().maxsize(64).max_message(64).participants(32);
    let (mut created, mut opened) = (0_u64, 0_u64);
    let mut random = seed | 1;
    for _ in 0..rounds {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let queue = if random.is_multiple_of(2) {
            options.create(place.clone()).map_err(clean_create).inspect(|_| created += 1)
        } else {
            options
                .open(place.clone())
                .map_err(|error| clean_open(place, error))
                .inspect(|_| opened += 1)
        };
        let Ok(queue) = queue else { continue };
        queue.put(b"usable").expect("a queue of 64 places and 32 stormers has room");
        assert_eq!(&*queue.get().expect("a message for each stormer"), b"usable");
        if random & 12 == 0 {
            queue.remove().expect("who made it may remove it");
        }
    }
    println!("created {created} opened {opened}");
}

fn clean_create(error: CreateError) {
    assert!(matches!(error, CreateError::AlreadyExists { .. }), "create: {error}");
}

/// On the portable path a name can be seen before it is whole, and is refused then.
fn clean_open(place: &Place, error: OpenError) {
    let half_made =
        matches!(place, Place::Portable(_)) && matches!(error, OpenError::Refused { .. });
    let gone = matches!(error, OpenError::NotFound { .. } | OpenError::Removed { .. });
    assert!(gone || half_made, "open: {error}");
}
