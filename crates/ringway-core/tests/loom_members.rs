//! The participant table under loom: either an entrant sees the hazard of a recoverer, or the
//! recoverer sees that the word of the past has gone.

#![allow(clippy::arc_with_non_send_sync)] // loom runs its threads one at a time

mod support;

use std::sync::Arc;

use loom::thread;
use ringway_core::membership::{self, Judge, Life, Pass, Table};
use ringway_core::owner::Owner;
use ringway_core::word::{
    Ordering::{AcqRel, Acquire, Relaxed, Release},
    Word,
};
use support::heap::Payload;
use support::loom::{check, run};
use support::loom_word::{LoomPayload, LoomWord};
use support::members::Members;

const SOUND: u8 = 0;
const BUSY: u8 = 1;
const LATE: u8 = 2;

/// A word that names an owner, or 0.
fn name(owner: Owner) -> u64 {
    1 << 20 | u64::from(owner.bits())
}
fn owner_of(word: u64) -> Option<Owner> {
    (word != 0).then(|| Owner::from_bits(word as u16))
}

struct Scene {
    members: Members<LoomWord>,
    /// Names life 1 of `BUSY`, whose 256th life is over.
    word: LoomWord,
}

const LAST: Life = Life::from_bits(256 << 8);

impl Scene {
    fn new() -> Arc<Self> {
        let members = Members::<LoomWord>::new(3, 0);
        for index in [SOUND, LATE] {
            members.enter(index).expect("a life");
        }
        members.entry(BUSY).life.store(LAST.bits(), Relaxed);
        members.entry(BUSY).clean.store(1, Relaxed);
        Arc::new(Self { members, word: LoomWord::new(name(Owner::new(BUSY, 1))) })
    }

    /// Takes the word, if its owner is gone.
    fn reclaim(&self, me: u8) -> bool {
        let judge = Judge::new(&self.members, me);
        judge
            .condemn(&self.word, owner_of, |_, _| false)
            .is_some_and(|found| self.word.compare_exchange(found, 0, AcqRel, Acquire).is_ok())
    }

    fn pass(&self, me: u8) -> bool {
        let pass = Pass::begin(&self.members, |_, _| false);
        let reclaimed = self.reclaim(me);
        pass.complete(&self.members, &[]);
        reclaimed
    }

    /// The next life, if it may begin, takes the word.
    fn enter_and_take(&self) -> Option<u64> {
        let next = membership::next_life(&self.members, BUSY, LAST)?;
        membership::begin(&self.members, BUSY, LAST, next).expect("no other entrant");
        let mine = name(next.owner(BUSY));
        self.word.compare_exchange(0, mine, AcqRel, Acquire).ok().map(|_| mine)
    }
}

#[test]
fn a_recoverer_takes_nothing_from_a_living_owner_of_the_same_name() {
    check(3, || {
        let scene = Scene::new();
        let (late, entrant) = (Arc::clone(&scene), Arc::clone(&scene));
        let late = thread::spawn(move || late.reclaim(LATE));
        let heir = run(move || {
            let reclaimed = entrant.pass(SOUND);
            (reclaimed, entrant.enter_and_take())
        });
        let by_late = late.join().unwrap();
        assert!(by_late != heir.0, "one of them takes it");
        if let Some(mine) = heir.1 {
            assert_eq!(scene.word.load(Acquire), mine, "the living owner lost it");
        }
    });
}

#[test]
fn what_a_pass_calls_clean_is_gone_for_the_entrant() {
    check(3, || {
        let scene = Scene::new();
        let [late, passing, entrant] = [1, 2, 3].map(|_| Arc::clone(&scene));
        let late = thread::spawn(move || late.reclaim(LATE));
        let passing = thread::spawn(move || passing.pass(SOUND));
        let heir = run(move || entrant.enter_and_take());
        assert!(late.join().unwrap() != passing.join().unwrap(), "one of them takes it");
        if let Some(mine) = heir {
            assert_eq!(scene.word.load(Acquire), mine, "the living owner lost it");
        }
    });
}

#[test]
fn a_life_that_is_seen_has_its_identity() {
    check(3, || {
        let members = Arc::new(Members::<LoomWord>::new(1, 0));
        let identity = loom::sync::Arc::new(LoomPayload::new());
        let (table, written) = (Arc::clone(&members), identity.clone());
        let entrant = thread::spawn(move || {
            written.write(7);
            table.enter(0).expect("a life");
        });
        run(move || {
            if members.life(0).is_live() {
                assert_eq!(identity.read(), 7);
                assert_eq!(members.entered(), 1);
            }
        });
        entrant.join().unwrap();
    });
}

/// What an owner did before its end is seen by those that take its words.
#[test]
fn what_the_dead_did_is_seen_by_the_recoverer() {
    check(3, || {
        let members = Arc::new(Members::<LoomWord>::new(2, 0));
        let life = members.enter(BUSY).expect("a life");
        members.enter(SOUND).expect("a life");
        let word = Arc::new(LoomWord::new(0));
        let message = loom::sync::Arc::new(LoomPayload::new());
        let (table, own, written) = (Arc::clone(&members), Arc::clone(&word), message.clone());
        let dying = thread::spawn(move || {
            written.write(7);
            own.store(name(life.owner(BUSY)), Release);
            membership::free(&*table, BUSY, life)
        });
        run(move || {
            let judge = Judge::new(&*members, SOUND);
            if judge.condemn(&word, owner_of, |_, _| false).is_some() {
                assert_eq!(message.read(), 7);
            }
        });
        assert!(dying.join().unwrap());
    });
}
