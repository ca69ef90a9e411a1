//! A Lock word {held, died, owner, serial} with an event count for its sleepers, against deaths.
//!
//! Each access is sequentially consistent here; `loom_event.rs` is about the orders of memory.
//! Participant 1 has two threads, participant 2 has one. Nobody looks again after some time, unless
//! `looks` says so: a sleeper that is not woken sleeps for ever.

use crate::explore::{Model, Runs, Steps, holds, large};

const THREADS: usize = 3;
/// The participant of each thread.
const OF: [u8; THREADS] = [1, 1, 2];

#[derive(Clone, Copy, Debug)]
struct Rules {
    /// A sleeper looks at the lock again after it registered.
    look_again: bool,
    /// The kernel lets a sleeper sleep only while the sequence stands.
    sequence: bool,
    /// A release announces after the lock is free.
    announce_after: bool,
    /// A waker that woke nobody takes the registrations back only if none came since.
    heal_by_exchange: bool,
    /// A sleeper that was woken tries once more, even if its time is over.
    try_when_woken: bool,
    /// A guard releases only the word that it remembers.
    own_word: bool,
    /// Each hold has another serial.
    serial: bool,
    /// A recoverer frees only the word that it judged.
    judged_word: bool,
    /// A lock that a recoverer frees says that its owner died.
    died: bool,
    /// That stays until a guard acknowledges it.
    died_stays: bool,
    /// A recoverer wakes the sleepers, after it freed the lock.
    recoverer_wakes: bool,
}

const ALL: Rules = Rules {
    look_again: true,
    sequence: true,
    announce_after: true,
    heal_by_exchange: true,
    try_when_woken: true,
    own_word: true,
    serial: true,
    judged_word: true,
    died: true,
    died_stays: true,
    recoverer_wakes: true,
};

/// The lock word. Owner 0 is free.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
struct Word {
    owner: u8,
    died: bool,
    serial: u8,
}

/// The event count.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
struct Event {
    registrations: u8,
    sequence: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
enum At {
    #[default]
    Rest,
    Ended,
    // acquire
    Load,
    Take,
    Register,
    Sleep,
    Asleep,
    Woken,
    GiveUp,
    LastLoad,
    LastTake,
    // hold
    Holds,
    Acknowledge,
    Release,
    // announce
    Announce,
    Move,
    Wake,
    Heal,
    // release by another
    Foreign,
    FreeForeign,
    // recover
    Judge,
    Repair,
    Recovered,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
struct Thread {
    at: At,
    /// The lock word as seen, or as the guard remembers it.
    word: Word,
    event: Event,
    /// Whether another took the lock from this guard.
    void: bool,
    registered: bool,
    /// The time is over.
    late: bool,
    /// It announces what it is about to do.
    early: bool,
    /// The dead that a recoverer deals with.
    recovers: [bool; 3],
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
struct Left {
    acquires: u8,
    deaths: u8,
    give_ups: u8,
    foreign: u8,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct State {
    word: Word,
    event: Event,
    threads: [Thread; THREADS],
    /// Participants that died, and those of them that no recovery has dealt with.
    dead: [bool; 3],
    unrecovered: [bool; 3],
    /// A holder died, and no guard has put the data right since.
    dirty: bool,
    serials: u8,
    left: Left,
}

struct Lock {
    rules: Rules,
    /// Whether sleepers look again after some time.
    looks: bool,
    left: Left,
}

impl State {
    fn holder(&self) -> Option<usize> {
        self.threads.iter().position(|t| t.holds() && !t.void)
    }
}

impl Thread {
    fn holds(&self) -> bool {
        matches!(self.at, At::Holds | At::Acknowledge | At::Release)
    }
    fn announced(&mut self) {
        self.event = Event::default();
        if self.early {
            (self.at, self.early) = (At::Release, false);
        } else if self.recovers != [false; 3] {
            self.at = At::Recovered;
        } else {
            self.done();
        }
    }
    /// Rests, and remembers nothing.
    fn done(&mut self) {
        *self = Self::default();
    }
}

impl Lock {
    fn go(&self, state: &State, who: usize, steps: &mut Steps<State>) {
        let me = state.threads[who];
        let rules = &self.rules;
        let mut next = state.clone();
        let mut fault = None;
        let State { word, event, threads, unrecovered, dirty, serials, .. } = &mut next;
        let t = &mut threads[who];
        match me.at {
            At::Rest | At::Ended | At::Asleep => return,

            At::Load | At::LastLoad => {
                t.word = *word;
                t.at = match (word.owner, me.at) {
                    (0, At::Load) => At::Take,
                    (0, _) => At::LastTake,
                    (_, At::LastLoad) => At::Rest,
                    _ if me.registered => At::Sleep,
                    _ => At::Register,
                };
                if t.at == At::Rest {
                    t.done();
                }
            }
            At::Take | At::LastTake if *word != me.word => {
                t.at = if me.at == At::Take { At::Load } else { At::LastLoad };
            }
            At::Take | At::LastTake => {
                if rules.serial {
                    *serials += 1;
                }
                let told = word.died;
                let died = word.died && rules.died_stays;
                *word = Word { owner: OF[who], died, serial: *serials };
                *t = Thread { at: At::Holds, word: *word, ..Thread::default() };
                if *dirty && !told {
                    fault = Some("half-written data, and the guard does not say so".into());
                }
                if let Some(other) = state.holder() {
                    fault = Some(format!("{} holds it too", other + 1));
                }
            }
            At::Register => {
                t.event = *event;
                t.registered = true;
                event.registrations += 1;
                t.at = if rules.look_again { At::Load } else { At::Sleep };
            }
            At::Sleep => {
                // FUTEX_WAIT: compares and sleeps in one step.
                let stands = event.sequence == me.event.sequence || !rules.sequence;
                t.registered = false;
                t.word = Word::default();
                t.at = if stands { At::Asleep } else { At::Load };
            }
            At::GiveUp => {
                // Its registration, unless a waker may have taken it.
                if event.sequence == me.event.sequence && event.registrations != 0 {
                    event.registrations -= 1;
                }
                t.event = Event::default();
                t.at = if me.late { At::LastLoad } else { At::Load };
            }
            At::Woken if !state.threads[who].late => t.at = At::Load,
            At::Woken => {
                t.at = At::GiveUp;
                if !rules.try_when_woken {
                    t.done();
                }
            }

            At::Holds => {
                t.at = if rules.announce_after { At::Release } else { At::Announce };
                t.early = !rules.announce_after;
                if me.word.died {
                    // It puts the data right and says so, or leaves both as they are.
                    let mut next = state.clone();
                    next.threads[who].at = At::Acknowledge;
                    steps.to(|| format!("{}: puts the data right", who + 1), next);
                }
            }
            At::Acknowledge => {
                if *word == me.word {
                    *dirty = false;
                    word.died = false;
                    t.word = *word;
                }
                t.at = At::Release;
            }
            At::Release => {
                let own = match (rules.own_word, rules.serial) {
                    (true, true) => *word == me.word,
                    (true, false) => word.owner == me.word.owner,
                    (false, _) => word.owner != 0,
                };
                if own && me.void {
                    fault = Some("a guard releases what another holds".into());
                }
                t.word = Word::default();
                t.void = false;
                if own {
                    word.owner = 0;
                    t.at = At::Announce;
                    if !rules.announce_after {
                        t.done();
                    }
                } else {
                    t.done();
                }
            }

            At::Announce => {
                t.event = *event;
                t.at = At::Move;
                if event.registrations == 0 {
                    t.announced();
                }
            }
            At::Move if *event != me.event => t.at = At::Announce,
            At::Move => {
                event.sequence += 1;
                t.event = *event;
                t.at = At::Wake;
            }
            At::Wake => {
                // A recoverer wakes all, a release wakes one: any of them.
                let asleep = |i: &usize| state.threads[*i].at == At::Asleep;
                let sleepers: Vec<usize> = (0..THREADS).filter(asleep).collect();
                let wake = |n: &mut State, i: usize| n.threads[i].at = At::Woken;
                let label = |woken: &[usize]| format!("{}: wakes {woken:?}", who + 1);
                next.threads[who].at = At::Heal;
                if me.recovers != [false; 3] {
                    sleepers.iter().for_each(|&i| wake(&mut next, i));
                    return steps.to(|| label(&sleepers), next);
                }
                for &i in &sleepers {
                    let mut next = next.clone();
                    wake(&mut next, i);
                    next.threads[who].announced();
                    steps.to(|| label(&[i]), next);
                }
                if sleepers.is_empty() {
                    steps.to(|| label(&[]), next);
                }
                return;
            }
            At::Heal => {
                if *event == me.event || !rules.heal_by_exchange {
                    event.registrations = 0;
                }
                t.announced();
            }

            At::Foreign => {
                t.word = *word;
                t.at = At::FreeForeign;
                if word.owner == 0 {
                    t.done();
                }
            }
            At::FreeForeign if *word != me.word => t.at = At::Foreign,
            At::FreeForeign => {
                word.owner = 0;
                // The caller vouches for the data, whether the holder lives or not.
                *dirty &= word.died;
                t.word = Word::default();
                t.at = At::Announce;
                if let Some(holder) = state.holder() {
                    threads[holder].void = true;
                }
            }

            At::Judge => {
                t.word = *word;
                let gone = word.owner != 0 && state.dead[usize::from(word.owner)];
                t.at = if gone { At::Repair } else { At::Announce };
                if !gone {
                    t.word = Word::default();
                }
            }
            At::Repair => {
                if *word == me.word || !rules.judged_word {
                    (word.owner, word.died) = (0, rules.died);
                    if let Some(holder) = state.holder() {
                        fault = Some(format!("{} lives, and loses the lock", holder + 1));
                    }
                }
                t.word = Word::default();
                t.at = At::Announce;
                if !rules.recoverer_wakes {
                    t.at = At::Recovered;
                }
            }
            At::Recovered => {
                unrecovered.iter_mut().zip(me.recovers).for_each(|(left, done)| *left &= !done);
                t.done();
            }
        }
        let label = || format!("{}: {:?} {:?}", who + 1, me.at, me.word);
        match fault {
            Some(fault) => steps.fault(label, next, fault),
            None => steps.to(label, next),
        }
    }
}

impl Lock {
    /// What `who` may begin, or what may happen to it.
    fn begin(&self, state: &State, who: usize, steps: &mut Steps<State>) {
        let me = state.threads[who];
        let mut to = |what: &str, change: &dyn Fn(&mut Thread, &mut Left)| {
            let mut next = state.clone();
            change(&mut next.threads[who], &mut next.left);
            steps.to(|| format!("{}: {what}", who + 1), next);
        };
        let left = state.left;
        if me.at == At::Rest {
            if left.acquires > 0 {
                to("acquires", &|t, left| {
                    left.acquires -= 1;
                    t.at = At::Load;
                });
            }
            if left.foreign > 0 {
                to("releases what another holds", &|t, left| {
                    left.foreign -= 1;
                    t.at = At::Foreign;
                });
            }
            if state.unrecovered != [false; 3] {
                to("recovers", &|t, _| {
                    t.recovers = state.unrecovered;
                    t.at = At::Judge;
                });
            }
        }
        if matches!(me.at, At::Asleep | At::Woken) && !me.late && left.give_ups > 0 {
            to("has no more time", &|t, left| {
                left.give_ups -= 1;
                t.late = true;
                t.at = if me.at == At::Asleep { At::GiveUp } else { At::Woken };
            });
        }
        if me.at == At::Asleep && self.looks {
            to("looks again", &|t, _| t.at = At::GiveUp);
        }
    }

    fn die(&self, state: &State, participant: u8, steps: &mut Steps<State>) {
        if state.left.deaths == 0 || state.dead[usize::from(participant)] {
            return;
        }
        let mut next = state.clone();
        next.left.deaths -= 1;
        next.dirty |= state.word.owner == participant;
        next.dead[usize::from(participant)] = true;
        next.unrecovered[usize::from(participant)] = true;
        for (thread, of) in next.threads.iter_mut().zip(OF) {
            if of == participant {
                *thread = Thread { at: At::Ended, ..Thread::default() };
            }
        }
        steps.to(|| format!("participant {participant} dies"), next);
    }
}

impl Model for Lock {
    type State = State;

    fn start(&self) -> State {
        State { left: self.left, ..State::default() }
    }

    fn steps(&self, state: &State, steps: &mut Steps<State>) {
        for who in 0..THREADS {
            self.go(state, who, steps);
            self.begin(state, who, steps);
        }
        (1..=2).for_each(|participant| self.die(state, participant, steps));
    }

    fn check(&self, state: &State) -> Result<(), String> {
        let quiet = |t: &Thread| matches!(t.at, At::Rest | At::Ended | At::Asleep);
        if !state.threads.iter().all(quiet) || state.unrecovered != [false; 3] {
            return Ok(());
        }
        if state.word.owner != 0 {
            return Err(format!("nobody holds it, and it stays locked: {state:?}"));
        }
        match state.threads.iter().position(|t| t.at == At::Asleep) {
            Some(who) => Err(format!("{} sleeps for ever beside a free lock", who + 1)),
            None => Ok(()),
        }
    }
}

/// Three threads of living participants, one of which may run out of time.
fn contended(rules: Rules) -> Lock {
    let left = Left { acquires: 4, give_ups: 1, ..Left::default() };
    Lock { rules, looks: false, left }
}

/// Either participant dies.
fn deaths(rules: Rules) -> Lock {
    let left = Left { acquires: 4, deaths: 1, ..Left::default() };
    Lock { rules, looks: false, left }
}

/// One releases what another holds.
fn foreign(rules: Rules) -> Lock {
    let left = Left { acquires: 3, foreign: 1, ..Left::default() };
    Lock { rules, looks: false, left }
}

#[test]
fn lock_holds() {
    holds("contended", &contended(ALL));
    holds("deaths", &deaths(ALL));
    holds("foreign", &foreign(ALL));
    holds("looks", &Lock { looks: true, ..deaths(ALL) });
    if large() {
        let left = Left { acquires: 4, give_ups: 1, foreign: 1, deaths: 1 };
        holds("all", &Lock { left, ..deaths(ALL) });
        holds("all, looks", &Lock { looks: true, left, ..deaths(ALL) });
    }
}

#[test]
fn each_rule_of_lock_is_needed() {
    let sleeps = "sleeps for ever";
    let mut rules = Runs::default();
    for (name, without) in [
        ("look_again", Rules { look_again: false, ..ALL }),
        ("sequence", Rules { sequence: false, ..ALL }),
        ("announce_after", Rules { announce_after: false, ..ALL }),
        ("heal_by_exchange", Rules { heal_by_exchange: false, ..ALL }),
        ("try_when_woken", Rules { try_when_woken: false, ..ALL }),
    ] {
        rules.fails(name, sleeps, &contended(without));
    }
    for (name, expected, without) in [
        ("judged_word", "loses the lock", Rules { judged_word: false, ..ALL }),
        ("died", "half-written", Rules { died: false, ..ALL }),
        ("died_stays", "half-written", Rules { died_stays: false, ..ALL }),
        ("recoverer_wakes", sleeps, Rules { recoverer_wakes: false, ..ALL }),
    ] {
        rules.fails(name, expected, &deaths(without));
    }
    let releases = "what another holds";
    for (name, without) in
        [("own_word", Rules { own_word: false, ..ALL }), ("serial", Rules { serial: false, ..ALL })]
    {
        rules.fails(name, releases, &foreign(without));
    }
}
