//! A small explicit-state explorer: breadth first over every state that the steps of a model reach.
//!
//! A model is a shared state and processes as step functions over it; each step holds one access to
//! shared memory. A process that is stopped needs no step of its own: the others are simply
//! scheduled instead.

use std::fmt::{self, Debug, Display};
use std::hash::{Hash, Hasher};

/// What is explored.
pub trait Model {
    /// Shared memory, and where each process stands.
    type State: Clone + Eq + Hash + Debug;

    /// The first state.
    fn start(&self) -> Self::State;
    /// Every step that a process can take from `state`.
    fn steps(&self, state: &Self::State, steps: &mut Steps<Self::State>);
    /// What must hold in every state.
    fn check(&self, state: &Self::State) -> Result<(), String>;
}

/// The steps from one state.
pub struct Steps<S> {
    taken: Vec<(S, Option<String>)>,
    labels: Option<Vec<String>>,
}

impl<S> Steps<S> {
    /// An empty list. Labels cost time, and only a trace needs them.
    pub fn new(labelled: bool) -> Self {
        Self { taken: Vec::new(), labels: labelled.then(Vec::new) }
    }
    /// A step that leads to `state`.
    pub fn to(&mut self, label: impl FnOnce() -> String, state: S) {
        self.labels.iter_mut().for_each(|labels| labels.push(String::new()));
        if let Some(last) = self.labels.as_mut().and_then(|labels| labels.last_mut()) {
            *last = label();
        }
        self.taken.push((state, None));
    }
    /// A step that must not be possible.
    pub fn fault(&mut self, label: impl FnOnce() -> String, state: S, fault: String) {
        self.to(label, state);
        self.taken.last_mut().expect("just pushed").1 = Some(fault);
    }
    /// Changes all states that were reached, say into a form that is the same for equivalent ones.
    pub fn each(&mut self, change: impl Fn(S) -> S) {
        let taken = std::mem::take(&mut self.taken);
        self.taken = taken.into_iter().map(|(state, fault)| (change(state), fault)).collect();
    }
    /// The first one.
    pub fn into_first(self) -> Option<S> {
        self.taken.into_iter().next().map(|(state, _)| state)
    }
}

/// How much was explored.
pub struct Explored {
    /// Different states.
    pub states: usize,
    /// Steps to the farthest of them.
    pub depth: usize,
}

impl Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} states, {} steps deep", self.states, self.depth)
    }
}

/// A way into a fault, one of the shortest.
pub struct Counterexample {
    /// What does not hold.
    pub fault: String,
    /// The steps that lead there, and the state at the end.
    pub trace: Vec<String>,
}

impl Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} after {} steps:", self.fault, self.trace.len() - 1)?;
        self.trace.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

/// Explores all states, or up to the first fault.
pub fn explore<M: Model>(model: &M) -> Result<Explored, Counterexample> {
    let mut seen = Seen::new(model.start());
    let (mut at, mut depth, mut level_end) = (0, 0, 1);
    while at < seen.states.len() {
        if at == level_end {
            (depth, level_end) = (depth + 1, seen.states.len());
        }
        let state = seen.states[at].clone();
        if let Err(fault) = model.check(&state) {
            return Err(seen.counterexample(model, at, None, fault));
        }
        let mut steps = Steps::new(false);
        model.steps(&state, &mut steps);
        for (number, (next, fault)) in steps.taken.into_iter().enumerate() {
            if let Some(fault) = fault {
                return Err(seen.counterexample(model, at, Some(number), fault));
            }
            seen.insert(next, at, number);
        }
        at += 1;
    }
    Ok(Explored { states: seen.states.len(), depth })
}

/// All states found, each with the state and the step that led to it, and a hash table of their
/// indices.
struct Seen<S> {
    states: Vec<S>,
    from: Vec<(u32, u32)>,
    table: Vec<u32>,
}

const EMPTY: u32 = u32::MAX;

impl<S: Clone + Eq + Hash + Debug> Seen<S> {
    fn new(start: S) -> Self {
        let mut seen = Self { states: Vec::new(), from: Vec::new(), table: vec![EMPTY; 1 << 10] };
        seen.insert(start, 0, 0);
        seen
    }

    fn insert(&mut self, state: S, from: usize, step: usize) {
        if self.states.len() * 2 >= self.table.len() {
            let mut larger = vec![EMPTY; self.table.len() * 4];
            for (index, state) in self.states.iter().enumerate() {
                let mask = larger.len() - 1;
                let mut slot = hash(state) & mask;
                while larger[slot] != EMPTY {
                    slot = (slot + 1) & mask;
                }
                larger[slot] = index as u32;
            }
            self.table = larger;
        }
        let mask = self.table.len() - 1;
        let mut slot = hash(&state) & mask;
        while self.table[slot] != EMPTY {
            if self.states[self.table[slot] as usize] == state {
                return;
            }
            slot = (slot + 1) & mask;
        }
        self.table[slot] = self.states.len() as u32;
        self.states.push(state);
        self.from.push((from as u32, step as u32));
    }

    /// Walks back to the start, and takes the same steps again with their labels.
    fn counterexample<M: Model<State = S>>(
        &self,
        model: &M,
        at: usize,
        last: Option<usize>,
        fault: String,
    ) -> Counterexample {
        let mut path: Vec<(usize, usize)> = last.map(|step| (at, step)).into_iter().collect();
        let mut index = at;
        while index != 0 {
            let (from, step) = self.from[index];
            path.push((from as usize, step as usize));
            index = from as usize;
        }
        let mut trace = Vec::new();
        let mut end = self.states[at].clone();
        for (from, step) in path.into_iter().rev() {
            let mut steps = Steps::new(true);
            model.steps(&self.states[from], &mut steps);
            trace.push(steps.labels.expect("labelled").swap_remove(step));
            end = steps.taken.swap_remove(step).0;
        }
        trace.push(format!("{end:?}"));
        Counterexample { fault, trace }
    }
}

fn hash(state: &impl Hash) -> usize {
    let mut hasher = Mixer(0);
    state.hash(&mut hasher);
    (hasher.0 ^ hasher.0 >> 29) as usize
}

/// States are some dozens of bytes, and the standard hasher would take most of the time.
struct Mixer(u64);

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }
    fn write_u8(&mut self, byte: u8) {
        self.write_u64(byte.into());
    }
    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    fn write_isize(&mut self, number: isize) {
        self.write_u64(number as u64);
    }
    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

/// Whether the larger sizes are asked for.
pub fn large() -> bool {
    std::env::var_os("RINGWAY_MODELS_LARGE").is_some()
}

/// Explores a model that has to hold, and says how large it was.
pub fn holds<M: Model>(name: &str, model: &M) {
    match explore(model) {
        Ok(explored) => println!("{name}: {explored}"),
        Err(found) => panic!("{name}: {found}"),
    }
}

/// Runs of a model with one rule left out, each of which has to end in a fault.
#[derive(Default)]
pub struct Runs {
    wrong: Vec<String>,
}

impl Runs {
    /// Explores `model`, which lacks the rule `without`, up to a fault that contains `expected`.
    pub fn fails<M: Model>(&mut self, without: &str, expected: &str, model: &M) {
        match explore(model) {
            Err(found) if found.fault.contains(expected) => println!("without {without}: {found}"),
            Err(found) => self.wrong.push(format!("without {without}, another fault: {found}")),
            Ok(explored) => self.wrong.push(format!("without {without}, no fault: {explored}")),
        }
    }
}

impl Drop for Runs {
    fn drop(&mut self) {
        assert!(self.wrong.is_empty() || std::thread::panicking(), "{}", self.wrong.join("\n"));
    }
}
