//! Processes that run a function of this program: real ones, of this very test.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::abort;
use std::thread::sleep;
use std::time::{Duration, Instant};

use ringway::process::{
    Exit, JoinError, Resource, SpawnError, Stdio, active_children, current_process, parent_process,
};
use ringway::{Context, Failure, Lock, Message, Outcome, Place, Process, Queue, Role, scope};

use ringway_tests::watchdog::Watchdog;

ringway::entry!();

fn square(number: u64) -> u64 {
    number * number
}

fn forever(_: ()) {
    loop {
        sleep(Duration::from_secs(1));
    }
}

/// One that would live for ever, but not longer than a test that fails.
fn daemon() -> Process<()> {
    Process::builder().daemon(true).spawn((), forever).unwrap()
}

#[test]
fn a_function_runs_in_a_process_of_its_own() {
    let process = Process::spawn(7, square).unwrap();
    assert_ne!(process.pid(), std::process::id());
    assert_eq!(process.join().unwrap(), 49);
    let pid = Process::spawn((), |()| std::process::id()).unwrap();
    let expected = pid.pid();
    assert_eq!(pid.join().unwrap(), expected);
}

#[derive(Message, Debug, Clone, PartialEq)]
enum Item {
    Number(i64),
    None,
    Text(String),
}

#[test]
fn arguments_and_results_are_messages_of_any_size() {
    let items = vec![Item::Number(42), Item::None, Item::Text("hello".to_owned())];
    let back = Process::spawn(items.clone(), |items: Vec<Item>| items).unwrap();
    assert_eq!(back.join().unwrap(), items);
    let large = vec![7_u8; 5 << 20];
    let twice = |bytes: Vec<u8>| [bytes.clone(), bytes].concat();
    assert_eq!(Process::spawn(large.clone(), twice).unwrap().join().unwrap(), vec![7; 10 << 20]);
}

fn generic<T: Message + Clone>(value: T) -> (T, T) {
    (value.clone(), value)
}

#[test]
fn instances_of_a_generic_function_are_told_apart() {
    let numbers = Process::spawn(3_u32, generic).unwrap();
    let texts = Process::spawn("x".to_owned(), generic).unwrap();
    assert_eq!(numbers.join().unwrap(), (3, 3));
    assert_eq!(texts.join().unwrap(), ("x".to_owned(), "x".to_owned()));
}

fn produce((queue, lock, count): (Queue<u64>, Lock, u64)) -> Outcome {
    for number in 0..count {
        let _held = lock.acquire()?;
        queue.put(number)?;
    }
    Ok(())
}

#[test]
fn queues_and_locks_are_arguments() {
    let (queue, lock) = (Queue::unnamed(4).unwrap(), Lock::unnamed().unwrap());
    let processes: Vec<_> = (0..3)
        .map(|_| Process::spawn((queue.clone(), lock.clone(), 100), produce).unwrap())
        .collect();
    let sum: u64 = (0..300).map(|_| queue.get_value().unwrap()).sum();
    assert_eq!(sum, 3 * 4950);
    for process in processes {
        process.join().unwrap().unwrap();
    }
    assert!(queue.is_empty().unwrap() && !lock.is_locked());
}

#[derive(Message)]
struct Station {
    context: Context,
    inboxes: Vec<Queue<String>>,
    door: Option<Lock>,
}

#[test]
fn handles_may_be_anywhere_in_the_arguments() {
    let context = Context::unnamed().unwrap();
    let first = Queue::create_in(&context, "first", 4).unwrap();
    let second = Queue::unnamed(4).unwrap();
    let door = Lock::create_in(&context, "door").unwrap();
    let station = Station {
        context: context.clone(),
        inboxes: vec![first.clone(), second.clone(), first.clone()],
        door: Some(door.clone()),
    };
    let work = |station: Station| -> Outcome {
        station.door.ok_or(Failure::new("no door"))?.acquire()?.keep();
        for inbox in &station.inboxes {
            inbox.put("hello")?;
        }
        let third = Queue::<u32>::create_in(&station.context, "third", 2)?;
        third.put(3)?;
        Ok(())
    };
    Process::spawn(station, work).unwrap().join().unwrap().unwrap();
    assert_eq!((first.len().unwrap(), second.len().unwrap()), (2, 1));
    assert_eq!(Queue::<u32>::open_in(&context, "third").unwrap().get_value().unwrap(), 3);
    assert!(door.acquire().unwrap().owner_died());
}

#[test]
fn what_cannot_be_handed_over_is_told() {
    let heap = Queue::<u32>::options().create(Place::Heap).unwrap();
    let error = Process::spawn(heap, |_: Queue<u32>| ()).unwrap_err();
    assert!(matches!(error, SpawnError::Arguments(_)), "{error}");
    assert!(error.to_string().contains("heap queue is of this process alone"), "{error}");
    let error = Queue::<Option<Lock>>::unnamed(3).unwrap_err().to_string();
    assert!(error.contains("a handle in it"), "{error}");
}

#[test]
fn errors_of_the_function_arrive() {
    let process = Process::spawn("x".to_owned(), |text: String| -> Outcome {
        let _: u32 = text.parse()?;
        Ok(())
    });
    let failure = process.unwrap().join().unwrap().unwrap_err();
    assert_eq!(failure.to_string(), "invalid digit found in string");
}

#[test]
fn a_panic_is_told_with_its_place() {
    let process = Process::builder().name("worker").stderr(Stdio::Null).spawn(5, |n: u32| {
        assert!(n < 5, "{n} is too much");
    });
    let process = process.unwrap();
    assert_eq!(process.wait(), Exit::Code(101));
    let error = process.join().unwrap_err();
    let JoinError::Panicked { process, message } = &error else { panic!("{error}") };
    assert!(process.starts_with("process 'worker' ("), "{error}");
    assert!(message.contains("5 is too much") && message.contains("process.rs"), "{error}");
}

#[test]
fn every_end_is_told() {
    let _dog = Watchdog::over_a_test();
    let silent = || Process::builder().stderr(Stdio::Null);
    let died = |end: Result<(), JoinError>| match end {
        Err(JoinError::Died { exit, .. }) => exit,
        other => panic!("{other:?}"),
    };
    let killed = daemon();
    assert!(killed.is_alive() && killed.exit_code().is_none() && killed.try_wait().is_none());
    killed.kill().unwrap();
    assert_eq!((killed.wait(), killed.exit_code()), (Exit::Signal(9), Some(-9)));
    killed.kill().unwrap(); // it has ended: nothing to do
    assert_eq!(died(killed.join()), Exit::Signal(9));
    let exited = Process::spawn((), |()| std::process::exit(3)).unwrap();
    assert_eq!(died(exited.join()), Exit::Code(3));
    let aborted = silent().spawn((), |()| abort()).unwrap();
    assert_eq!(died(aborted.join()), Exit::Signal(6));
    let left = Process::spawn((), |()| std::process::exit(0)).unwrap();
    assert_eq!(died(left.join()), Exit::Code(0), "it ended well, but the function did not return");
}

#[test]
fn waits_have_limits_and_can_be_repeated() {
    let process = daemon();
    assert_eq!(process.wait_timeout(Duration::from_millis(20)), None);
    assert_eq!(process.wait_deadline(Instant::now()), None);
    let listed = active_children();
    assert!(listed.iter().any(|child| child.pid == process.pid() && child.name == process.name()));
    process.terminate().unwrap();
    for _ in 0..2 {
        assert_eq!(process.wait(), Exit::Signal(15));
        assert_eq!(process.wait_timeout(Duration::ZERO), Some(Exit::Signal(15)));
    }
    assert!(active_children().iter().all(|child| child.pid != process.pid()));
}

#[test]
fn the_sentinel_becomes_readable() {
    let _dog = Watchdog::over_a_test();
    use ringway::process::poll;
    let process = daemon();
    assert_eq!(poll(&[process.sentinel()], Some(Duration::ZERO)).unwrap(), [false]);
    process.kill().unwrap();
    assert_eq!(poll(&[process.sentinel().as_fd()], None).unwrap(), [true]);
}

#[test]
fn a_process_knows_itself_and_its_parent() {
    let about = |()| {
        let (current, parent) = (current_process(), parent_process().expect("one"));
        (current.name().to_owned(), current.is_daemon(), parent.pid(), parent.is_alive())
    };
    let process = Process::builder().name("me").daemon(true).spawn((), about).unwrap();
    assert_eq!(process.join().unwrap(), ("me".to_owned(), true, std::process::id(), true));
    assert_eq!(current_process().name(), "MainProcess");
    assert!(parent_process().is_none());
}

#[test]
fn the_builder_is_obeyed() {
    let folder = std::env::temp_dir().canonicalize().unwrap();
    let process = Process::builder()
        .current_dir(&folder)
        .env("RINGWAY_TEST", "a value")
        .env_remove("PATH")
        .affinity(&[0])
        .nice(3)
        .limit(Resource::OpenFiles, 50, 60)
        .spawn((), |()| {
            let open = (0..100).map_while(|_| std::fs::File::open("/dev/null").ok());
            let open = open.collect::<Vec<_>>().len();
            let path = std::env::current_dir().unwrap().to_string_lossy().into_owned();
            let processors = std::thread::available_parallelism().unwrap().get() as u32;
            let of_order = std::env::var_os("PATH").is_none();
            (path, std::env::var("RINGWAY_TEST").unwrap(), processors, open as u32, of_order)
        });
    let (path, value, processors, open, is_removed) = process.unwrap().join().unwrap();
    assert_eq!((path.as_str(), value.as_str()), (folder.to_str().unwrap(), "a value"));
    assert_eq!(processors, 1);
    assert!(open < 50 && is_removed);
    let process = Process::builder().current_dir("/no/such/place").spawn((), |()| ()).unwrap();
    let error = process.join().unwrap_err().to_string();
    assert!(error.contains("cannot change to the directory /no/such/place"), "{error}");
}

#[test]
fn streams_can_be_pipes() {
    let builder = Process::builder().stdin(Stdio::Piped).stdout(Stdio::Piped);
    let mut process = builder.spawn((), |()| {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).unwrap();
        print!("{}", text.to_uppercase());
    });
    let process = process.as_mut().unwrap();
    process.take_pipe(0).unwrap().write_all(b"hello").unwrap();
    assert!(process.take_pipe(0).is_none(), "it can be taken once");
    let mut text = String::new();
    process.take_pipe(1).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "HELLO");
}

/// By default a process reads nothing, and leaves what its parent may read to it.
#[test]
fn the_standard_input_is_empty_by_default() {
    fn read(_: ()) -> String {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).unwrap();
        text
    }
    let both = |()| (Process::spawn((), read).unwrap().join().unwrap(), read(()));
    let mut parent = Process::builder().stdin(Stdio::Piped).spawn((), both).unwrap();
    parent.take_pipe(0).unwrap().write_all(b"for the parent").unwrap();
    assert_eq!(parent.join().unwrap(), (String::new(), "for the parent".to_owned()));
}

/// A child starts a process itself, three deep.
#[test]
fn processes_have_processes() {
    fn depth(left: u32) -> u32 {
        match left {
            0 => 0,
            left => 1 + Process::spawn(left - 1, depth).unwrap().join().unwrap(),
        }
    }
    assert_eq!(Process::spawn(3, depth).unwrap().join().unwrap(), 3);
}

#[test]
fn a_scope_joins_its_processes_and_returns_the_first_failure() {
    let queue = Queue::unnamed(20).unwrap();
    let put = |(queue, number): (Queue<u32>, u32)| -> Outcome {
        sleep(Duration::from_millis(20));
        queue.put(number)?;
        if number == 4 { Err(Failure::new("four")) } else { Ok(()) }
    };
    let failed = scope(|scope| {
        (0..8).try_for_each(|number| scope.spawn((queue.clone(), number), put))?;
        Ok(())
    });
    assert_eq!(failed.unwrap_err().to_string(), "four");
    assert_eq!(queue.len().unwrap(), 8, "all of them were joined");
}

/// What a killed child held comes back, and the others go on.
#[test]
fn what_a_killed_child_held_comes_back() {
    let _dog = Watchdog::over_a_test();
    let (queue, lock) = (Queue::<u32>::unnamed(8).unwrap(), Lock::unnamed().unwrap());
    queue.put_many(&[1, 2]).unwrap();
    let process =
        Process::builder().daemon(true).spawn((queue.clone(), lock.clone()), |(queue, lock)| {
            let _message = queue.get().unwrap();
            let _held = lock.acquire().unwrap();
            queue.put(3).unwrap();
            forever(());
        });
    let process = process.unwrap();
    while queue.len().unwrap() != 2 || !lock.is_locked() {
        std::thread::yield_now();
    }
    assert_eq!((queue.get_value().unwrap(), queue.get_value().unwrap()), (2, 3));
    process.kill().unwrap();
    assert!(lock.acquire().unwrap().owner_died());
    assert_eq!(process.wait(), Exit::Signal(9));
    queue.reclaim().unwrap();
    assert_eq!(queue.snapshot().unwrap().holders.len(), 1);
}

/// Roles go along, and the queue never is without a putter while one is handed over.
#[test]
fn a_queue_that_is_handed_over_ends_with_its_last_putter() {
    let _dog = Watchdog::over_a_test();
    let options = Queue::<u32>::options().shut_down_with_last_putter(true);
    let getter = options.clone().role(Role::Getter).create(Place::Unnamed).unwrap();
    let putter = options.role(Role::Putter).open_fd(getter.inheritable_fd().unwrap()).unwrap();
    let process = Process::spawn(putter.clone(), |putter: Queue<u32>| {
        sleep(Duration::from_millis(50));
        putter.put(1).unwrap();
    });
    drop(putter); // long before the child has it
    let process = process.unwrap();
    let refused = Process::spawn(getter.clone(), |getter: Queue<u32>| getter.put(2).is_err());
    assert!(refused.unwrap().join().unwrap(), "the child only gets as well");
    assert_eq!(getter.get_value().unwrap(), 1);
    assert!(getter.get().unwrap_err().is_shut_down());
    process.join().unwrap();
}

#[test]
fn a_daemon_does_not_outlive_a_killed_parent() {
    let _dog = Watchdog::over_a_test();
    let pids = Queue::<u32>::unnamed(2).unwrap();
    let parent = Process::builder().daemon(true).spawn(pids.clone(), |pids| {
        let daemon = Process::builder().daemon(true).spawn((), forever).unwrap();
        // The thread that asked for it may end; the daemon lives on.
        let other =
            std::thread::spawn(|| Process::builder().daemon(true).spawn((), forever).unwrap());
        pids.put(other.join().unwrap().pid()).unwrap();
        pids.put(daemon.pid()).unwrap();
        forever(());
    });
    let parent = parent.unwrap();
    let daemons = [pids.get_value().unwrap(), pids.get_value().unwrap()];
    let lives = |pid: &u32| {
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        state.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
    };
    assert!(daemons.iter().all(lives));
    parent.kill().unwrap();
    parent.wait();
    while daemons.iter().any(lives) {
        sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_process_that_ends_waits_for_its_children_and_ends_its_daemons() {
    let _dog = Watchdog::over_a_test();
    let done = Queue::<u32>::unnamed(4).unwrap();
    let parent = Process::spawn(done.clone(), |done: Queue<u32>| {
        let slow = |done: Queue<u32>| {
            sleep(Duration::from_millis(100));
            done.put(1).unwrap();
        };
        Process::spawn(done.clone(), slow).unwrap();
        let daemon = Process::builder().daemon(true).spawn((), forever).unwrap();
        daemon.pid()
    });
    let daemon = parent.unwrap().join().unwrap();
    assert_eq!(done.try_get_value().unwrap(), 1, "the end of the parent has waited for it");
    assert!(!std::path::Path::new(&format!("/proc/{daemon}")).exists());
}

#[test]
fn a_panic_that_was_caught_is_not_what_ends_a_process() {
    let _dog = Watchdog::over_a_test();
    let caught = Queue::<u32>::unnamed(1).unwrap();
    let builder = Process::builder().daemon(true).stderr(Stdio::Null);
    let process = builder.spawn(caught.clone(), |caught| {
        std::panic::catch_unwind(|| panic!("caught")).unwrap_err();
        caught.put(1).unwrap();
        forever(());
    });
    let process = process.unwrap();
    caught.get().unwrap();
    process.kill().unwrap();
    let error = process.join().unwrap_err();
    assert!(matches!(error, JoinError::Died { exit: Exit::Signal(9), .. }), "{error}");
}

#[test]
fn a_child_that_drops_a_handle_takes_no_part_any_more() {
    let _dog = Watchdog::over_a_test();
    let (queue, end) = (Queue::<u32>::unnamed(1).unwrap(), Queue::<u32>::unnamed(1).unwrap());
    let process = Process::spawn((queue.clone(), end.clone()), |(queue, end)| {
        drop(queue);
        end.put(1).unwrap(); // dropped
        end.put(2).unwrap(); // waits until the parent has looked
    });
    let process = process.unwrap();
    while !end.is_full().unwrap() {
        std::thread::yield_now();
    }
    assert_eq!(queue.snapshot().unwrap().holders.len(), 1);
    assert!(process.is_alive());
    assert_eq!((end.get_value().unwrap(), end.get_value().unwrap()), (1, 2));
    process.join().unwrap();
}

/// A variable that means no order of this program is another's, and changes nothing.
#[test]
fn a_wrong_variable_is_no_order() {
    for variable in ["-1", "", "seven", "0", "123", "99999999999"] {
        let this = std::env::current_exe().unwrap();
        let mut listing = std::process::Command::new(this);
        let output = listing.arg("--list").env("RINGWAY_CHILD", variable).output().unwrap();
        assert!(output.status.success(), "{variable}: {output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("a_wrong_variable_is_no_order"));
    }
}
