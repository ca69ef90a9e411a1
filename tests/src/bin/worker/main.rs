//! The process that integration tests start, talk to, stop and kill. Its first argument says what
//! to do.

mod churn;
mod context;
mod crash;
mod crowd;
mod disguise;
mod flow;
mod fork;
mod herd;
mod interrupted;
mod ledger;
mod life;
mod limited;
mod lock;
mod reborn;
mod restart;
mod session;
mod stepped;
mod storm;
mod warm;

use std::path::PathBuf;
use std::process::ExitCode;

use ringway::{Place, WaitStrategy};

fn main() -> ExitCode {
    end_with_parent();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["open", place] => session::open(&place_of(place), WaitStrategy::Adaptive),
        ["open", place, strategy] => session::open(&place_of(place), strategy_of(strategy)),
        ["open-trusting", place, user] => {
            session::open_trusting(&place_of(place), number(user) as u32);
        }
        ["create", place, mode, mask] => {
            session::create(&place_of(place), octal(mode), octal(mask))
        }
        ["storm", place, seed, rounds] => {
            storm::storm(&place_of(place), number(seed), number(rounds))
        }
        ["produce", place, producer, count, strategy] => {
            flow::produce(&place_of(place), number(producer), number(count), strategy_of(strategy));
        }
        ["consume", place, strategy] => flow::consume(&place_of(place), strategy_of(strategy)),
        ["fork-in-put"] => fork::fork_in_put(),
        ["fork", place] => fork::fork(&place_of(place)),
        ["interrupted", place, millis] => {
            interrupted::interrupted(&place_of(place), number(millis))
        }
        ["without-memory"] => limited::without_memory(),
        ["limited", place, what, limit] => limited::limited(&place_of(place), what, limit),
        ["reborn", place] => reborn::reborn(place),
        ["crowd", place, threads] => crowd::crowd(&place_of(place), number(threads)),
        ["recover", place] => flow::recover(&place_of(place)),
        ["restart", place, left] => restart::restart(place, number(left)),
        ["churn", place, seconds, seed] => {
            churn::churn(&place_of(place), number(seconds), number(seed))
        }
        ["dumped", place] => crash::dumped(place),
        ["locked", place, how] => crash::locked(place, how),
        ["lock", place, strategy] => lock::serve(place, strategy_of(strategy)),
        ["count", place, strategy, file, rounds] => {
            lock::count(place, strategy_of(strategy), file.as_ref(), number(rounds));
        }
        ["fork-lock", place] => lock::fork(place),
        ["become-another-with-lock", place] => lock::become_another(place),
        ["hold-both", context] => context::holds_both(context),
        ["fork-context", context] => context::fork(context),
        ["use", context, queue] => context::uses(context, queue),
        ["rearrange", context, seed] => context::rearrange(context, number(seed)),
        ["herd", participants, threads] => herd::herd(number(participants), number(threads)),
        ["ledger", place, ledger] => ledger::ledger(&place_of(place), ledger.as_ref()),
        ["headless", place] => disguise::headless(&place_of(place)),
        ["without-lock", place] => disguise::without_lock(&place_of(place)),
        ["become-another", place] => disguise::become_another(&place_of(place)),
        ["become-another-later", place] => restart::become_another_later(&place_of(place)),
        ["start-another", place] => disguise::start_another(&place_of(place)),
        ["stepped", place, what] => stepped::stepped(&place_of(place), what),
        ["live", how, place, ref options @ ..] => life::live(how, place, options),
        ["warm", place, count] => warm::warm(&place_of(place), number(count)),
        _ => {
            eprintln!("unknown arguments: {arguments:?}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// A worker does not outlive the test that started it.
fn end_with_parent() {
    // SAFETY: concerns this process only.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
}

/// `file:PATH`, `portable:NAME` or a name.
fn place_of(text: &str) -> Place {
    match text.split_once(':') {
        Some(("file", path)) => Place::File(PathBuf::from(path)),
        Some(("portable", name)) => Place::Portable(name.to_owned()),
        Some(("heap", _)) => Place::Heap,
        _ => Place::Named(text.to_owned()),
    }
}

fn strategy_of(text: &str) -> WaitStrategy {
    match text {
        "spin" => WaitStrategy::Spin,
        "park" => WaitStrategy::Park,
        _ => WaitStrategy::Adaptive,
    }
}

fn number(text: &str) -> u64 {
    text.parse().expect("a number")
}

fn octal(text: &str) -> u32 {
    u32::from_str_radix(text, 8).expect("a mode")
}
