//! Reuse of participant entries against recoverers that are stopped (`membership`).
//!
//! Owner words keep a generation modulo M. A recoverer loads such a word, finds its owner gone, and
//! takes the word by a CAS; stopped before the CAS, it must not meet the same word of a living
//! owner. Here M is 4, for 256.
//!
//! Each recoverer names the owner that it is about to take words from (`hazard`), and each entry
//! says before which life no words are left (`clean`). An entrant gives the entry the next
//! generation that no word that is left and no hazard can mean. A pass of recovery is thorough, so
//! that it walks every object, while an ended life of an entry is not clean.
//!
//! The design before this one announced sweeps by a counter, and refused each 128th generation of
//! an entry while a sweep was older or words were left. It had two faults. A participant that left
//! words behind, and said so before it freed its entry, was overtaken by a pass that still saw it
//! living. And when all entries were about to take such a generation while words were left, nobody
//! could enter any more who would have removed them.

use crate::explore::{Model, Runs, Steps, holds, large};

const ENTRIES: usize = 3;
const ACTORS: usize = 3;
const WORDS: usize = 2;
/// Generations in an owner word.
const MODULUS: u8 = 4;

#[derive(Clone, Copy, Debug)]
struct Rules {
    /// A recoverer names the owner before it takes a word of it.
    hazard: bool,
    /// It loads the word again after that.
    reload: bool,
    /// It asks again whether the owner is gone.
    judge_again: bool,
    /// An entrant passes over a generation that a hazard names.
    skip_hazards: bool,
    /// An entrant reads `clean` before it looks for hazards.
    clean_before_hazards: bool,
    /// An entrant goes no farther than M - 1 from `clean`.
    ask_clean: bool,
    /// A participant that leaves raises `clean` only if no earlier life left words.
    raise_if_clean: bool,
    /// A pass raises `clean` to what it saw before its walk.
    raise_as_seen: bool,
    /// A pass that skips objects raises `clean` only of the entries that it freed itself.
    raise_if_freed: bool,
    /// An adopter takes the entry out of Live before it writes its identity there.
    adopting: bool,
    /// A pass looks at a word again after a failed CAS.
    look_again: bool,
    /// A pass clears the user words only of lives that were gone before its walk.
    users_before_walk: bool,
    /// A pass that met damage frees no entry, leaves `clean` and the user words as they are.
    damage_stays: bool,
    /// While an entry is not clean, a pass walks objects that no user word of a gone life names.
    thorough: bool,
}

const ALL: Rules = Rules {
    hazard: true,
    reload: true,
    judge_again: true,
    skip_hazards: true,
    clean_before_hazards: true,
    ask_clean: true,
    raise_if_clean: true,
    raise_as_seen: true,
    raise_if_freed: true,
    adopting: true,
    look_again: true,
    users_before_walk: true,
    damage_stays: true,
    thorough: true,
};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
enum Life {
    #[default]
    Free,
    Live,
    Adopting,
}

/// A participant entry, its user word in the one object, and its lock byte.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
struct Entry {
    life: Life,
    generation: u8,
    /// The process that the identity names: 0 is one that has ended.
    process: u8,
    /// The process that holds the lock byte; 0 is none.
    byte: u8,
    /// No life before this one has words left.
    clean: u8,
    /// The packed owner that is about to lose words to this participant; zero is none.
    hazard: (u8, u8),
    /// The generation that has the object open; 0 is none.
    user: u8,
}

/// An owner: {index + 1, whole generation}. Zero is no owner. Words are compared by their packed
/// form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
struct Owner(u8, u8);

impl Owner {
    fn packed(self) -> (u8, u8) {
        (self.0, self.1 % MODULUS)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
enum At {
    #[default]
    Outside,
    // attach
    Lock,
    Look,
    LoadClean,
    AskHazard(u8),
    Adopt,
    Identity,
    Enter,
    Unlock,
    // a pass
    Dead(u8),
    Ask(u8),
    Users(u8),
    Role,
    Word(u8),
    Judge(u8),
    Name(u8),
    Reload(u8),
    Take(u8),
    GiveBack(u8),
    ClearUser(u8),
    ClearRole,
    Free(u8),
    Raise(u8),
    Silence,
    // between two calls
    Rest,
    Write(u8),
    // detach
    LeaveClean,
    Leave,
    Unlock2,
}

/// A process, and what it remembers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
struct Actor {
    at: At,
    index: u8,
    /// Of the entry as seen; one's own once attached.
    generation: u8,
    life: Life,
    attached: bool,
    opened: bool,
    /// `clean` of an entrant's entry, then the generation that it takes.
    number: u8,
    /// Generations that hazards name, as bits.
    named: u8,
    /// Whether the owner of `seen` was named before that was loaded.
    has_named: bool,
    /// How far each entry will be clean.
    raise: [u8; ENTRIES],
    thorough: bool,
    /// An object was damaged: a word stays where it is.
    damaged: bool,
    dead: [u8; ENTRIES],
    gone: [u8; ENTRIES],
    seen: Owner,
    asked: bool,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct State {
    entries: [Entry; ENTRIES],
    words: [Owner; WORDS],
    /// A part of each word that others than its owner change, like the mark of a waiter in a lock.
    asked: [bool; WORDS],
    actors: [Actor; ACTORS],
    left: Left,
}

/// What may still happen.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
struct Left {
    births: u8,
    deaths: u8,
    writes: u8,
    passes: u8,
    leaves: u8,
    damages: u8,
    asks: u8,
}

struct Sweep {
    rules: Rules,
    entries: usize,
    actors: usize,
    words: usize,
    /// Whether a process has entry 0 from the start. It does nothing but passes.
    recoverer: bool,
    left: Left,
}

impl State {
    /// Processes are interchangeable: puts them in order, so that states that differ only in their
    /// numbers are one.
    fn in_order(mut self) -> Self {
        let mut order: [usize; ACTORS] = std::array::from_fn(|i| i);
        order.sort_by_key(|&i| self.actors[i]);
        let old = self.clone();
        for (new, &number) in order.iter().enumerate() {
            self.actors[new] = old.actors[number];
            for (entry, was) in self.entries.iter_mut().zip(&old.entries) {
                if usize::from(was.process) == number + 1 {
                    entry.process = new as u8 + 1;
                }
                if usize::from(was.byte) == number + 1 {
                    entry.byte = new as u8 + 1;
                }
            }
        }
        self
    }

    fn living(&self, owner: Owner) -> bool {
        self.actors.iter().any(|a| a.attached && Owner(a.index + 1, a.generation) == owner)
    }
    fn gone_words(&self) -> bool {
        self.words.iter().any(|&word| word != Owner::default() && !self.living(word))
    }
}

impl Actor {
    fn me(&self) -> Owner {
        Owner(self.index + 1, self.generation)
    }
    /// Forgets what only a pass or an attach needs, so that equal states are equal.
    fn rest(&mut self) {
        *self = Actor {
            at: At::Rest,
            index: self.index,
            generation: self.generation,
            attached: self.attached,
            opened: self.opened,
            ..Actor::default()
        };
    }
    /// Takes the next generation that no word and no hazard can mean.
    fn choose(&mut self, rules: &Rules) {
        let (named, clean) = (self.named, self.number);
        let free = |g: &u8| named & 1 << (g % MODULUS) == 0;
        let end = if rules.ask_clean { clean + MODULUS } else { self.generation + 2 * MODULUS };
        self.number = (self.generation + 1..end).find(free).unwrap_or(0);
        self.named = 0;
        self.at = match self.life {
            _ if self.number == 0 => At::Unlock,
            Life::Live => At::Adopt,
            _ => At::Identity,
        };
    }
    fn outside(&mut self) {
        *self = Actor::default();
    }
}

impl Sweep {
    /// What `who` does next, if it is inside a call.
    fn go(&self, state: &State, who: usize, steps: &mut Steps<State>) {
        let mut next = state.clone();
        let process = who as u8 + 1;
        let me = state.actors[who];
        let rules = &self.rules;
        let a = &mut next.actors[who];
        let own = &mut next.entries[usize::from(me.index)];
        let mut damaged = None;
        match me.at {
            At::Outside | At::Rest => return,
            At::Lock if own.byte != 0 => {
                a.outside();
                next.left.births += 1;
            }
            At::Lock => {
                own.byte = process;
                a.at = At::Look;
            }
            At::Look => {
                let same = (own.life, own.generation) == (me.life, me.generation);
                a.at = match same {
                    true if rules.clean_before_hazards => At::LoadClean,
                    true => At::AskHazard(0),
                    false => At::Unlock,
                };
            }
            At::LoadClean => {
                a.number = own.clean;
                a.at = At::AskHazard(0);
                if !rules.clean_before_hazards {
                    a.choose(rules);
                }
            }
            At::AskHazard(i) if usize::from(i) == self.entries => {
                a.choose(rules);
                if !rules.clean_before_hazards {
                    a.at = At::LoadClean;
                }
            }
            At::AskHazard(i) => {
                let (index, generation) = state.entries[usize::from(i)].hazard;
                if index == me.index + 1 && rules.skip_hazards {
                    a.named |= 1 << generation;
                }
                a.at = At::AskHazard(i + 1);
            }
            At::Adopt => {
                if (own.life, own.generation) != (Life::Live, me.generation) {
                    a.at = At::Unlock; // A pass freed it.
                } else {
                    own.life = if rules.adopting { Life::Adopting } else { Life::Live };
                    a.life = own.life;
                    a.at = At::Identity;
                }
            }
            At::Identity => {
                own.process = process;
                own.hazard = (0, 0);
                a.at = At::Enter;
            }
            At::Enter => {
                if (own.life, own.generation) != (me.life, me.generation) {
                    a.at = At::Unlock;
                } else {
                    own.life = Life::Live;
                    own.generation = me.number;
                    a.generation = me.number;
                    a.attached = true;
                    a.rest();
                    a.at = At::Dead(0);
                }
            }
            At::Unlock => {
                own.byte = 0;
                a.outside();
                next.left.births += 1; // It tries another entry.
            }

            At::Dead(i) if usize::from(i) == self.entries => {
                let idle = !me.thorough && me.dead == [0; ENTRIES];
                if idle {
                    a.raise = [0; ENTRIES];
                }
                a.at = if idle { At::Silence } else { At::Users(0) };
            }
            At::Dead(i) => {
                // The life, then `clean` (one step here: only a pass and the owner raise it).
                let entry = &state.entries[usize::from(i)];
                let live = entry.life == Life::Live;
                let clean = entry.generation + u8::from(!live);
                a.raise[usize::from(i)] = clean;
                a.thorough |= entry.clean < clean && rules.thorough;
                let other = live && i != me.index;
                a.dead[usize::from(i)] = if other { entry.generation } else { 0 };
                a.at = if other { At::Ask(i) } else { At::Dead(i + 1) };
            }
            At::Ask(i) => {
                if state.entries[usize::from(i)].process != 0 {
                    a.dead[usize::from(i)] = 0;
                } else {
                    a.raise[usize::from(i)] += 1;
                }
                a.at = At::Dead(i + 1);
            }
            At::Users(i) if usize::from(i) == self.entries => {
                let walk = me.thorough || me.gone != [0; ENTRIES];
                a.at = if walk { At::Role } else { At::Free(0) };
            }
            At::Users(i) => {
                // The user word, then the life. A word that changes in between is not one of a gone
                // life.
                let entry = &state.entries[usize::from(i)];
                let gone = entry.user != 0
                    && (entry.life != Life::Live
                        || entry.generation != entry.user
                        || me.dead[usize::from(i)] == entry.user);
                a.gone[usize::from(i)] = if gone { entry.user } else { 0 };
                a.at = At::Users(i + 1);
            }
            At::Role => {
                own.user = me.generation;
                a.at = At::Word(0);
            }
            At::Word(k) if usize::from(k) == self.words => a.at = At::ClearUser(0),
            At::Word(k) => {
                a.seen = state.words[usize::from(k)];
                a.asked = false;
                a.at = match a.seen {
                    seen if seen == Owner::default() || seen.packed() == me.me().packed() => {
                        a.seen = Owner::default();
                        At::Word(k + 1)
                    }
                    _ => {
                        a.asked = state.asked[usize::from(k)];
                        // Named before it was loaded, if it is another word of the same owner.
                        a.has_named = own.hazard == a.seen.packed();
                        At::Judge(k)
                    }
                };
            }
            At::Judge(k) => {
                // Only what the packed word says may be used.
                let (index, generation) = me.seen.packed();
                let entry = &state.entries[usize::from(index) - 1];
                let gone = entry.life != Life::Live
                    || entry.generation % MODULUS != generation
                    || me.dead[usize::from(index) - 1] == entry.generation;
                a.at = match gone {
                    true if me.has_named || !rules.hazard => At::Take(k),
                    true => At::Name(k),
                    false => At::Word(k + 1),
                };
                if gone && state.left.damages > 0 {
                    let mut next = state.clone();
                    next.left.damages -= 1;
                    next.actors[who].damaged = true;
                    next.actors[who].seen = Owner::default();
                    (next.actors[who].has_named, next.actors[who].asked) = (false, false);
                    next.actors[who].at = At::Word(k + 1);
                    damaged = Some(next);
                }
                if !gone {
                    (a.has_named, a.asked) = (false, false);
                    a.seen = Owner::default();
                }
            }
            At::Name(k) => {
                own.hazard = me.seen.packed();
                a.has_named = true;
                a.at = if rules.reload { At::Reload(k) } else { At::Judge(k) };
            }
            At::Reload(k) => {
                let same = state.words[usize::from(k)].packed() == me.seen.packed();
                a.asked = state.asked[usize::from(k)] && same;
                a.at = match same {
                    true if rules.judge_again => At::Judge(k),
                    true => At::Take(k),
                    false => At::Word(k),
                };
                if !same {
                    a.seen = Owner::default();
                    a.has_named = false;
                }
            }
            At::Take(k) => {
                let word = state.words[usize::from(k)];
                a.seen = Owner::default();
                (a.has_named, a.asked) = (false, false);
                let same = state.asked[usize::from(k)] == me.asked;
                if word.packed() == me.seen.packed() && same {
                    next.asked[usize::from(k)] = false;
                    next.words[usize::from(k)] = me.me();
                    a.at = At::GiveBack(k);
                    if state.living(word) {
                        let label = || format!("{:?}: takes word {k}", me.me());
                        return steps.fault(
                            label,
                            next,
                            format!("{word:?} lives, and loses a word"),
                        );
                    }
                } else {
                    a.at = if rules.look_again { At::Word(k) } else { At::Word(k + 1) };
                }
            }
            At::GiveBack(k) => {
                next.words[usize::from(k)] = Owner::default();
                next.asked[usize::from(k)] = false;
                a.at = At::Word(k + 1);
            }
            At::ClearUser(i) if usize::from(i) == self.entries => a.at = At::ClearRole,
            At::ClearUser(_) if me.damaged && rules.damage_stays => {
                (a.gone, a.raise) = ([0; ENTRIES], [0; ENTRIES]);
                own.user = if me.opened { me.generation } else { 0 };
                a.at = At::Silence;
            }
            At::ClearUser(i) => {
                let entry = &mut next.entries[usize::from(i)];
                let living = entry.life == Life::Live && entry.generation == entry.user;
                let gone = match rules.users_before_walk {
                    true => me.gone[usize::from(i)],
                    false if living && entry.process != 0 => 0,
                    false => entry.user,
                };
                if gone != 0 && entry.user == gone {
                    entry.user = 0;
                }
                a.gone[usize::from(i)] = 0;
                a.at = At::ClearUser(i + 1);
            }
            At::ClearRole => {
                own.user = if me.opened { me.generation } else { 0 };
                a.at = At::Free(0);
            }
            At::Free(i) if usize::from(i) == self.entries => a.at = At::Raise(0),
            At::Free(i) => {
                let entry = &mut next.entries[usize::from(i)];
                let dead = me.dead[usize::from(i)];
                if dead != 0 && (entry.life, entry.generation) == (Life::Live, dead) {
                    entry.life = Life::Free;
                } else if rules.raise_if_freed {
                    a.dead[usize::from(i)] = 0; // Adopted meanwhile: the user word may be another's.
                }
                a.gone[usize::from(i)] = 0;
                a.at = At::Free(i + 1);
            }
            At::Raise(i) if usize::from(i) == self.entries => a.at = At::Silence,
            At::Raise(i) => {
                let entry = &mut next.entries[usize::from(i)];
                let now = entry.generation + u8::from(entry.life != Life::Live);
                let to = if rules.raise_as_seen { me.raise[usize::from(i)] } else { now };
                if me.thorough || me.dead[usize::from(i)] != 0 {
                    entry.clean = entry.clean.max(to);
                }
                (a.raise[usize::from(i)], a.dead[usize::from(i)]) = (0, 0);
                a.at = At::Raise(i + 1);
            }
            At::Silence => {
                own.hazard = (0, 0);
                a.rest();
            }

            At::Write(k) => {
                if state.words[usize::from(k)] == Owner::default() {
                    next.words[usize::from(k)] = me.me();
                }
                a.at = At::Rest;
            }
            At::LeaveClean => {
                if own.clean == me.generation || !rules.raise_if_clean {
                    own.clean = own.clean.max(me.generation + 1);
                }
                a.at = At::Leave;
            }
            At::Leave => {
                own.life = Life::Free;
                a.attached = false;
                a.at = At::Unlock2;
            }
            At::Unlock2 => {
                own.byte = 0;
                a.outside();
            }
        }
        self.and_on(next, who, || format!("{:?}: {:?}", me.me(), me.at), steps);
        if let Some(next) = damaged {
            self.and_on(next, who, || format!("{:?}: finds damage at {:?}", me.me(), me.at), steps);
        }
    }

    /// Goes on at once to the next access of shared memory.
    fn and_on(
        &self,
        next: State,
        who: usize,
        label: impl FnOnce() -> String,
        steps: &mut Steps<State>,
    ) {
        let a = &next.actors[who];
        let local = match a.at {
            At::Dead(i) => usize::from(i) == self.entries,
            At::AskHazard(i) => i == a.index || usize::from(i) == self.entries,
            At::Users(i) => usize::from(i) == self.entries,
            At::Word(k) => usize::from(k) == self.words,
            At::ClearUser(i) => {
                usize::from(i) == self.entries
                    || a.damaged && self.rules.damage_stays
                    || a.gone[usize::from(i)] == 0 && self.rules.users_before_walk
            }
            At::Free(i) => usize::from(i) == self.entries || a.dead[usize::from(i)] == 0,
            At::Raise(i) => {
                usize::from(i) == self.entries || !a.thorough && a.dead[usize::from(i)] == 0
            }
            _ => false,
        };
        if local {
            let mut last = Steps::new(false);
            self.go(&next, who, &mut last);
            steps.to(label, last.into_first().expect("a local step"));
        } else {
            steps.to(label, next);
        }
    }

    /// What `who` may begin.
    fn begin(&self, state: &State, who: usize, steps: &mut Steps<State>) {
        let me = state.actors[who];
        let with = |change: &dyn Fn(&mut State)| {
            let mut next = state.clone();
            change(&mut next);
            next
        };
        let inside = state.actors.iter().filter(|a| a.at != At::Outside).count();
        let room = state.left.births > 0 && inside < self.actors;
        for (index, entry) in state.entries[..self.entries].iter().enumerate() {
            let takes = match entry.life {
                Life::Free => true,
                Life::Live => entry.process == 0,
                Life::Adopting => true,
            };
            if me.at == At::Outside && room && takes {
                let next = with(&|n| {
                    n.left.births -= 1;
                    n.actors[who] = Actor {
                        at: At::Lock,
                        index: index as u8,
                        generation: entry.generation,
                        life: entry.life,
                        ..Actor::default()
                    };
                });
                steps.to(|| format!("a process tries entry {index}, {entry:?}"), next);
            }
        }
        if me.at != At::Rest {
            return;
        }
        if state.left.passes > 0 {
            let next = with(&|n| {
                n.left.passes -= 1;
                n.actors[who].at = At::Dead(0);
            });
            steps.to(|| format!("{:?}: begins a pass", me.me()), next);
        }
        if self.recoverer && me.me() == Owner(1, 1) {
            return; // It is there to be stopped in a pass.
        }
        let index = usize::from(me.index);
        for k in 0..self.words {
            if state.words[k] == Owner::default() && state.left.writes > 0 {
                let next = with(&|n| {
                    n.left.writes -= 1;
                    n.entries[index].user = me.generation;
                    n.actors[who].opened = true;
                    n.actors[who].at = At::Write(k as u8);
                });
                steps.to(|| format!("{:?}: opens the object", me.me()), next);
            }
            if state.words[k] != Owner::default() && !state.asked[k] && state.left.asks > 0 {
                let next = with(&|n| {
                    n.left.asks -= 1;
                    n.asked[k] = true;
                });
                steps.to(|| format!("{:?}: asks for word {k}", me.me()), next);
            }
            if state.words[k] == me.me() {
                let next = with(&|n| (n.words[k], n.asked[k]) = (Owner::default(), false));
                steps.to(|| format!("{:?}: gives back word {k}", me.me()), next);
            }
        }
        if !state.words.contains(&me.me()) {
            let next = with(&|n| {
                n.entries[index].user = 0;
                n.actors[who].opened = false;
                n.actors[who].at = At::LeaveClean;
            });
            steps.to(|| format!("{:?}: closes the object", me.me()), next);
        } else if state.left.leaves > 0 {
            let next = with(&|n| {
                n.left.leaves -= 1;
                n.actors[who].at = At::Leave;
            });
            steps.to(|| format!("{:?}: has to leave words behind", me.me()), next);
        }
    }

    fn die(&self, state: &State, who: usize, steps: &mut Steps<State>) {
        let at = state.actors[who].at;
        if state.left.deaths == 0 || matches!(at, At::Outside | At::Lock) {
            return;
        }
        let mut next = state.clone();
        next.left.deaths -= 1;
        for entry in &mut next.entries {
            if entry.process == who as u8 + 1 {
                entry.process = 0;
            }
            if entry.byte == who as u8 + 1 {
                entry.byte = 0;
            }
        }
        next.actors[who].outside();
        steps.to(|| format!("{:?}: dies at {at:?}", state.actors[who].me()), next);
    }

    /// Runs `who` while all others are stopped.
    fn alone(&self, state: &State, who: usize) -> Result<State, String> {
        let mut state = state.clone();
        for _ in 0..200 {
            let mut steps = Steps::new(false);
            self.go(&state, who, &mut steps);
            match steps.into_first() {
                Some(next) => state = next,
                None => return Ok(state),
            }
            if state.actors[who].at == At::Rest {
                return Ok(state);
            }
        }
        Err(format!("{} does not come to an end: {state:?}", who + 1))
    }

    /// A pass by `who`, all others stopped, leaves no word of a gone owner.
    fn pass_finds_all(&self, state: &State, who: usize) -> Result<(), String> {
        let mut begun = state.clone();
        begun.actors[who].at = At::Dead(0);
        let after = self.alone(&begun, who)?;
        if after.gone_words() {
            return Err(format!("a pass by {} leaves a word: {after:?}", who + 1));
        }
        Ok(())
    }

    /// Where no process is left, a newcomer finds an entry.
    fn newcomer_attaches(&self, state: &State) -> Result<(), String> {
        for (index, entry) in state.entries[..self.entries].iter().enumerate() {
            let mut begun = state.clone();
            begun.left.births += 1;
            begun.actors[0] = Actor {
                at: At::Lock,
                index: index as u8,
                generation: entry.generation,
                life: entry.life,
                ..Actor::default()
            };
            if self.alone(&begun, 0)?.actors[0].attached {
                return Ok(());
            }
        }
        Err("all are gone, and the table is full".into())
    }
}

impl Model for Sweep {
    type State = State;

    fn start(&self) -> State {
        let mut state = State { left: self.left, ..State::default() };
        for entry in &mut state.entries[..self.entries] {
            entry.clean = 1;
        }
        if self.recoverer {
            let entry = &mut state.entries[0];
            *entry =
                Entry { life: Life::Live, generation: 1, process: 1, byte: 1, clean: 1, ..*entry };
            let a = &mut state.actors[0];
            (a.at, a.generation, a.attached) = (At::Rest, 1, true);
        }
        state.in_order()
    }

    fn steps(&self, state: &State, steps: &mut Steps<State>) {
        for who in 0..ACTORS {
            self.go(state, who, steps);
            self.begin(state, who, steps);
            self.die(state, who, steps);
        }
        steps.each(State::in_order);
    }

    fn check(&self, state: &State) -> Result<(), String> {
        for who in 0..ACTORS {
            if state.actors[who].at == At::Rest && state.gone_words() {
                self.pass_finds_all(state, who)?;
            }
        }
        if state.actors.iter().all(|a| a.at == At::Outside) {
            let spare = |e: &Entry| e.generation + 2 < e.clean + MODULUS; // a hazard may name one
            if state.entries[..self.entries].iter().any(spare) {
                self.newcomer_attaches(state)?;
            }
        }
        Ok(())
    }
}

/// A recoverer is stopped while an entry goes through all generations.
fn recurrence(rules: Rules) -> Sweep {
    let left = Left { births: 5, deaths: 1, writes: 2, passes: 1, ..Left::default() };
    Sweep { rules, entries: 2, actors: 2, words: 1, recoverer: true, left }
}

/// Three processes at once.
fn crowd(rules: Rules) -> Sweep {
    let left = Left { births: 4, deaths: 2, writes: 1, leaves: 1, ..Left::default() };
    Sweep { rules, entries: 2, actors: 3, words: 1, recoverer: false, left }
}

/// Words that passes cannot take.
fn damage(rules: Rules) -> Sweep {
    let left = Left { births: 5, deaths: 1, writes: 1, passes: 1, damages: 3, ..Left::default() };
    Sweep { rules, entries: 2, actors: 2, words: 1, recoverer: true, left }
}

/// Words that change under a pass.
fn asked(rules: Rules) -> Sweep {
    let left = Left { births: 3, deaths: 1, writes: 1, asks: 1, ..Left::default() };
    Sweep { rules, entries: 3, actors: 3, words: 1, recoverer: false, left }
}

#[test]
fn sweep_holds() {
    holds("recurrence", &recurrence(ALL));
    holds("crowd", &crowd(ALL));
    holds("damage", &damage(ALL));
    holds("asked", &asked(ALL));
    if large() {
        let left = Left { deaths: 2, damages: 1, ..recurrence(ALL).left };
        holds("recurrence, large", &Sweep { left, ..recurrence(ALL) });
        let left = Left { writes: 2, ..crowd(ALL).left };
        holds("crowd, large", &Sweep { left, words: 2, ..crowd(ALL) });
        let left = Left { births: 4, leaves: 0, ..crowd(ALL).left };
        holds("crowd, three entries", &Sweep { left, entries: 3, ..crowd(ALL) });
    }
}

#[test]
fn each_rule_of_sweep_is_needed() {
    let lives = "lives, and loses a word";
    let leaves = "leaves a word";
    let mut rules = Runs::default();
    for (name, without) in [
        ("hazard", Rules { hazard: false, ..ALL }),
        ("reload", Rules { reload: false, ..ALL }),
        ("judge_again", Rules { judge_again: false, ..ALL }),
        ("skip_hazards", Rules { skip_hazards: false, ..ALL }),
        ("clean_before_hazards", Rules { clean_before_hazards: false, ..ALL }),
    ] {
        rules.fails(name, lives, &recurrence(without));
    }
    for (name, without) in [
        ("adopting", Rules { adopting: false, ..ALL }),
        ("raise_as_seen", Rules { raise_as_seen: false, ..ALL }),
        ("raise_if_freed", Rules { raise_if_freed: false, ..ALL }),
        ("users_before_walk", Rules { users_before_walk: false, ..ALL }),
        ("thorough", Rules { thorough: false, ..ALL }),
    ] {
        rules.fails(name, leaves, &crowd(without));
    }
    for (name, without) in [
        ("ask_clean", Rules { ask_clean: false, ..ALL }),
        ("damage_stays", Rules { damage_stays: false, ..ALL }),
        ("raise_if_clean", Rules { raise_if_clean: false, ..ALL }),
    ] {
        rules.fails(name, leaves, &damage(without));
    }
    rules.fails("look_again", leaves, &asked(Rules { look_again: false, ..ALL }));
}
