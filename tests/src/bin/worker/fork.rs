//! A process that forks while it holds a message and a loan. The child tries every call.

use std::time::Duration;

use ringway::{
    Error, GetError, GetErrorKind, Message, PutError, PutErrorKind, Queue, SegmentError,
};
use rkyv::rancor::Fallible;
use rkyv::rend::u32_le;
use rkyv::with::{ArchiveWith, DeserializeWith, SerializeWith};
use rkyv::{Archive, Place};

/// Opens a queue that holds at least two messages. Says what the child found, and that the parent
/// goes on.
pub fn fork(place: &ringway::Place) {
    let queue = Queue::<[u8]>::options().open(place.clone()).expect("open");
    let guard = queue.get().expect("the first message");
    let kept = guard.to_vec();
    let loan = queue.loan(3).expect("a loan");

    // SAFETY: this process has one thread, and the child does nothing but calls of this queue and
    // `_exit`.
    let child = unsafe { libc::fork() };
    if child == 0 {
        crate::end_with_parent();
        let status = first_call_that_went_through(&queue, loan);
        drop(guard); // as all the rest it is the parent's, and stays so
        drop(queue);
        // SAFETY: ends the process at once.
        unsafe { libc::_exit(status) };
    }
    let mut status = -1;
    // SAFETY: waits for our own child and writes to a local.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    println!(
        "the child answers {}",
        if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { -1 }
    );

    let seen = queue.snapshot().expect("a whole queue");
    let mine = seen
        .holders
        .iter()
        .find(|holder| holder.participant.pid == std::process::id())
        .expect("the parent's entry");
    assert_eq!(mine.messages, 1, "the message is the parent's");
    assert_eq!(&*guard, kept, "the parent's message is as it was");
    drop(guard);
    let mut loan = loan;
    loan.copy_from_slice(b"own");
    loan.send().expect("the parent's loan is its own");
    println!("the parent goes on");
}

/// 0 when every call answers that the process was forked, else the number of the first that does
/// not.
fn first_call_that_went_through(queue: &Queue<[u8]>, loan: ringway::Loan<'_>) -> i32 {
    let soon = Duration::from_millis(1);
    let later = std::time::Instant::now() + soon;
    let clone = queue.clone();
    let calls = [
        refuses_put(queue.put("x")),
        refuses_put(queue.try_put("x")),
        refuses_put(queue.put_timeout("x", soon)),
        refuses_put(queue.put_deadline("x", later)),
        queue.put_many(&["x"]).is_err_and(|error| refuses_put::<_, ()>(Err(error.error))),
        queue.try_put_many(&["x"]).is_err_and(|error| refuses_put::<_, ()>(Err(error.error))),
        refuses_get(queue.get()),
        refuses_get(queue.try_get()),
        refuses_get(queue.get_timeout(soon)),
        refuses_get(queue.get_deadline(later)),
        refuses_get(queue.get_many(0)),
        refuses_get(queue.get_many(8)),
        refuses_get(queue.try_get_many(8)),
        refuses_get(queue.get_many_timeout(8, soon)),
        refuses_get(queue.get_many_deadline(8, later)),
        refuses_put(queue.loan(1)),
        refuses_put(queue.try_loan(1)),
        refuses_put(queue.loan_timeout(1, soon)),
        refuses_put(queue.loan_deadline(1, later)),
        refuses_put(loan.send()),
        refuses(queue.len()) && queue.len().is_err_and(|error| error.object == queue.label()),
        refuses(queue.is_empty()),
        refuses(queue.is_full()),
        refuses(queue.shutdown()),
        refuses(queue.shutdown_now()),
        refuses(queue.is_shut_down()),
        refuses(queue.reclaim()),
        refuses(queue.snapshot()),
        queue
            .inheritable_fd()
            .is_err_and(|error| error.to_string().starts_with(&queue.label().to_string())),
        queue.remove().is_err(),
        refuses_put(clone.put("x")),
    ];
    drop(clone);
    calls.iter().position(|refused| !refused).map_or(0, |call| call as i32 + 1)
}

/// A message whose making forks the process.
#[derive(Message)]
struct Forking {
    #[rkyv(with = Forks)]
    number: u32,
}

struct Forks;

impl ArchiveWith<u32> for Forks {
    type Archived = u32_le;
    type Resolver = ();
    fn resolve_with(field: &u32, (): (), out: Place<u32_le>) {
        field.resolve((), out);
    }
}

impl<S: Fallible + ?Sized> SerializeWith<u32, S> for Forks {
    fn serialize_with(_: &u32, _: &mut S) -> Result<(), S::Error> {
        // SAFETY: as in `fork`.
        if unsafe { libc::fork() } != 0 {
            let mut status = 0;
            // SAFETY: waits for our only child and writes to a local.
            unsafe { libc::wait(&mut status) };
            assert_eq!(status, 0, "the child's put went wrong");
        }
        Ok(())
    }
}

impl<D: Fallible + ?Sized> DeserializeWith<u32_le, u32, D> for Forks {
    fn deserialize_with(field: &u32_le, _: &mut D) -> Result<u32, D::Error> {
        Ok(field.to_native())
    }
}

/// Puts a message that forks while it is made. Of the two processes that return from the put, one
/// is told that it was forked; the other says how many messages there are.
pub fn fork_in_put() {
    let queue = Queue::<Forking>::options().create(ringway::Place::Unnamed).expect("a queue");
    let parent = std::process::id();
    let result = queue.put(Forking { number: 7 });
    if std::process::id() != parent {
        assert!(
            matches!(
                result,
                Err(PutError { kind: PutErrorKind::Segment(SegmentError::Forked), .. })
            ),
            "in the child: {result:?}"
        );
        // SAFETY: ends the process at once.
        unsafe { libc::_exit(0) };
    }
    result.expect("the parent's put");
    println!("{} messages", queue.len().expect("a whole queue"));
    println!("number {}", queue.get().expect("a message").number);
    // When the second forks, the first is ready to be sent.
    let result = queue.put_many(&[Forking { number: 8 }, Forking { number: 9 }]);
    if std::process::id() != parent {
        let error = result.expect_err("in the child").error;
        assert!(
            matches!(error, PutError { kind: PutErrorKind::Segment(SegmentError::Forked), .. }),
            "in the child: {error}"
        );
        // SAFETY: ends the process at once.
        unsafe { libc::_exit(0) };
    }
    result.expect("the parent's puts");
    println!("{} puts", queue.snapshot().expect("a whole queue").puts);
}

fn refuses<R>(result: Result<R, Error>) -> bool {
    matches!(result, Err(Error { kind: SegmentError::Forked, .. }))
}

fn refuses_put<V, R>(result: Result<R, PutError<V>>) -> bool {
    matches!(result, Err(PutError { kind: PutErrorKind::Segment(SegmentError::Forked), .. }))
}

fn refuses_get<R>(result: Result<R, GetError>) -> bool {
    matches!(result, Err(GetError { kind: GetErrorKind::Segment(SegmentError::Forked), .. }))
}
