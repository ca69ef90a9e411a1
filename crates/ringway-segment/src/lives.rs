//! Names that go by themselves: with the last participant, or for another segment.
//!
//! Whether a segment is attended, and the removal of its name, are two steps, and a process may
//! come to take part in between. So the process that looks sets a mark first: an entrant takes an
//! entry and then looks for the mark, and one that finds it waits for the look to be over. Ordering
//! pair `attended`: the mark and then the loads of the lives, against the CAS of a life and then
//! the load of the mark, all SeqCst: either the looker sees the entrant, or the entrant the mark.
//!
//! Lookers exclude each other and other removers by the lock byte of removal, which the kernel
//! releases when its holder dies; the mark of a dead looker is taken back by the next entrant.

use core::sync::atomic::Ordering::SeqCst;
use std::fs;

use ringway_sys::process;

use crate::error::{OpenError, RemoveError};
use crate::layout::{FLAG_LOOKED_AT, FLAG_REMOVED, LIFE_LAST};
use crate::participants::{self, Bytes};
use crate::place::Place;
use crate::segment::remove::alone_with_name;
use crate::segment::unfinished::Unfinished;
use crate::segment::{Segment, Trust};

/// Whether the name goes with the last participant.
pub fn goes_with_last(segment: &Segment) -> bool {
    segment.header().optional & LIFE_LAST != 0
}

/// Whether a participant has not been proved dead. None of them may be the caller's own, unless by
/// another description of the file.
pub fn is_attended(segment: &Segment) -> bool {
    participants::living(segment).any(|(index, _)| {
        // An unknown one, as of another namespace, is asked about by its lock byte.
        let liveness = |identity: &_| process::liveness_of(identity);
        !participants::is_dead(segment, index, Bytes::All, liveness)
    })
}

/// Removes the name unless a living process takes part. Returns whether the name stands for the
/// segment no longer, whichever process removed it.
///
/// # Errors
/// When the system refuses: then nothing has changed.
pub fn remove_unless_attended(segment: &Segment) -> Result<bool, RemoveError> {
    remove_unless(segment, || is_attended(segment))
}

fn remove_unless(segment: &Segment, is_attended: impl Fn() -> bool) -> Result<bool, RemoveError> {
    if is_attended() {
        return Ok(false);
    }
    let flags = &segment.words().flags.word;
    let mut is_kept = false;
    alone_with_name(segment, |path| {
        flags.fetch_or(FLAG_LOOKED_AT, SeqCst); // attended
        is_kept = is_attended();
        let removed = if is_kept { Ok(()) } else { fs::remove_file(path) };
        if !is_kept && removed.is_ok() {
            flags.fetch_or(FLAG_REMOVED, SeqCst); // flags
        } else {
            flags.fetch_and(!FLAG_LOOKED_AT, SeqCst); // attended
        }
        removed
    })?;
    Ok(!is_kept)
}

/// For an entrant by name that takes part by now: waits until no other process looks whether it may
/// remove the name. Returns whether the name still stands for the segment.
///
/// # Errors
/// When the system refuses, or a process that looks does not go on.
pub(crate) fn outlast_look(segment: &Segment) -> Result<bool, RemoveError> {
    let flags = &segment.words().flags.word;
    // pairs with: attended; after the life of the entrant
    if flags.load(SeqCst) & FLAG_LOOKED_AT == 0 {
        return Ok(true);
    }
    alone_with_name(segment, |_| {
        flags.fetch_and(!FLAG_LOOKED_AT, SeqCst); // attended; that of a dead looker
        Ok(())
    })
}

/// Removes what stands in the way of a new segment: one whose name was to go with its last
/// participant, or, if `replaces`, any in which no living process takes part, and a file that never
/// became one. Returns whether the name is free now, as far as this process knows.
///
/// # Errors
/// When the system refuses: then nothing has changed.
pub fn make_way(
    place: &Place,
    label: &str,
    trust: Trust,
    replaces: bool,
) -> Result<bool, RemoveError> {
    match Segment::open(place, label, trust) {
        Ok(segment) if replaces || goes_with_last(&segment) => remove_unless_attended(&segment),
        Err(OpenError::NotFound { .. }) => Ok(true),
        Err(OpenError::Refused { .. }) if replaces && place.name().is_some() => {
            // It looks itself whether its maker is gone, and whether it is such a file.
            let Some(path) = place.path() else { return Ok(false) };
            let left = Unfinished { path, name: label.to_owned(), is_visible: true };
            Ok(left.remove().unwrap_or(false))
        }
        Ok(_) | Err(_) => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use core::cell::Cell;
    use std::sync::Arc;
    use std::thread::{self, JoinHandle};
    use std::time::Duration;

    use super::*;
    use crate::attachment::Attachment;
    use crate::spec::SegmentSpec;

    /// A segment that is left over, and its name, which goes with this.
    struct Left {
        place: Place,
        segment: Segment,
    }

    impl Left {
        fn new(name: &str) -> Self {
            let place = Place::Named(format!("lives-{name}-{}", std::process::id()));
            let spec = SegmentSpec { participants: 3, ..SegmentSpec::default() };
            let made = Attachment::create(&place, "segment", &spec).expect("a segment");
            drop(made.publish().expect("a name")); // it leaves
            let segment = Segment::open(&place, "segment", Trust::default()).expect("a segment");
            Self { place, segment }
        }
        fn exists(&self) -> bool {
            self.place.path().expect("a path").exists()
        }
        fn open(&self) -> JoinHandle<Result<Arc<Attachment>, OpenError>> {
            let place = self.place.clone();
            thread::spawn(move || Attachment::open(&place, "segment", Trust::default(), |_| Ok(())))
        }
    }

    impl Drop for Left {
        fn drop(&mut self) {
            let _ = crate::segment::remove::remove(&self.segment);
        }
    }

    #[test]
    fn what_no_process_uses_loses_its_name_once() {
        let left = Left::new("once");
        assert!(!is_attended(&left.segment));
        assert!(remove_unless_attended(&left.segment).unwrap());
        assert!(!left.exists());
        assert!(remove_unless_attended(&left.segment).unwrap(), "it has none any more");
    }

    #[test]
    fn a_process_that_comes_before_the_mark_keeps_the_name() {
        let left = Left::new("before");
        let (has_come, entrant) = (Cell::new(false), Cell::new(None));
        let removed = remove_unless(&left.segment, || {
            let seen = is_attended(&left.segment);
            if !has_come.replace(true) {
                entrant.set(Some(left.open().join().unwrap().unwrap()));
            }
            seen
        });
        assert!(!removed.unwrap());
        assert!(left.exists());
        assert_eq!(left.segment.words().flags.word.load(SeqCst), 0, "no mark is left");
        drop(left.open().join().unwrap().unwrap());
    }

    #[test]
    fn a_process_that_comes_after_the_look_is_turned_away() {
        let left = Left::new("after");
        let (looks, late) = (Cell::new(0), Cell::new(None));
        let removed = remove_unless(&left.segment, || {
            let seen = is_attended(&left.segment);
            looks.set(looks.get() + 1);
            if looks.get() == 2 {
                let opening = left.open();
                // It takes part now, and would soon have opened the segment if nothing held it up.
                while participants::living(&left.segment).next().is_none() {
                    thread::yield_now();
                }
                thread::sleep(Duration::from_millis(30));
                late.set(Some(opening));
            }
            seen
        });
        assert!(removed.unwrap());
        let opened = late.take().expect("it has looked twice").join().unwrap();
        assert!(opened.is_err(), "it would use a segment that has lost its name");
    }

    #[test]
    fn a_mark_without_a_looker_is_taken_back() {
        let left = Left::new("mark");
        let flags = &left.segment.words().flags.word;
        flags.fetch_or(FLAG_LOOKED_AT, SeqCst);
        let _open = left.open().join().unwrap().unwrap();
        assert_eq!(flags.load(SeqCst), 0);
    }
}
