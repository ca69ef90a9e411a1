//! Lives of participants, with a recoverer or an entrant killed or stopped before every single
//! access: no living owner loses a word, and nothing that was left stays hidden.

mod support;

use std::sync::Arc;

use ringway_core::block::Block;
use ringway_core::membership::{self, Life, Pass, Table};
use ringway_core::owner::Owner;
use ringway_core::position::Position;
use ringway_core::state::{Lane, State};
use ringway_core::word::{
    Ordering::{Acquire, Release},
    Word,
};
use support::audit;
use support::heap::Queue;
use support::members::Members;
use support::party::Party;
use support::steps::{StepWord, Stepped};

type Member = Party<StepWord>;

/// Generations that words tell apart.
const DISTINCT: u64 = 256;
/// Before some of the places where eight bits of them go round.
const LIVES: [u64; 5] = [0, 1, 126, 255, 256];
/// The entries of the scenes: one that goes on, one with many lives, one that is late, and one that
/// is dead from the beginning.
const SOUND: u8 = 0;
const BUSY: u8 = 1;
const LATE: u8 = 2;
const OTHER: u8 = 3;

struct Scene {
    members: Arc<Members<StepWord>>,
    queue: Arc<Queue<StepWord>>,
    /// The participant at `SOUND`.
    sound: Member,
}

impl Scene {
    fn new(lives: u64) -> Self {
        let members = Arc::new(Members::new(4, lives));
        let queue = Queue::new(1, 3, 0);
        Party::fill_free_ring(&queue);
        let life = members.enter(SOUND).expect("a life");
        let sound = Self::party(&queue, SOUND, life);
        Self { members, queue, sound }
    }

    fn party(queue: &Arc<Queue<StepWord>>, index: u8, life: Life) -> Member {
        let owner = life.owner(index);
        Party::new(queue, index, owner.generation()).keeping(0)
    }

    fn enter(&self, index: u8) -> (Life, Member) {
        let life = self.members.enter(index).expect("a life");
        (life, Self::party(&self.queue, index, life))
    }

    /// A participant at `BUSY` that holds a block, and the block.
    fn holder(&self) -> (Life, Member, Block) {
        let (life, party) = self.enter(BUSY);
        let block = party.take().expect("a block").block();
        (life, party, block)
    }

    /// The participant at `BUSY` dies, or leaves with words left behind it.
    fn end(&self, life: Life, how: End) {
        match how {
            End::Death => self.members.bury(BUSY, life),
            End::Leaving => assert!(membership::free(&*self.members, BUSY, life)),
        }
    }

    /// Whether a block still names that life of `BUSY`.
    fn names(&self, life: Life) -> bool {
        self.queue.blocks().any(|block| match self.queue.state(block) {
            State::Held { owner, .. } => owner == life.owner(BUSY),
            _ => false,
        })
    }

    /// What is left of a life that is over is not taken for gone.
    fn check_clean(&self, over: Life) {
        if self.names(over) {
            let clean = self.members.clean(BUSY);
            assert!(clean <= over.generation(), "{clean} with words left of {over:?}");
        }
    }

    /// An entrant comes, if it may.
    fn enter_if_over(&self, index: u8) {
        let life = self.members.life(index);
        if !life.is_live() || self.members.is_dead(index, life) {
            self.enter(index);
        }
    }

    /// Recovers everything, if something is left.
    fn settle(&self) {
        let passes = (0..4).take_while(|_| self.sound.pass(&self.members).is_some()).count();
        assert!(passes < 4, "a pass leaves something each time");
    }

    /// Everything is where it was.
    fn audit(&self) {
        audit::blocks(&Party::new(&self.queue, 100, 1).keeping(0));
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Death,
    Leaving,
}

/// Which word the dead participant left, and the living one writes again if it has the same name.
fn words(owner: Owner, position: Position) -> [State; 3] {
    [
        State::Held { lane: Lane::Free, owner, position },
        State::Held { lane: Lane::Messages, owner, position },
        // Its put has not published the block yet.
        State::Queued { lane: Lane::Messages, owner, position },
    ]
}

/// C4: a recoverer is stopped between its look at a word and its CAS, the entry has 256 lives, and
/// the word is back.
#[test]
fn c4_a_recoverer_that_is_stopped_for_256_lives_takes_nothing_from_the_living() {
    let position = Position::new(5);
    for lives in LIVES {
        for kind in 0..3 {
            let mut skipped = 0;
            for accesses in 0.. {
                let scene = Scene::new(lives);
                let (dead, _, block) = scene.holder();
                let word = |life: Life| words(life.owner(BUSY), position)[kind].pack();
                scene.queue.state_word(block).store(word(dead), Release);
                scene.members.bury(BUSY, dead);
                let (_, late) = scene.enter(LATE);
                let members = Arc::clone(&scene.members);
                let run = Stepped::new(move || {
                    late.pass(&members);
                    late.leave();
                });
                let stands = run.step(accesses);
                scene.settle();
                let mut before = dead;
                while before.generation() + 1 < dead.generation() + DISTINCT {
                    let life = scene.members.live_once(BUSY);
                    skipped += life.generation() - before.generation() - 1;
                    before = life;
                }
                let (heir, party) = scene.enter(BUSY);
                skipped += heir.generation() - before.generation() - 1;
                // The late one may have this very block in its hands.
                let got: Vec<Block> =
                    (0..3).map_while(|_| party.take().ok()).map(|owned| owned.block()).collect();
                let has_block = got.contains(&block);
                if has_block {
                    scene.queue.state_word(block).store(word(heir), Release);
                }
                run.finish().expect("it lives");
                let found = scene.queue.state_word(block).load(Acquire);
                assert!(!has_block || found == word(heir), "stopped before access {accesses}");
                assert_eq!(scene.members.life(BUSY), heir, "stopped before access {accesses}");
                if !stands {
                    break;
                }
            }
            assert!(skipped > 0, "a stopped recoverer costs a number now and then");
        }
    }
}

/// A recoverer dies where it stands; its hazard costs a number until the entry is used again.
#[test]
fn a_recoverer_that_dies_at_any_access_leaves_its_work_to_others() {
    for lives in LIVES {
        for accesses in 0.. {
            let scene = Scene::new(lives);
            let (dead, ..) = scene.holder();
            scene.members.bury(BUSY, dead);
            let (late_life, late) = scene.enter(LATE);
            let members = Arc::clone(&scene.members);
            let run = Stepped::new(move || late.pass(&members));
            let stands = run.step(accesses);
            let died = run.kill().is_none();
            if died {
                scene.members.bury(LATE, late_life);
            } else {
                scene.members.leave(LATE, late_life);
            }
            scene.settle();
            assert!(!scene.names(dead));
            let skipped = |scene: &Scene| -> u64 {
                let first = scene.members.life(BUSY).generation();
                (0..DISTINCT).for_each(|_| _ = scene.members.live_once(BUSY));
                scene.members.life(BUSY).generation() - first - DISTINCT
            };
            assert!(skipped(&scene) <= u64::from(died));
            scene.members.live_once(LATE);
            assert_eq!(skipped(&scene), 0);
            scene.audit();
            if !stands {
                break;
            }
        }
    }
}

/// Nobody lives long enough to look: the names would go round.
#[test]
fn no_life_begins_whose_name_is_left_somewhere() {
    for lives in LIVES {
        let scene = Scene::new(lives);
        let (dead, ..) = scene.holder();
        scene.members.bury(BUSY, dead);
        let mut count = 0;
        while let Some(life) = scene.members.enter(BUSY) {
            assert_ne!(life.owner(BUSY), dead.owner(BUSY));
            scene.members.bury(BUSY, life);
            count += 1;
        }
        assert_eq!(count, DISTINCT - 1, "all other names are used");
        scene.settle();
        assert!(!scene.names(dead));
        scene.members.live_once(BUSY);
        scene.audit();
    }
}

/// C11: an entrant is stopped, or dies, while it makes the entry of a dead participant its own.
#[test]
fn c11_an_entrant_that_is_stopped_at_any_access_hides_nothing_of_the_dead() {
    for lives in LIVES {
        for end in [End::Death, End::Leaving] {
            for kill in [false, true] {
                for accesses in 0.. {
                    let scene = Scene::new(lives);
                    let (dead, ..) = scene.holder();
                    scene.end(dead, end);
                    let members = Arc::clone(&scene.members);
                    let run = Stepped::new(move || members.enter(BUSY));
                    let stands = run.step(accesses);
                    assert_eq!(scene.sound.pass(&scene.members), Some(1), "after {accesses}");
                    assert!(!scene.names(dead));
                    let entered = if kill { run.kill() } else { run.finish() };
                    if let Some(life) = entered {
                        assert_ne!(life.expect("it may enter").owner(BUSY), dead.owner(BUSY));
                    }
                    let found = scene.members.life(BUSY);
                    if found.is_live() {
                        assert!(scene.members.entered() > BUSY.into());
                        scene.members.bury(BUSY, found);
                    }
                    scene.enter(BUSY);
                    scene.audit();
                    if !stands {
                        break;
                    }
                }
            }
        }
    }
}

/// It had chosen a number, and the next entrant chooses an earlier one.
#[test]
fn an_entrant_that_dies_at_any_access_hides_nothing_of_those_after_it() {
    for lives in LIVES {
        for adopts in [false, true] {
            for is_named in [false, true] {
                for accesses in 0.. {
                    let scene = Scene::new(lives);
                    if adopts {
                        let (dead, ..) = scene.holder();
                        scene.members.bury(BUSY, dead);
                    }
                    let hazard = scene.members.entry(LATE).hazard;
                    if is_named {
                        let next = scene.members.life(BUSY).generation() + 1;
                        let owner = Owner::new(BUSY, next as u8);
                        hazard.store(1 << 16 | u64::from(owner.bits()), Release);
                    }
                    let members = Arc::clone(&scene.members);
                    let run = Stepped::new(move || members.enter(BUSY));
                    let stands = run.step(accesses);
                    run.kill();
                    hazard.store(0, Release);
                    let found = scene.members.life(BUSY);
                    if found.is_live() {
                        scene.members.bury(BUSY, found);
                    }
                    // The next one dies with a block, and the one after it lives.
                    let (next, ..) = scene.holder();
                    scene.members.bury(BUSY, next);
                    scene.check_clean(next);
                    scene.enter(BUSY);
                    scene.check_clean(next);
                    let blocks = if adopts { 2 } else { 1 };
                    assert_eq!(scene.sound.pass(&scene.members), Some(blocks));
                    assert!(!scene.names(next));
                    scene.audit();
                    if !stands {
                        break;
                    }
                }
            }
        }
    }
}

/// What begins to be left while a pass goes on is left to the next one.
#[test]
fn a_pass_that_is_stopped_at_any_access_calls_nothing_clean_that_it_did_not_see() {
    for lives in LIVES {
        for end in [End::Death, End::Leaving] {
            for kill in [false, true] {
                for successors in 0..3 {
                    for accesses in 0.. {
                        let scene = Scene::new(lives);
                        let (corpse, party) = scene.enter(OTHER);
                        let _taken = party.take().expect("a block");
                        scene.members.bury(OTHER, corpse);
                        let (first, ..) = scene.holder();
                        let (late_life, late) = scene.enter(LATE);
                        let members = Arc::clone(&scene.members);
                        let run = Stepped::new(move || late.pass(&members));
                        let stands = run.step(accesses);
                        let mut over = vec![first];
                        scene.end(first, end);
                        for _ in 0..successors {
                            let (next, party) = scene.enter(BUSY);
                            if party.take().is_ok() {
                                scene.end(next, end);
                                over.push(next);
                            }
                        }
                        if kill {
                            if run.kill().is_none() {
                                scene.members.bury(LATE, late_life);
                            }
                        } else {
                            run.finish();
                        }
                        over.iter().for_each(|&life| scene.check_clean(life));
                        scene.enter_if_over(BUSY);
                        over.iter().for_each(|&life| scene.check_clean(life));
                        scene.settle();
                        assert!(over.iter().all(|&life| !scene.names(life)), "found by none");
                        scene.audit();
                        if !stands {
                            break;
                        }
                    }
                }
            }
        }
    }
}

/// An entry is adopted, and its participant leaves before a pass has looked.
#[test]
fn a_participant_that_leaves_answers_for_no_earlier_lives() {
    for lives in LIVES {
        for adopters in 1..3 {
            let scene = Scene::new(lives);
            let (dead, ..) = scene.holder();
            scene.members.bury(BUSY, dead);
            for _ in 0..adopters {
                scene.members.live_once(BUSY);
                scene.check_clean(dead);
            }
            assert_eq!(scene.sound.pass(&scene.members), Some(1));
            assert!(!scene.names(dead));
            scene.audit();
        }
    }
}

/// A pass that knows of no words outside the objects of the dead skips the others.
#[test]
fn a_pass_that_skips_objects_calls_only_those_clean_that_it_freed() {
    for lives in LIVES {
        for is_freed in [false, true] {
            let scene = Scene::new(lives);
            scene.settle();
            let (corpse, _) = scene.enter(OTHER);
            scene.members.bury(OTHER, corpse);
            let is_dead = |index, life| (index, life) == (OTHER, corpse);
            let pass = Pass::begin(&*scene.members, is_dead);
            assert!(!pass.is_thorough(), "the dead one's own objects suffice");
            // Meanwhile another participant comes, dies with a block, and is adopted.
            let (first, ..) = scene.holder();
            scene.members.bury(BUSY, first);
            scene.enter(BUSY);
            let freed = [(OTHER, corpse)];
            if is_freed {
                assert!(membership::free(&*scene.members, OTHER, corpse));
            }
            pass.complete(&*scene.members, if is_freed { &freed } else { &[] });
            let clean = scene.members.clean(OTHER);
            let due = corpse.generation() + u64::from(is_freed);
            assert_eq!(clean, due, "the objects of a life that it did not free were not its own");
            scene.check_clean(first);
            assert_eq!(scene.sound.pass(&scene.members), Some(1));
            scene.audit();
        }
    }
}

#[test]
fn a_participant_that_dies_at_any_access_of_leaving_is_freed() {
    for lives in LIVES {
        for accesses in 0.. {
            let scene = Scene::new(lives);
            let (life, _) = scene.enter(BUSY);
            let members = Arc::clone(&scene.members);
            let run = Stepped::new(move || members.leave(BUSY, life));
            let stands = run.step(accesses);
            run.kill();
            scene.members.bury(BUSY, life);
            scene.settle();
            assert!(scene.members.life(BUSY).is_free());
            assert_eq!(scene.members.live_once(BUSY).generation(), life.generation() + 1);
            assert_eq!(scene.sound.pass(&scene.members), None, "nothing is left");
            if !stands {
                break;
            }
        }
    }
}

#[test]
fn a_number_that_is_passed_over_is_no_reason_to_look() {
    let scene = Scene::new(7);
    scene.settle();
    let owner = Owner::new(BUSY, 8);
    scene.members.entry(LATE).hazard.store(1 << 16 | u64::from(owner.bits()), Release);
    let (life, _) = scene.enter(BUSY);
    assert_eq!(life.generation(), 9);
    assert_eq!(scene.sound.pass(&scene.members), None);
    scene.members.leave(BUSY, life);
    assert_eq!(scene.sound.pass(&scene.members), None);
}

#[test]
fn an_owner_outside_the_table_is_never_gone() {
    let members = Members::<StepWord>::new(2, 7);
    assert!(membership::is_gone(&members, Owner::new(1, 6), |_, _| false));
    assert!(!membership::is_gone(&members, Owner::new(2, 6), |_, _| true));
}
