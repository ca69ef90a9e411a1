//! What must hold after a death: every acknowledged message once, none strange, capacity exact,
//! every block accounted for, both directions moving.

use ringway::{GetError, GetErrorKind, Kind, Place, PutError, PutErrorKind, Queue, inspect};

use super::operation::Effect;
use super::scene::{MAXSIZE, Scene, number_of, text_of};

/// Recovers the segment and checks it. The text says what is wrong.
///
/// # Errors
/// What does not hold.
pub fn audit(place: &Place, scene: Scene, effect: Effect) -> Result<(), String> {
    let queue = Queue::<[u8]>::options().open(place.clone()).map_err(|error| error.to_string())?;
    let snapshot = queue.snapshot().map_err(|fault| fault.to_string())?;
    if snapshot.holders.len() != 1 {
        return Err(format!("{} participants are left", snapshot.holders.len()));
    }
    let (numbers, closed) = drain(&queue)?;
    check_messages(&numbers, scene, effect, snapshot.lost)?;
    if closed && !effect.closes {
        return Err("the queue is shut down".to_owned());
    }
    if !closed {
        check_capacity(&queue)?;
    }
    check_blocks(place)
}

/// Takes everything that is left.
///
/// # Errors
/// Anything but an empty or a closed queue.
pub fn drain(queue: &Queue<[u8]>) -> Result<(Vec<u64>, bool), String> {
    let mut numbers = Vec::new();
    loop {
        match queue.try_get() {
            Ok(message) => numbers.push(number_of(&message)),
            Err(GetError { kind: GetErrorKind::Empty, .. }) => return Ok((numbers, false)),
            Err(GetError { kind: GetErrorKind::ShutDown, .. }) => return Ok((numbers, true)),
            Err(error) => return Err(error.to_string()),
        }
    }
}

fn check_messages(numbers: &[u64], scene: Scene, effect: Effect, lost: u64) -> Result<(), String> {
    let (oldest, end) = (scene.oldest(), 100 + scene.filled);
    let taken = (0..=end - oldest)
        .find(|&taken| {
            let left = oldest + taken..end;
            let old = left.clone().count().min(numbers.len());
            numbers[..old].iter().copied().eq(left)
                && numbers[old..].iter().copied().eq((1000..).take(numbers.len() - old))
        })
        .ok_or_else(|| {
            format!(
                "messages {numbers:?} are not the last of those before and the first of the new"
            )
        })?;
    let new = numbers.len() as u64 - (end - oldest - taken);
    if taken < effect.taken_before || taken > effect.takes || new > effect.puts {
        return Err(format!(
            "messages {numbers:?}: {taken} taken and {new} put, which {effect:?} cannot do"
        ));
    }
    let corpse = u64::from(scene.corpse);
    if lost > taken + corpse {
        return Err(format!("{lost} messages counted as lost, and {taken} taken"));
    }
    Ok(())
}

/// Exactly `maxsize` messages go in.
pub fn check_capacity(queue: &Queue<[u8]>) -> Result<(), String> {
    for number in 0..MAXSIZE {
        queue.try_put(text_of(number)).map_err(|error| format!("place {number}: {error}"))?;
    }
    match queue.try_put(text_of(MAXSIZE)) {
        Err(PutError { kind: PutErrorKind::Full { .. }, .. }) => {}
        other => return Err(format!("one more than maxsize: {other:?}")),
    }
    let (numbers, _) = drain(queue)?;
    if numbers.iter().copied().ne(0..MAXSIZE) {
        return Err(format!("what was put came back as {numbers:?}"));
    }
    Ok(())
}

/// No block is lost or damaged.
///
/// # Errors
/// What has become of them.
pub fn check_blocks(place: &Place) -> Result<(), String> {
    let trust = inspect::Trust::default();
    let segment = inspect::open(place, trust).map_err(|error| error.to_string())?;
    let queue = inspect::first(&segment, Kind::Queue).ok_or("no queue in the directory")?;
    let accounts = inspect::accounts(&segment, &queue).map_err(|error| error.to_string())?;
    if accounts.orphaned != 0 || accounts.damaged != 0 || accounts.messages != 0 {
        return Err(format!("{accounts:?}"));
    }
    Ok(())
}
