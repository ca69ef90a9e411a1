//! A process to which a limit of the system applies, though it has the queue open already.

use std::fs;
use std::io::{self, BufRead};

use ringway::{Place, Queue};

/// Opens the queue, limits itself, and says what still works.
///
/// `files` and `locked` are the limits themselves, in descriptors and bytes. `addresses` allows so
/// many bytes more than it has mapped by then, `file` limits the size of a file. `group` is no
/// limit: it joins that control group.
pub fn limited(place: &Place, what: &str, limit: &str) {
    let queue = Queue::<[u8]>::open(place).expect("open");
    let number = || limit.parse::<u64>().expect("a number");
    match what {
        "files" => set(libc::RLIMIT_NOFILE, number()),
        "locked" => {
            give_up_locking();
            set(libc::RLIMIT_MEMLOCK, number());
        }
        "file" => set(libc::RLIMIT_FSIZE, number()),
        "addresses" => set(libc::RLIMIT_AS, mapped() + number()),
        "group" => fs::write(format!("{limit}/cgroup.procs"), "0").expect("join the group"),
        other => panic!("what is a limit of {other}?"),
    }
    println!("open");
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        let (call, argument) = line.split_once(' ').unwrap_or((&line, ""));
        println!("{}", answer(&queue, place, call, argument));
    }
}

/// Allows itself a little more address space than it has, and says what becomes of a large queue
/// and of a small one.
pub fn without_memory() {
    set(libc::RLIMIT_AS, mapped() + (64 << 20));
    for maxsize in [1 << 20, 4] {
        let queue =
            Queue::<[u8]>::options().maxsize(maxsize).max_message(1024).create(Place::Unnamed);
        println!("{}", queue.map_or_else(|error| error.to_string(), |_| "created".into()));
    }
}

fn answer(queue: &Queue<[u8]>, place: &Place, call: &str, argument: &str) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let options = Queue::<[u8]>::options().maxsize(4).max_message(1 << 20);
    match call {
        "open" => {
            Queue::<[u8]>::open(place).map_or_else(|error| error.to_string(), |_| "open".into())
        }
        "create" => {
            let place =
                if argument.is_empty() { Place::Unnamed } else { crate::place_of(argument) };
            options.create(place).map_or_else(|error| error.to_string(), |_| "created".into())
        }
        "get" => queue.get().map_or_else(|error| error.to_string(), |message| text(&message)),
        "recover" => queue
            .reclaim()
            .map_or_else(|error| error.to_string(), |done| done.participants.to_string()),
        "put" => queue.put(argument).map_or_else(|error| error.to_string(), |()| "put".into()),
        // So many bytes, in a loan: nothing but the queue's memory is used.
        "loan" => match queue.try_loan(argument.parse().expect("a number of bytes")) {
            Ok(mut loan) => {
                loan.fill(7);
                loan.send().map_or_else(|error| error.to_string(), |()| "sent".into())
            }
            Err(error) => error.to_string(),
        },
        _ => "unknown call".to_owned(),
    }
}

fn set(resource: libc::__rlimit_resource_t, limit: u64) {
    let limit = libc::rlimit { rlim_cur: limit, rlim_max: limit };
    // SAFETY: concerns this process only; the structure outlives the call.
    assert_eq!(unsafe { libc::setrlimit(resource, &limit) }, 0, "{}", io::Error::last_os_error());
}

/// Bytes of address space that this process has.
fn mapped() -> u64 {
    let facts = fs::read_to_string("/proc/self/statm").expect("facts of this process");
    facts.split(' ').next().and_then(|pages| pages.parse::<u64>().ok()).expect("a number of pages")
        * 4096
}

/// Who has this capability (root, as a rule) may lock memory whatever the limit says.
fn give_up_locking() {
    const CAP_IPC_LOCK: u32 = 14;
    let mut header = [0x2008_0522_u32, 0]; // _LINUX_CAPABILITY_VERSION_3, and this process
    let mut sets = [0_u32; 6]; // effective, permitted, inheritable; and the same of the upper half
    // SAFETY: both calls concern this process, have a header, and six words to read or fill in.
    let done = unsafe {
        let asked = libc::syscall(libc::SYS_capget, header.as_mut_ptr(), sets.as_mut_ptr());
        sets[..3].iter_mut().for_each(|set| *set &= !(1 << CAP_IPC_LOCK));
        asked == 0 && libc::syscall(libc::SYS_capset, header.as_mut_ptr(), sets.as_ptr()) == 0
    };
    assert!(done, "{}", io::Error::last_os_error());
}
