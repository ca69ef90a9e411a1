//! What a worker does in a context, between two markers.

use std::path::Path;

use ringway::{Context, OpenError};

use super::scene::{JOBS, NEW, PRINT, Scene, TARGET, forge_sleepers, make_a_corpse, open};
use super::thing::{Thing, What};
use crate::campaign::queue::scene::{number_of, text_of};
use crate::campaign::stepper::marker;

/// An operation of one worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// Making an object.
    Make,
    /// Removing an object and closing it.
    RemoveObject,
    /// Opening an object.
    OpenObject,
    /// Closing an object with something in hand.
    CloseObject,
    /// Opening the context.
    Join,
    /// Closing the context and all objects.
    Leave,
    /// `recover`, with something dead to recover.
    RecoverAll,
}

/// All of them.
pub const OPERATIONS: [Operation; 7] = [
    Operation::Make,
    Operation::RemoveObject,
    Operation::OpenObject,
    Operation::CloseObject,
    Operation::Join,
    Operation::Leave,
    Operation::RecoverAll,
];

/// What else there is in a scene.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Twist {
    /// Nothing.
    Plain,
    /// The harness has the object open as well.
    Shared,
    /// The harness removes the object while the worker is frozen, and makes another in its place.
    Raced,
    /// The worker has a second handle of the object, with something in hand.
    Twin,
    /// The object was removed, and the worker is its last user.
    Going,
    /// A process died that used several objects.
    Holding,
    /// The same, and it was the last user of an object that was removed.
    HoldingGoing,
    /// A process died while it made an object.
    Making,
    /// A process died while it cleared one.
    Clearing,
}

const TWISTS: [Twist; 9] = [
    Twist::Plain,
    Twist::Shared,
    Twist::Raced,
    Twist::Twin,
    Twist::Going,
    Twist::Holding,
    Twist::HoldingGoing,
    Twist::Making,
    Twist::Clearing,
];

impl Twist {
    /// Whether the name of the target is removed before the operation.
    pub fn is_going(self) -> bool {
        matches!(self, Self::Going | Self::HoldingGoing)
    }
    /// Whether a process died.
    pub fn has_corpse(self) -> bool {
        matches!(self, Self::Holding | Self::HoldingGoing | Self::Making | Self::Clearing)
    }
    /// Messages of the queue beside that the corpse took.
    pub fn taken(self) -> u64 {
        u64::from(matches!(self, Self::Holding | Self::HoldingGoing))
    }
    /// By its name.
    pub fn named(name: &str) -> Option<Self> {
        TWISTS.into_iter().find(|twist| format!("{twist:?}") == name)
    }
}

impl Operation {
    /// The scenes in which it makes sense.
    pub fn scenes(self) -> Vec<Scene> {
        let twists: &[Twist] = match self {
            Self::Make => &[Twist::Plain, Twist::Raced, Twist::Making, Twist::Clearing],
            Self::RemoveObject => &[Twist::Plain, Twist::Shared],
            Self::OpenObject => &[Twist::Plain, Twist::Raced],
            Self::CloseObject => &[Twist::Plain, Twist::Twin, Twist::Going],
            Self::Join | Self::RecoverAll => {
                &[Twist::Holding, Twist::HoldingGoing, Twist::Making, Twist::Clearing]
            }
            Self::Leave => &[Twist::Plain, Twist::Going],
        };
        let with = |&twist: &Twist| [What::Queue, What::Lock].map(|what| Scene { what, twist });
        twists.iter().flat_map(with).collect()
    }

    /// Does it, between two markers.
    pub fn perform(self, path: &Path, Scene { what, twist }: Scene) {
        let marker_before = || {
            forge_sleepers(path);
            marker();
        };
        if self == Self::Join {
            if twist.has_corpse() {
                make_a_corpse(path, twist, what);
            }
            marker_before();
            let context = open(path);
            marker();
            drop(context.expect("the context"));
            return;
        }
        let context = open(path).expect("the context of the campaign");
        let jobs = Thing::open(&context, What::Queue, JOBS).expect("the queue");
        let print = Thing::open(&context, What::Lock, PRINT).expect("the lock");
        if self == Self::Make || self == Self::RecoverAll {
            if twist.has_corpse() {
                make_a_corpse(path, twist, what);
            }
            marker_before();
            if self == Self::Make {
                let made = Thing::make(&context, what, NEW);
                marker();
                made.expect("a new object").probe();
            } else {
                let Thing::Queue(queue) = &jobs else { panic!("{JOBS} is a queue") };
                let recovered = queue.reclaim();
                marker();
                recovered.expect("a sound context");
            }
            return;
        }
        if self == Self::OpenObject {
            marker_before();
            let opened = Thing::open(&context, what, TARGET);
            marker();
            match opened {
                Ok(target) => target.probe(),
                Err(OpenError::NotFound { .. }) if twist == Twist::Raced => {}
                Err(error) => panic!("{error}"),
            }
            return;
        }
        let target = Thing::open(&context, what, TARGET).expect("the target");
        if twist.is_going() {
            target.remove().expect("its name");
        }
        match self {
            Self::RemoveObject => {
                marker_before();
                let removed = target.remove();
                drop(target);
                marker();
                removed.expect("its name");
            }
            Self::CloseObject if twist == Twist::Twin => {
                close_one_of_two(&context, target, what, marker_before)
            }
            Self::CloseObject => {
                take_in_hand(&target);
                marker_before();
                drop(target);
                marker();
            }
            _ => {
                take_in_hand(&target);
                take_in_hand(&jobs);
                marker_before();
                drop((target, jobs, print, context));
                marker();
            }
        }
    }
}

/// Takes something that goes back when the last handle is closed.
fn take_in_hand(thing: &Thing) {
    match thing {
        Thing::Queue(queue) => std::mem::forget(queue.loan(8).expect("a block")),
        Thing::Lock(lock) => lock.try_acquire().expect("a free lock").keep(),
    }
}

/// Closes one of two handles, from which something was forgotten. What is held by the other stays.
fn close_one_of_two(context: &Context, one: Thing, what: What, marker_before: impl Fn()) {
    let other = Thing::open(context, what, TARGET).expect("the target");
    match &other {
        Thing::Queue(queue) => {
            take_in_hand(&one);
            queue.put(text_of(7)).expect("a place");
            let message = loop {
                let message = queue.get().expect("a message");
                match number_of(&message) {
                    7 => break message,
                    number => queue.put(text_of(number)).expect("a place"),
                }
            };
            marker_before();
            drop(one);
            marker();
            assert_eq!(number_of(&message), 7, "the guard of the other handle");
        }
        Thing::Lock(lock) => {
            let guard = lock.acquire().expect("a free lock");
            marker_before();
            drop(one);
            marker();
            assert!(lock.is_locked(), "the hold of the other handle");
            drop(guard);
        }
    }
}
