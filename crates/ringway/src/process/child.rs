//! The way of a child: from the start of the program to the function that it is to run.

use std::any::Any;
use std::fs::File;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::exit;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use ringway_sys::children as sys;

use super::answer::{Answer, EXIT_OF_PANIC};
use super::current;
use super::entry::{self, Arguments};
use super::order::{Order, Wishes};
use crate::handover::Id;

/// The variable that tells a child the number of the descriptor with its order.
pub(super) const VARIABLE: &str = "RINGWAY_CHILD";

/// The exit code of a child that could not begin.
const NOT_BEGUN: i32 = 102;

static IS_INITIALISED: AtomicBool = AtomicBool::new(false);

/// Whether processes can be started: a child of this program would find its function.
pub(super) fn is_initialised() -> bool {
    IS_INITIALISED.load(Relaxed) // only this flag matters
}

/// Begins a program that starts processes: to be called first in main.
///
/// In a process that [`Process::spawn`](super::Process::spawn) has started, this runs its function
/// and ends the process. In all others it returns at once. What main does before it is done in each
/// child as well. A program whose main is not yours, as a test, has
/// [`entry!`](crate::entry) instead.
pub fn init() {
    become_child();
    IS_INITIALISED.store(true, Relaxed); // only this flag matters
}

/// What [`entry!`](crate::entry) calls, before main. `rest` are the constructors of the program that
/// would run after this one.
///
/// # Safety
/// Called by the loader, with the constructors that it will call next.
#[doc(hidden)]
pub unsafe fn begin(rest: &[extern "C" fn()]) {
    if order().is_some() {
        rest.iter().for_each(|constructor| constructor());
        sys::ignore_broken_pipes();
        become_child();
    }
    IS_INITIALISED.store(true, Relaxed); // only this flag matters
}

/// The descriptor with the order of this process, if it has one.
fn order() -> Option<RawFd> {
    let number =
        std::env::var(VARIABLE).ok()?.parse().ok().filter(|&number: &RawFd| number >= 0)?;
    if sys::is_privileged() {
        return None; // the variable is that of a user with fewer rights
    }
    // Looked at without being owned: if it is no order, it belongs to other code.
    let file = std::mem::ManuallyDrop::new(
        // SAFETY: no negative number, only used for questions that fail if it is not open, and
        // never closed here.
        unsafe { File::from_raw_fd(number) },
    );
    Order::is_in(&file).then_some(number)
}

fn become_child() {
    let Some(number) = order() else { return };
    // SAFETY: an order is in this descriptor, so it came from the parent, for us alone.
    let Ok(file) = (unsafe { sys::take_over(number) }) else { return };
    let Some((order, arguments)) = Order::read(&File::from(file)) else { exit(NOT_BEGUN) };
    // SAFETY: as above; the parent has named it in the order.
    let Ok(answer) = (unsafe { sys::take_over(order.answer) }) else { exit(NOT_BEGUN) };
    // SAFETY: as above.
    let Ok(handing) = (unsafe { sys::take_over(order.handing) }) else { exit(NOT_BEGUN) };
    // The hook needs it as well.
    let answer: &'static Answer = Box::leak(Box::new(Answer::new(File::from(answer))));
    exit(run(&order, &arguments, answer, handing))
}

/// Runs the function; returns the code to exit with.
fn run(order: &Order, bytes: &[u8], answer: &'static Answer, handing: OwnedFd) -> i32 {
    let segments = match begin_life(order) {
        Ok(segments) => segments,
        Err(reason) => {
            answer.not_begun(&reason);
            return NOT_BEGUN;
        }
    };
    IS_INITIALISED.store(true, Relaxed); // only this flag matters
    report_panics(answer);
    let arguments = Arguments { bytes, segments, handing };
    let called = catch_unwind(AssertUnwindSafe(|| entry::run(order, arguments, answer)));
    match called {
        Ok(Ok(())) => 0,
        Ok(Err(reason)) => {
            answer.not_begun(&reason);
            NOT_BEGUN
        }
        Err(payload) => {
            let _ = catch_unwind(AssertUnwindSafe(|| drop::<Box<dyn Any + Send>>(payload)));
            EXIT_OF_PANIC
        }
    }
}

/// Does what the order wishes, and takes over the descriptors of segments.
fn begin_life(order: &Order) -> Result<Vec<(Id, OwnedFd)>, String> {
    let Wishes { directory, processors, nice, limits } = &order.wishes;
    let failed = |step: &str| {
        let step = step.to_owned();
        move |error: std::io::Error| format!("cannot {step}: {error}")
    };
    if order.is_daemon {
        sys::die_with_parent(order.parent).map_err(failed("bind its life to its parent's"))?;
    }
    if let Some(directory) = directory {
        use std::os::unix::ffi::OsStringExt;
        let path = PathBuf::from(std::ffi::OsString::from_vec(directory.clone()));
        let step = format!("change to the directory {}", path.display());
        std::env::set_current_dir(&path).map_err(failed(&step))?;
    }
    if !processors.is_empty() {
        sys::run_on(processors).map_err(failed(&format!("run on processors {processors:?}")))?;
    }
    if *nice != 0 {
        sys::renice(*nice).map_err(failed(&format!("change its nice value by {nice}")))?;
    }
    for &(resource, soft, hard) in limits {
        let resource = sys::Resource::ALL.get(usize::from(resource)).copied();
        let resource = resource.ok_or("a resource of the order is unknown")?;
        let step = format!("limit {resource:?} to {soft}");
        sys::limit(resource, soft, hard).map_err(failed(&step))?;
    }
    current::begin(order);
    let segments = order.segments.iter().map(|&(id, number)| {
        // SAFETY: the parent has named it in the order, for us alone.
        let descriptor = unsafe { sys::take_over(number) };
        Ok((id, descriptor.map_err(failed("take over the descriptor of a segment"))?))
    });
    segments.collect()
}

/// Writes what a panic of this thread says into the answer, beside what is done with it anyway. It is
/// done by a hook, so that it works with `panic = "abort"` as well.
fn report_panics(answer: &'static Answer) {
    let thread = std::thread::current().id();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().id() == thread {
            let mut text = text_of(panic.payload()).unwrap_or("of no text").to_owned();
            if let Some(place) = panic.location() {
                text = format!("{text}, at {place}");
            }
            let backtrace = std::backtrace::Backtrace::capture();
            if backtrace.status() == std::backtrace::BacktraceStatus::Captured {
                text = format!("{text}\n{backtrace}");
            }
            answer.panicked(&text);
        }
        before(panic);
    }));
}

fn text_of(payload: &(dyn Any + Send)) -> Option<&str> {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied())
}
