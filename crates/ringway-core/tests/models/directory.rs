//! A directory entry against makers, openers, users, removers, clearers and recoverers, all of
//! which may die.
//!
//! ```text
//! 0 free --maker, under the latch--> 1 being made --> 2 live --remove--> 3 going
//! 3 going --no user--> 4 closing --second look: none--> 5 clearing --punched--> 0 free
//! 4 closing --second look: a user--> 3 going
//! 4 closing --a pass of recovery, whoever the owner is--> 3 going
//! 1 or 5 of an owner that is gone --a pass--> 5 of the recoverer
//! ```
//!
//! A user sets its word, then loads the life; a closer changes the life to 4, then looks at the
//! words. One of the two sees the other.
//!
//! A pass takes 4 back because it must not skip an object that may come back to 3: the dead may
//! have words in the body. Then the step of the closer fails, and the pass closes the object itself
//! if nobody uses it. For the same reason it closes every object that is going, also those that it
//! does not walk: a user may die after it cleared its word and before it looked.
//!
//! An owner is {index, generation} and taken as exact here: `sweep.rs` is about that. Each
//! participant has one thread. With two, an owner in state 4 would not tell them apart after a pass
//! took 4 back, so one thread of a process at a time closes.

use crate::explore::{Model, Runs, Steps, holds, large};

const ENTRIES: usize = 2;
const UNITS: usize = 3;
const ACTORS: usize = 3;

#[derive(Clone, Copy, Debug)]
struct Rules {
    /// An opener sets its word before it loads the life.
    word_before_life: bool,
    /// An opener that is refused looks at the life again after it cleared its word, and closes.
    refused_closes: bool,
    /// A user that closes loads the life after it cleared its word.
    clear_before_life: bool,
    /// A remover that is no user closes.
    remover_closes: bool,
    /// A closing process looks at the words again, in state 4.
    second_look: bool,
    /// After going back from 4 to 3 it looks once more.
    once_more: bool,
    /// State 5 is never left but for 0.
    no_way_back: bool,
    /// An entry that becomes free gets another generation.
    next_generation: bool,
    /// The maker sets its user word before the entry is live.
    maker_is_user: bool,
    /// The maker looks for the name first.
    look_for_name: bool,
    /// The maker has the latch while it looks for the name and makes the object.
    latch: bool,
    /// The maker writes offset and length before state 1, so that a successor knows what to punch.
    measure_first: bool,
    /// A recoverer frees the latch of a gone owner.
    free_latch: bool,
    /// A recoverer takes over state 1 of a gone owner.
    take_over_1: bool,
    /// A recoverer takes over state 5 of a gone owner.
    take_over_5: bool,
    /// A recoverer takes 4 back to 3, whoever the owner is, and walks the body.
    take_back: bool,
    /// So it does when it finds 4 after it set its word.
    take_back_late: bool,
    /// A recoverer walks an object that began to go since it first looked.
    going_too: bool,
    /// A recoverer walks only the object that its word names.
    same_object: bool,
    /// A recoverer is a user while it walks a body.
    role: bool,
    /// A recoverer closes every entry in state 3, not only those where a gone life was a user.
    close_all: bool,
}

const ALL: Rules = Rules {
    word_before_life: true,
    refused_closes: true,
    clear_before_life: true,
    remover_closes: true,
    second_look: true,
    once_more: true,
    no_way_back: true,
    next_generation: true,
    maker_is_user: true,
    look_for_name: true,
    latch: true,
    measure_first: true,
    free_latch: true,
    take_over_1: true,
    take_over_5: true,
    take_back: true,
    take_back_late: true,
    going_too: true,
    same_object: true,
    role: true,
    close_all: true,
};

/// {index + 1, generation} of a participant; zero is none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
struct Owner(u8, u8);

/// The life word of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
struct Life {
    state: u8,
    generation: u8,
    owner: Owner,
}

const MAKING: u8 = 1;
const LIVE: u8 = 2;
const GOING: u8 = 3;
const CLOSING: u8 = 4;
const CLEARING: u8 = 5;

impl Life {
    fn to(self, state: u8, owner: Owner) -> Self {
        Self { state, owner, ..self }
    }
}

/// {generation of the participant, generation of the object, roles}.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
struct User {
    participant: u8,
    object: u8,
    roles: u8,
}

const HANDLE: u8 = 1;
const RECLAIMER: u8 = 2;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
struct Entry {
    life: Life,
    offset: u8,
    length: u8,
    users: [User; ACTORS],
    /// The lives of each participant, as bits, that have words in the body.
    words: [u8; ACTORS],
    /// Which object it is, apart from all that the segment says.
    object: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
enum At {
    #[default]
    Rest,
    // make
    Latch,
    Scan(u8),
    Measure(u8),
    Make,
    MeasureLate(u8),
    Touch,
    MakerWord,
    GoLive,
    Unlatch,
    // open, close, remove
    Find(u8),
    SetWord,
    LoadLife,
    Refused,
    ClearWord,
    LifeAgain,
    FindName(u8),
    Remove,
    // close the entry
    Look(u8),
    ToClosing,
    SecondLook(u8),
    Back,
    ToClearing,
    Punch,
    Free,
    // a pass
    Dead(u8),
    LatchOwner,
    FreeLatch,
    Owner(u8),
    TakeOver,
    Walk(u8),
    TakeBack,
    Users(u8),
    Role,
    RoleLife,
    TakeBackLate,
    Body,
    ClearUser(u8),
    ClearRole,
    LifeAfter,
    FreeDead(u8),
    Done,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
struct Actor {
    alive: bool,
    /// Whether its participant entry is Live, with this generation.
    live: bool,
    generation: u8,
    at: At,
    /// The entry it is at, and its life as last seen.
    entry: u8,
    seen: Life,
    by_name: bool,
    /// The object that a handle names.
    wants: u8,
    /// The object that it has open, and its entry + 1.
    uses: u8,
    holds: u8,
    /// The object whose body it walks.
    walks: u8,
    /// 0 outside of a pass, 1 taking over, 2 walking the bodies.
    phase: u8,
    thorough: bool,
    raise: [u8; ACTORS],
    dead: [u8; ACTORS],
    gone: [u8; ACTORS],
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
struct Left {
    births: u8,
    deaths: u8,
    makes: u8,
    opens: u8,
    handles: u8,
    removes: u8,
    passes: u8,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct State {
    entries: [Entry; ENTRIES],
    /// The object that has memory there; 0 is a hole.
    memory: [u8; UNITS],
    latch: Owner,
    actors: [Actor; ACTORS],
    objects: u8,
    /// The life of each participant entry before which no words are left.
    clean: [u8; ACTORS],
    left: Left,
}

struct Directory {
    rules: Rules,
    entries: usize,
    actors: usize,
    /// Whether the first process has made an object at the start.
    made: bool,
    left: Left,
}

impl State {
    fn is_living(&self, owner: Owner) -> bool {
        owner.0 != 0 && {
            let a = &self.actors[usize::from(owner.0) - 1];
            a.alive && a.live && a.generation == owner.1
        }
    }
    /// Whether a user word counts, for a process that knows `dead`.
    fn counts(&self, entry: &Entry, i: usize, dead: &[u8; ACTORS]) -> bool {
        let (word, a) = (entry.users[i], &self.actors[i]);
        word.roles != 0
            && word.object == entry.life.generation
            && a.live
            && a.generation == word.participant
            && dead[i] != a.generation
    }
    /// Whether `owner` is gone, for a process that knows `dead`.
    fn is_gone(&self, owner: Owner, dead: &[u8; ACTORS]) -> bool {
        let i = usize::from(owner.0) - 1;
        let a = &self.actors[i];
        !a.live || a.generation != owner.1 || dead[i] == a.generation
    }
}

impl Entry {
    /// The units of memory that are its body.
    fn body(&self) -> std::ops::Range<u8> {
        self.offset..self.offset + self.length
    }
}

/// Where a body may be, as the maker in entry `e` sees it. Under the latch nobody else writes a
/// measure.
fn free_unit(entries: &[Entry], e: usize) -> u8 {
    let others =
        || entries.iter().enumerate().filter(|&(i, entry)| i != e && entry.life.state != 0);
    let is_taken = |unit: &u8| others().any(|(_, entry)| entry.body().contains(unit));
    (0..UNITS as u8).find(|unit| !is_taken(unit)).expect("more units than entries")
}

impl Actor {
    fn me(&self, who: usize) -> Owner {
        Owner(who as u8 + 1, self.generation)
    }
    /// Ends what it does with the entry.
    fn done(&mut self) {
        (self.seen, self.wants, self.by_name) = (Life::default(), 0, false);
        self.gone = [0; ACTORS];
        self.at = match self.phase {
            0 => At::Rest,
            1 => At::Owner(self.entry + 1),
            _ => At::Walk(self.entry + 1),
        };
        self.entry = 0;
    }
    fn opened(&mut self, object: u8) {
        (self.uses, self.holds) = (object, self.entry + 1);
        self.done();
    }
    fn roles_in(&self, entry: usize) -> u8 {
        if usize::from(self.holds) == entry + 1 { HANDLE } else { 0 }
    }
}

impl Directory {
    /// What `who` does next, if it is inside a call.
    fn go(&self, state: &State, who: usize, steps: &mut Steps<State>) {
        let me = state.actors[who];
        if me.at == At::Rest {
            return;
        }
        let mut next = state.clone();
        let rules = &self.rules;
        let e = usize::from(me.entry);
        let owner = me.me(who);
        let mut fault = None;
        let State { entries, memory, latch, actors, clean, objects, .. } = &mut next;
        let (entries, n) = (&mut entries[..self.entries], self.entries as u8);
        let a = &mut actors[who];
        match me.at {
            At::Rest => unreachable!(),

            At::Latch if *latch != Owner::default() && rules.latch => a.done(),
            At::Latch => {
                *latch = owner;
                a.at = At::Scan(0);
                a.entry = n;
            }
            At::Scan(i) if i == n => {
                a.at = match () {
                    () if me.entry == n => At::Unlatch,
                    () if rules.measure_first => At::Measure(0),
                    () => At::Make,
                }
            }
            At::Scan(i) => {
                let life = entries[usize::from(i)].life;
                a.at = At::Scan(i + 1);
                match life.state {
                    LIVE if rules.look_for_name => a.at = At::Unlatch, // The name is taken.
                    0 if me.entry == n => (a.entry, a.seen) = (i, life),
                    _ => (),
                }
            }
            At::Make if entries[e].life != me.seen => a.at = At::Unlatch,
            At::Make => {
                a.seen = me.seen.to(MAKING, owner);
                *objects += 1;
                a.wants = *objects;
                (entries[e].life, entries[e].object) = (a.seen, a.wants);
                a.at = if rules.measure_first { At::Touch } else { At::MeasureLate(0) };
            }
            At::Measure(i) | At::MeasureLate(i) => {
                if i == 0 {
                    entries[e].offset = free_unit(entries, e);
                } else {
                    entries[e].length = 1;
                }
                a.at = match (i, rules.measure_first) {
                    (0, true) => At::Measure(1),
                    (0, false) => At::MeasureLate(1),
                    (_, true) => At::Make,
                    (_, false) => At::Touch,
                };
            }
            At::Touch => {
                let unit = &mut memory[usize::from(entries[e].offset)];
                if *unit != 0 {
                    fault = Some(format!("object {} is made over {unit}", me.wants));
                }
                *unit = me.wants;
                a.at = At::MakerWord;
            }
            At::MakerWord => {
                let user =
                    User { participant: me.generation, object: me.seen.generation, roles: HANDLE };
                if rules.maker_is_user {
                    entries[e].users[who] = user;
                }
                a.at = At::GoLive;
            }
            At::GoLive => {
                entries[e].life = me.seen.to(LIVE, Owner::default());
                (a.uses, a.holds) = (me.wants, me.entry + 1);
                entries[e].words[who] |= 1 << me.generation;
                a.at = At::Unlatch;
            }
            At::Unlatch => {
                *latch = Owner::default();
                a.done();
            }

            At::Find(i) | At::FindName(i) if i == n => a.done(),
            At::Find(i) | At::FindName(i) => {
                let entry = &entries[usize::from(i)];
                let find = matches!(me.at, At::Find(_));
                a.at = if find { At::Find(i + 1) } else { At::FindName(i + 1) };
                if entry.life.state == LIVE {
                    (a.entry, a.seen, a.wants) = (i, entry.life, entry.object);
                    a.at = match find {
                        true if rules.word_before_life => At::SetWord,
                        true => At::LoadLife,
                        false => At::Remove,
                    };
                }
            }
            At::SetWord => {
                entries[e].users[who] =
                    User { participant: me.generation, object: me.seen.generation, roles: HANDLE };
                a.at = At::LoadLife;
                if !rules.word_before_life {
                    a.opened(entries[e].object);
                    entries[e].words[who] |= 1 << me.generation;
                }
            }
            At::LoadLife => {
                let life = entries[e].life;
                let open = life.generation == me.seen.generation
                    && (life.state == LIVE || life.state == GOING && !me.by_name);
                if !open {
                    a.at = if rules.word_before_life { At::Refused } else { At::Rest };
                    if !rules.word_before_life {
                        a.done();
                    }
                } else if rules.word_before_life {
                    if entries[e].object != me.wants {
                        fault = Some(format!("a handle on object {} opens another", me.wants));
                    }
                    a.opened(entries[e].object);
                    entries[e].words[who] |= 1 << me.generation;
                } else {
                    a.at = At::SetWord;
                }
            }
            At::Refused => {
                entries[e].users[who] = User::default();
                a.at = At::LifeAgain;
                if !rules.refused_closes {
                    a.done();
                }
            }
            At::ClearWord => {
                (a.uses, a.holds) = (0, 0);
                entries[e].words[who] &= !(1 << me.generation);
                entries[e].users[who] = User::default();
                a.at = At::LifeAgain;
                if !rules.clear_before_life {
                    a.at = if me.seen.state == GOING { At::Look(0) } else { At::Rest };
                }
                if a.at == At::Rest {
                    a.done();
                }
            }
            At::LifeAgain | At::LifeAfter => {
                a.seen = entries[e].life;
                a.at = At::Look(0);
                if a.seen.state != GOING {
                    a.done();
                }
            }
            At::Remove if entries[e].life != me.seen => a.done(),
            At::Remove => {
                a.seen = me.seen.to(GOING, Owner::default());
                entries[e].life = a.seen;
                a.at = At::Look(0);
                if !rules.remover_closes {
                    a.done();
                }
            }

            At::Look(i) | At::SecondLook(i) => {
                let second = matches!(me.at, At::SecondLook(_));
                let user = state.counts(&state.entries[e], usize::from(i), &me.dead);
                let last = usize::from(i) + 1 == self.actors;
                a.at = match (user, last, second) {
                    (true, _, true) => At::Back,
                    (true, _, false) => At::Rest,
                    (false, true, true) => At::ToClearing,
                    (false, true, false) => At::ToClosing,
                    (false, false, true) => At::SecondLook(i + 1),
                    (false, false, false) => At::Look(i + 1),
                };
                if a.at == At::Rest {
                    a.done();
                }
            }
            At::ToClosing if entries[e].life != me.seen => a.done(),
            At::ToClosing => {
                a.seen = me.seen.to(CLOSING, owner);
                entries[e].life = a.seen;
                a.at = if rules.second_look { At::SecondLook(0) } else { At::ToClearing };
            }
            At::Back | At::ToClearing if entries[e].life != me.seen => a.done(), // A pass took it back.
            At::Back => {
                a.seen = me.seen.to(GOING, Owner::default());
                entries[e].life = a.seen;
                a.at = At::Look(0);
                if !rules.once_more {
                    a.done();
                }
            }
            At::ToClearing => {
                a.seen = me.seen.to(CLEARING, owner);
                entries[e].life = a.seen;
                a.at = At::Punch;
            }
            At::Punch => {
                for unit in entries[e].body() {
                    let unit = &mut memory[usize::from(unit)];
                    if *unit != 0 && *unit != entries[e].object {
                        fault = Some(format!("object {unit} is punched by another"));
                    }
                    *unit = 0;
                }
                a.at = At::Free;
            }
            At::Free => {
                let generation = me.seen.generation + u8::from(rules.next_generation);
                entries[e].life = Life { generation, ..Life::default() };
                (entries[e].object, entries[e].words) = (0, [0; ACTORS]);
                a.done();
            }

            At::Dead(i) if usize::from(i) == self.actors => {
                a.at = if a.thorough || a.dead != [0; ACTORS] { At::LatchOwner } else { At::Done };
            }
            At::Dead(i) => {
                let other = &state.actors[usize::from(i)];
                let dead = other.live && !other.alive;
                a.dead[usize::from(i)] = if dead { other.generation } else { 0 };
                a.at = At::Dead(i + 1);
            }
            At::LatchOwner => {
                a.seen.owner = *latch;
                a.at = At::Owner(0);
                if *latch != Owner::default() && state.is_gone(*latch, &me.dead) {
                    a.at = if rules.free_latch { At::FreeLatch } else { At::Owner(0) };
                }
                if a.at == At::Owner(0) {
                    a.seen = Life::default();
                }
            }
            At::FreeLatch => {
                if *latch == me.seen.owner {
                    *latch = Owner::default();
                }
                a.seen = Life::default();
                a.at = At::Owner(0);
            }
            At::Owner(i) if i == n => (a.phase, a.at) = (2, At::Walk(0)),
            At::Owner(i) => {
                let life = entries[usize::from(i)].life;
                a.at = At::Owner(i + 1);
                let rule = match life.state {
                    MAKING => rules.take_over_1,
                    CLEARING => rules.take_over_5,
                    _ => false,
                };
                if rule && state.is_gone(life.owner, &me.dead) {
                    (a.entry, a.seen, a.phase) = (i, life, 1);
                    a.at = At::TakeOver;
                }
            }
            At::TakeOver if entries[e].life != me.seen => a.done(),
            At::TakeOver => {
                let closing = me.seen.state == CLEARING && !rules.no_way_back;
                a.seen = me.seen.to(if closing { CLOSING } else { CLEARING }, owner);
                entries[e].life = a.seen;
                a.at = if closing { At::SecondLook(0) } else { At::Punch };
            }
            At::Walk(i) if i == n => {
                (a.phase, a.at, a.entry) = (0, At::FreeDead(0), 0);
            }
            At::Walk(i) => {
                a.seen = entries[usize::from(i)].life;
                a.entry = i;
                a.at = match a.seen.state {
                    LIVE | GOING => At::Users(0),
                    CLOSING if rules.take_back => At::TakeBack,
                    _ => At::Rest,
                };
                if a.at == At::Rest {
                    a.done();
                }
            }
            At::TakeBack if entries[e].life != me.seen => a.at = At::Walk(me.entry),
            At::TakeBack => {
                a.seen = me.seen.to(GOING, Owner::default());
                entries[e].life = a.seen;
                a.at = At::Users(0);
            }
            At::Users(i) if usize::from(i) == self.actors => {
                if me.thorough || me.gone != [0; ACTORS] {
                    a.at = if rules.role { At::Role } else { At::RoleLife };
                } else if me.seen.state == GOING && rules.close_all {
                    a.at = At::Look(0);
                } else {
                    a.done();
                }
            }
            At::Users(i) => {
                let user = entries[e].users[usize::from(i)];
                let other = &state.actors[usize::from(i)];
                let gone = user.roles != 0
                    && (!other.live
                        || other.generation != user.participant
                        || me.dead[usize::from(i)] == user.participant);
                a.gone[usize::from(i)] = if gone { user.participant } else { 0 };
                a.at = At::Users(i + 1);
            }
            At::Role => {
                let roles = RECLAIMER | me.roles_in(e);
                let object = me.seen.generation;
                entries[e].users[who] = User { participant: me.generation, object, roles };
                a.at = At::RoleLife;
            }
            At::RoleLife => {
                let life = entries[e].life;
                // An object that was made later was never used by the dead.
                let same = life.generation == me.seen.generation || !rules.same_object;
                let open = same && (life == me.seen || life.state == GOING && rules.going_too);
                a.at = if open { At::Body } else { At::ClearRole };
                if same && life.state == CLOSING && rules.take_back_late {
                    (a.at, a.seen) = (At::TakeBackLate, life);
                } else if open {
                    a.walks = entries[e].object; // What it walks, from here on.
                }
            }
            At::TakeBackLate => {
                if entries[e].life == me.seen {
                    entries[e].life = me.seen.to(GOING, Owner::default());
                }
                a.at = At::RoleLife;
            }
            At::Body => {
                for (i, words) in entries[e].words.iter_mut().enumerate() {
                    let living = |g: &u8| !state.is_gone(Owner(i as u8 + 1, *g), &me.dead);
                    *words &= (0..8).filter(living).fold(0, |bits, g| bits | 1 << g);
                }
                a.walks = 0;
                a.at = At::ClearUser(0);
            }
            At::ClearUser(i) if usize::from(i) == self.actors => a.at = At::ClearRole,
            At::ClearUser(i) => {
                let gone = me.gone[usize::from(i)];
                let user = &mut entries[e].users[usize::from(i)];
                if gone != 0 && user.participant == gone {
                    *user = User::default();
                }
                a.gone[usize::from(i)] = 0;
                a.at = At::ClearUser(i + 1);
            }
            At::ClearRole => {
                a.gone = [0; ACTORS];
                let roles = me.roles_in(e);
                if rules.role {
                    let user = &mut entries[e].users[who];
                    user.roles = roles;
                    if roles == 0 {
                        *user = User::default();
                    }
                }
                a.at = At::LifeAfter;
            }
            At::FreeDead(i) if usize::from(i) == self.actors => a.at = At::Done,
            At::FreeDead(i) => {
                a.dead[usize::from(i)] = 0;
                a.at = At::FreeDead(i + 1);
                let other = &mut actors[usize::from(i)];
                if me.dead[usize::from(i)] == other.generation && other.live {
                    other.live = false;
                    if state.has_words(usize::from(i), 1 << other.generation) {
                        fault = Some(format!("{} is freed, and has words left", i + 1));
                    }
                }
            }
            At::Done => {
                for (i, raise) in me.raise.into_iter().enumerate().filter(|_| me.thorough) {
                    clean[i] = clean[i].max(raise);
                    if state.has_words(i, (1 << raise) - 1) {
                        fault = Some(format!("{} is said to be clean, and has words left", i + 1));
                    }
                }
                (a.phase, a.thorough, a.raise) = (0, false, [0; ACTORS]);
                a.done();
            }
        }
        let label = || format!("{}: {:?} of {}, {:?}", who + 1, me.at, me.entry, me.seen);
        match fault {
            Some(fault) => steps.fault(label, next, fault),
            None => steps.to(label, next),
        }
    }
}

impl Directory {
    /// What `who` may begin.
    fn begin(&self, state: &State, who: usize, steps: &mut Steps<State>) {
        let me = state.actors[who];
        let mut to = |what: &str, change: &dyn Fn(&mut State, &mut Actor, &mut Left)| {
            let (mut next, mut a, mut left) = (state.clone(), me, state.left);
            change(&mut next, &mut a, &mut left);
            (next.actors[who], next.left) = (a, left);
            steps.to(|| format!("{}: {what}", who + 1), next);
        };
        let left = state.left;
        if !me.alive {
            if left.births > 0 {
                to("is born", &|n, a, left| {
                    left.births -= 1;
                    if !a.live {
                        n.clean[who] = a.generation + 1;
                    }
                    (a.alive, a.live, a.generation) = (true, true, a.generation + 1);
                });
            }
            return;
        }
        if me.at != At::Rest {
            return;
        }
        if me.holds == 0 && left.makes > 0 {
            to("makes an object", &|_, a, left| {
                left.makes -= 1;
                a.at = At::Latch;
            });
        }
        if me.holds == 0 && left.opens > 0 {
            to("opens the name", &|_, a, left| {
                left.opens -= 1;
                (a.at, a.by_name) = (At::Find(0), true);
            });
        }
        for (e, entry) in state.entries[..self.entries].iter().enumerate() {
            if me.holds == 0 && left.handles > 0 && entry.life.state >= LIVE {
                to("opens by a handle", &|_, a, left| {
                    left.handles -= 1;
                    (a.entry, a.seen, a.wants) = (e as u8, entry.life, entry.object);
                    a.at = match self.rules.word_before_life {
                        true => At::SetWord,
                        false => At::LoadLife,
                    };
                });
            }
        }
        if me.holds != 0 {
            to("closes", &|_, a, _| {
                a.entry = me.holds - 1;
                a.seen = state.entries[usize::from(a.entry)].life;
                a.at = At::ClearWord;
            });
        }
        if left.removes > 0 {
            to("removes the name", &|_, a, left| {
                left.removes -= 1;
                a.at = At::FindName(0);
            });
        }
        if left.passes > 0 {
            to("begins a pass", &|n, a, left| {
                left.passes -= 1;
                n.begin_pass(a);
            });
        }
    }

    fn die(&self, state: &State, who: usize, steps: &mut Steps<State>) {
        let me = state.actors[who];
        if state.left.deaths > 0 && me.alive {
            let mut next = state.clone();
            next.left.deaths -= 1;
            let (live, generation) = (me.live, me.generation);
            next.actors[who] = Actor { live, generation, ..Actor::default() };
            steps.to(|| format!("{}: dies at {:?}", who + 1, me.at), next);
        }
    }

    /// A pass by `who` while all others are stopped.
    fn pass_alone(&self, state: &State, who: usize) -> Result<State, String> {
        let mut state = state.clone();
        let mut a = state.actors[who];
        state.begin_pass(&mut a);
        state.actors[who] = a;
        for _ in 0..200 {
            let mut steps = Steps::new(false);
            self.go(&state, who, &mut steps);
            state = steps.into_first().expect("a step");
            if state.actors[who].at == At::Rest {
                return Ok(state);
            }
        }
        Err(format!("a pass by {} does not come to an end: {state:?}", who + 1))
    }

    /// Nothing is left of what is over, but what a living process is about to finish.
    fn nothing_left(&self, state: &State) -> Result<(), String> {
        if state.latch != Owner::default() && !state.is_living(state.latch) {
            return Err(format!("the latch stays locked: {state:?}"));
        }
        for entry in &state.entries[..self.entries] {
            let used = (0..self.actors).any(|i| state.counts(entry, i, &[0; ACTORS]));
            let owned = matches!(entry.life.state, MAKING | CLOSING | CLEARING);
            if owned && !state.is_living(entry.life.owner) || entry.life.state == GOING && !used {
                return Err(format!("an entry stays for ever: {state:?}"));
            }
        }
        Ok(())
    }
}

impl State {
    /// In state 5 nobody looks at them any more.
    fn has_words(&self, who: usize, lives: u8) -> bool {
        let walked = |entry: &&Entry| entry.life.state != CLEARING;
        self.entries.iter().filter(walked).any(|entry| entry.words[who] & lives != 0)
    }
    fn begin_pass(&self, a: &mut Actor) {
        a.at = At::Dead(0);
        for (i, other) in self.actors.iter().enumerate() {
            a.raise[i] = if other.live { other.generation } else { 0 };
            a.thorough |= self.clean[i] < a.raise[i];
        }
    }
}

impl Model for Directory {
    type State = State;

    fn start(&self) -> State {
        let mut state = State { left: self.left, ..State::default() };
        for a in &mut state.actors[..self.actors] {
            (a.alive, a.live, a.generation) = (true, true, 1);
        }
        state.clean = [1; ACTORS];
        for entry in &mut state.entries {
            // Left over from an earlier object.
            (entry.life.generation, entry.offset, entry.length) = (1, 1, 2);
        }
        if self.made {
            let entry = &mut state.entries[0];
            (entry.life.state, entry.object, entry.length) = (LIVE, 1, 1);
            entry.users[0] = User { participant: 1, object: 1, roles: HANDLE };
            (state.memory[1], state.objects) = (1, 1);
            (state.actors[0].uses, state.actors[0].holds) = (1, 1);
        }
        state
    }

    fn steps(&self, state: &State, steps: &mut Steps<State>) {
        for who in 0..self.actors {
            self.go(state, who, steps);
            self.begin(state, who, steps);
            self.die(state, who, steps);
        }
    }

    fn check(&self, state: &State) -> Result<(), String> {
        for a in &state.actors {
            for object in [a.uses, a.walks] {
                if object != 0 && !state.memory.contains(&object) {
                    return Err(format!("object {object} is punched while it is used"));
                }
            }
        }
        let live = state.entries.iter().filter(|entry| entry.life.state == LIVE);
        if live.count() > 1 {
            return Err("two live objects have one name".into());
        }
        for &object in state.memory.iter().filter(|&&object| object != 0) {
            let of = state.entries.iter().find(|entry| entry.object == object);
            if of.is_none_or(|entry| entry.life.state == 0) {
                return Err(format!("the memory of object {object} is left over"));
            }
        }
        let dead = state.actors.iter().any(|a| a.live && !a.alive);
        let due = (0..ACTORS).any(|i| state.clean[i] < state.actors[i].generation);
        if dead || due {
            for who in (0..self.actors).filter(|&who| state.actors[who].alive) {
                if state.actors[who].at == At::Rest {
                    self.nothing_left(&self.pass_alone(state, who)?)?;
                }
            }
        } else if state.actors.iter().all(|a| a.at == At::Rest) {
            self.nothing_left(state)?;
        }
        Ok(())
    }
}

/// One object, and three processes that may open, close, remove and die.
fn users(rules: Rules) -> Directory {
    let left = Left { deaths: 1, handles: 1, opens: 1, removes: 1, passes: 1, ..Left::default() };
    Directory { rules, entries: 1, actors: 3, made: true, left }
}

/// Two recoverers at once.
fn recoverers(rules: Rules) -> Directory {
    let left = Left { deaths: 1, handles: 1, removes: 1, passes: 2, ..Left::default() };
    Directory { left, ..users(rules) }
}

/// A process that takes the entry of a dead one.
fn adoption(rules: Rules) -> Directory {
    let left = Left { deaths: 2, births: 1, ..recoverers(rules).left };
    Directory { left, actors: 2, ..users(rules) }
}

/// Two processes that make objects in two entries, beside one that is there.
fn makers(rules: Rules) -> Directory {
    let left = Left { deaths: 1, makes: 2, handles: 1, removes: 2, passes: 1, ..Left::default() };
    Directory { rules, entries: 2, actors: 2, made: true, left }
}

/// An entry that is used again while a recoverer is on its way there.
fn reused(rules: Rules) -> Directory {
    let left = Left { deaths: 1, births: 1, makes: 1, removes: 2, passes: 1, ..Left::default() };
    Directory { left, ..makers(rules) }
}

#[test]
fn directory_holds() {
    holds("users", &users(ALL));
    holds("recoverers", &recoverers(ALL));
    holds("adoption", &adoption(ALL));
    holds("makers", &makers(ALL));
    holds("reused", &reused(ALL));
    if large() {
        let left = Left { births: 1, ..recoverers(ALL).left };
        holds("recoverers, large", &Directory { left, ..recoverers(ALL) });
        let left = Left { deaths: 2, opens: 1, ..recoverers(ALL).left };
        holds("users, large", &Directory { left, ..users(ALL) });
        let left = Left { births: 1, makes: 3, ..makers(ALL).left };
        holds("makers, large", &Directory { left, ..makers(ALL) });
    }
}

#[test]
fn each_rule_of_directory_is_needed() {
    let used = "punched while it is used";
    let stays = "an entry stays for ever";
    let mut rules = Runs::default();
    for (name, expected, without) in [
        ("word_before_life", used, Rules { word_before_life: false, ..ALL }),
        ("refused_closes", stays, Rules { refused_closes: false, ..ALL }),
        ("clear_before_life", stays, Rules { clear_before_life: false, ..ALL }),
        ("remover_closes", stays, Rules { remover_closes: false, ..ALL }),
        ("second_look", used, Rules { second_look: false, ..ALL }),
        ("once_more", stays, Rules { once_more: false, ..ALL }),
        ("no_way_back", used, Rules { no_way_back: false, ..ALL }),
        ("take_back", stays, Rules { take_back: false, ..ALL }),
        ("take_back_late", "words left", Rules { take_back_late: false, ..ALL }),
        ("going_too", "words left", Rules { going_too: false, ..ALL }),
        ("take_over_5", stays, Rules { take_over_5: false, ..ALL }),
        ("close_all", stays, Rules { close_all: false, ..ALL }),
    ] {
        rules.fails(name, expected, &users(without));
    }
    rules.fails("role", used, &recoverers(Rules { role: false, ..ALL }));
    rules.fails("same_object", used, &reused(Rules { same_object: false, ..ALL }));
    for (name, expected, without) in [
        ("next_generation", "opens another", Rules { next_generation: false, ..ALL }),
        ("maker_is_user", used, Rules { maker_is_user: false, ..ALL }),
        ("look_for_name", "one name", Rules { look_for_name: false, ..ALL }),
        ("latch", "is made over", Rules { latch: false, ..ALL }),
        ("measure_first", "punched by another", Rules { measure_first: false, ..ALL }),
        ("free_latch", "latch stays", Rules { free_latch: false, ..ALL }),
        ("take_over_1", stays, Rules { take_over_1: false, ..ALL }),
    ] {
        rules.fails(name, expected, &makers(without));
    }
}
