//! One trial, and the table of many.

use std::fmt;
use std::ops::AddAssign;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use crate::random::Random;
use crate::worker::Worker;
use crate::{Folder, Name};

use super::board::{Account, Board, MOST, PAIR};
use super::contestants::Contestant;

/// Messages of each worker before anybody is killed.
const WARM: u64 = 200;
/// Messages that each of the rest has to move afterwards.
const FURTHER: u64 = 500;
/// Within this time after all are warm the kill comes.
const MOMENTS: u64 = 20_000_000;
/// What a contestant may take to start, with an interpreter, on a busy machine.
const START: Duration = Duration::from_secs(60);
/// When nothing arrives for so long, nothing more will.
const QUIET: Duration = Duration::from_secs(1);

/// The schedule: the same for each contestant.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// What makes moments and victims.
    pub seed: u64,
    /// How long the rest may take for messages that take milliseconds as a rule.
    pub patience: Duration,
    /// The program with the workers in Rust.
    pub own: PathBuf,
    /// The interpreter for those in Python.
    pub python: String,
}

/// What came of some trials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many there were.
    pub trials: u64,
    /// After so many of them the rest did not go on.
    pub wedged: u64,
    /// Acknowledged messages that did not arrive in those where it did, but for the one that a
    /// killed consumer may have had in its hands.
    pub lost: u64,
    /// Messages that came twice in these.
    pub duplicated: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.trials += other.trials;
        self.wedged += other.wedged;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trials, wedged, lost, duplicated } = self;
        write!(f, "{trials} | {wedged} | {lost} | {duplicated}")
    }
}

/// Why there is nothing to count.
#[derive(Debug)]
pub enum Failure {
    /// The contestant is not installed here.
    Missing(String),
    /// The contestant did something that none should.
    Strange(String),
}

impl Schedule {
    /// One trial.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn run(&self, contestant: Contestant, number: u64) -> Result<Tally, Failure> {
        let strange =
            |text: String| Failure::Strange(format!("{}, trial {number}: {text}", contestant.name));
        let folder = Folder::new("kill-table");
        let queue = Name::new("kill-table");
        let board =
            Board::open(&folder.join("board")).map_err(|error| strange(error.to_string()))?;
        let mut random = Random(self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(number));
        let (victim, moment) =
            (random.below(2 * PAIR as u64) as usize, Duration::from_nanos(random.below(MOMENTS)));

        let mut host =
            Worker::start(&mut contestant.host(&self.own, &self.python, &folder, &queue));
        let said = host.hear();
        if let Some(what) = said.strip_prefix("missing: ") {
            return Err(Failure::Missing(what.to_owned()));
        }
        let pids: Vec<i32> = said.split(' ').filter_map(|pid| pid.parse().ok()).collect();
        if pids.len() != 2 * PAIR {
            return Err(strange(format!("its host said {said:?} instead of its process ids")));
        }
        let all = |is_so: &dyn Fn(usize) -> bool| {
            wait(START.max(self.patience), || (0..2 * PAIR).all(is_so))
        };
        let ready = all(&|worker| board.is_ready(worker));
        board.go();
        let begun = ready && all(&|worker| board.count(worker) >= WARM);
        thread::sleep(moment);
        // SAFETY: a signal to a process that our child has started and waits for only when we end.
        unsafe { libc::kill(pids[victim], libc::SIGKILL) };
        let went_on = begun && self.goes_on(&board, victim);
        let account = if went_on { settle_when_quiet(&board) } else { Account::default() };
        host.finish(); // ends the workers as well
        if !begun {
            let counts: Vec<u64> = (0..2 * PAIR).map(|worker| board.count(worker)).collect();
            return Err(strange(format!(
                "it did not begin: workers have moved {counts:?} messages"
            )));
        }
        if account.strange != 0 {
            return Err(strange(format!(
                "{} messages arrived that nobody has put",
                account.strange
            )));
        }
        let in_hands = u64::from(victim >= PAIR);
        Ok(Tally {
            trials: 1,
            wedged: u64::from(!went_on),
            lost: account.missing.saturating_sub(in_hands),
            duplicated: account.duplicated,
        })
    }

    /// Whether each of the rest moves further messages, and the producers come to their end.
    fn goes_on(&self, board: &Board, victim: usize) -> bool {
        let rest = || (0..2 * PAIR).filter(|&worker| worker != victim);
        let goals: Vec<(usize, u64)> =
            rest().map(|worker| (worker, (board.count(worker) + FURTHER).min(MOST))).collect();
        let moved =
            wait(self.patience, || goals.iter().all(|&(worker, goal)| board.count(worker) >= goal));
        board.stop();
        moved
            && wait(self.patience, || {
                rest().filter(|&worker| worker < PAIR).all(|producer| board.is_done(producer))
            })
    }
}

/// Whether something becomes so within this time.
fn wait(time: Duration, is_so: impl Fn() -> bool) -> bool {
    let begin = Instant::now();
    while begin.elapsed() < time {
        if is_so() {
            return true;
        }
        thread::sleep(Duration::from_micros(200));
    }
    is_so()
}

/// The account when everything has arrived, or nothing arrives any more.
fn settle_when_quiet(board: &Board) -> Account {
    let arrived = || (0..PAIR).map(|consumer| board.count(PAIR + consumer)).sum::<u64>();
    let (mut last, mut since) = (arrived(), Instant::now());
    loop {
        thread::sleep(Duration::from_millis(50));
        let now = arrived();
        if now != last {
            (last, since) = (now, Instant::now());
        } else if since.elapsed() >= QUIET || board.settle().missing == 0 {
            return board.settle();
        }
    }
}
