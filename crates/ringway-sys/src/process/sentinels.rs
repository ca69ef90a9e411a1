//! Looks for the dead among many processes by one system call.
//!
//! A process that waits for others has to notice when one of them dies, and so looks at all of them
//! several times a second. [`liveness_of`](super::liveness_of) takes about ten system calls for
//! each; [`Sentinels`] keeps a pidfd of each process and asks all of them by one poll(2).

use std::collections::BTreeMap;

use super::identity::Identity;
use super::liveness::{Liveness, look};
use super::pidfd::Kept;
use crate::status::{check, retry_interrupted};

/// Pidfds may take one in this many of the descriptors that the process may have.
const SHARE: u64 = 4;

/// A set of processes that are watched until they die.
///
/// The kept descriptors are closed by exec. At most a quarter of the descriptors that this process
/// may have (RLIMIT_NOFILE, asked by [`new`](Self::new)) are kept; further processes, and those for
/// which no descriptor can be had, are asked one by one in each look. Other code may close the
/// descriptors or use their numbers again: then a look takes longer or tells a death later, but
/// never tells a living process dead.
///
/// The set remains valid in a forked child.
#[derive(Debug)]
pub struct Sentinels {
    /// With the pidfd of each process that has one.
    watched: BTreeMap<Identity, Option<Kept>>,
    /// How many pidfds may be kept.
    limit: usize,
    /// What poll(2) is asked: an entry for each pidfd, in the order of the map. Kept for its
    /// memory.
    questions: Vec<libc::pollfd>,
    /// Which pidfd is next to be checked for being ours.
    next_checked: usize,
}

impl Default for Sentinels {
    fn default() -> Self {
        Self::new()
    }
}

impl Sentinels {
    /// Returns an empty set, which has no descriptor yet.
    pub fn new() -> Self {
        Self {
            watched: BTreeMap::new(),
            limit: usize::try_from(descriptor_limit() / SHARE).unwrap_or(usize::MAX),
            questions: Vec::new(),
            next_checked: 0,
        }
    }

    /// Adds `process` to the set if it is alive.
    ///
    /// * [`Liveness::Alive`]: it is in the set, and [`take_dead`](Self::take_dead) will tell its
    ///   death. For a process that was in the set already this takes no system call, and it may
    ///   have died since the last look.
    /// * [`Liveness::Dead`]: it is not in the set.
    /// * [`Liveness::Unknown`]: it is not in the set, and the caller needs other evidence, now and
    ///   later. For a process of another PID namespace this takes no system call.
    pub fn watch(&mut self, process: &Identity) -> Liveness {
        if self.watched.contains_key(process) {
            return Liveness::Alive;
        }
        let (liveness, kept) = look_and_keep(process, self.kept() < self.limit);
        if liveness == Liveness::Alive {
            self.watched.insert(*process, kept);
        }
        liveness
    }

    /// Looks at all processes of the set, without waiting, and returns those that have died since
    /// the last look. They leave the set. While none dies, a look takes two system calls, and no
    /// memory.
    pub fn take_dead(&mut self) -> Vec<Identity> {
        let is_doubtful = !self.poll() || self.has_lost_a_descriptor();
        let mut room = self.limit.saturating_sub(self.kept());
        let mut answers = self.questions.iter();
        let mut dead = Vec::new();
        for (process, slot) in &mut self.watched {
            if slot.is_some() {
                let is_silent = answers.next().is_some_and(|answer| answer.revents == 0);
                if is_silent && !is_doubtful {
                    continue;
                }
                room += 1;
            }
            // An answer is only a reason to look: the descriptor that gave it may be that of
            // another file.
            match look_and_keep(process, room > 0) {
                (Liveness::Alive, kept) => *slot = kept,
                (Liveness::Dead, _) => dead.push(*process),
                (Liveness::Unknown, _) => *slot = slot.take().filter(Kept::is_intact),
            }
            room -= usize::from(slot.is_some());
        }
        for process in &dead {
            self.watched.remove(process);
        }
        dead
    }

    /// Keeps only the processes for which `is_wanted` returns `true`.
    pub fn retain(&mut self, mut is_wanted: impl FnMut(&Identity) -> bool) {
        self.watched.retain(|process, _| is_wanted(process));
    }

    /// How many processes are in the set.
    pub fn len(&self) -> usize {
        self.watched.len()
    }

    /// Whether no process is in the set.
    pub fn is_empty(&self) -> bool {
        self.watched.is_empty()
    }

    /// How many pidfds are kept.
    fn kept(&self) -> usize {
        self.watched.values().flatten().count()
    }

    /// Asks all pidfds at once. `false` if the kernel refuses, and there is no answer.
    fn poll(&mut self) -> bool {
        self.questions.clear();
        self.questions.extend(self.watched.values().flatten().map(|kept| libc::pollfd {
            fd: kept.number(),
            events: libc::POLLIN,
            revents: 0,
        }));
        let count = self.questions.len() as libc::nfds_t;
        // SAFETY: the call gets as many `pollfd`s as it is told, borrowed for it.
        retry_interrupted(|| check(unsafe { libc::poll(self.questions.as_mut_ptr(), count, 0) }))
            .is_ok()
    }

    /// Whether there is a sign that other code closed pidfds of ours; then any of them may be lost.
    /// Each that answered is checked, and one more in turn: a number that was used again for
    /// something silent looks like a living process.
    fn has_lost_a_descriptor(&mut self) -> bool {
        let turn = self.next_checked % self.questions.len().max(1);
        self.next_checked = turn + 1;
        let kept = self.watched.values().flatten().zip(&self.questions).enumerate();
        kept.into_iter()
            .any(|(at, (kept, answer))| (answer.revents != 0 || at == turn) && !kept.is_intact())
    }
}

/// As [`look`]; the pidfd only if there is room for it.
fn look_and_keep(process: &Identity, has_room: bool) -> (Liveness, Option<Kept>) {
    let (liveness, pidfd) = look(process);
    (liveness, pidfd.filter(|_| has_room).and_then(Kept::new))
}

/// How many descriptors this process may have.
fn descriptor_limit() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the call fills the local in that it is given.
    let asked = check(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) });
    asked.map_or(0, |_| limit.rlim_cur)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

    use super::*;
    use crate::process::liveness_of;
    use crate::testing::{Child, alone, become_nobody, in_fresh_process, on_mount_at};

    fn end(child: &mut Child) {
        child.signal(libc::SIGKILL);
        child.wait();
    }

    fn number_of(sentinels: &Sentinels, process: &Identity) -> i32 {
        sentinels.watched[process].as_ref().expect("a kept descriptor").number()
    }

    /// What a daemonizer does, and then any other code.
    fn close_and_use_again(number: i32, file: &impl AsRawFd) {
        // SAFETY: both calls take numbers; `number` is the descriptor of a set that is made to
        // notice it.
        unsafe {
            assert_eq!(libc::close(number), 0);
            assert_eq!(libc::dup2(file.as_raw_fd(), number), number);
        }
    }

    #[test]
    fn each_death_is_told_once_and_no_other() {
        let _alone = alone();
        let mut children: Vec<_> = (0..3).map(|_| Child::idle()).collect();
        let identities: Vec<_> = children.iter().map(Child::identity).collect();
        let mut sentinels = Sentinels::new();
        for identity in identities.iter().chain(&identities) {
            assert_eq!(sentinels.watch(identity), Liveness::Alive);
        }
        assert_eq!((sentinels.len(), sentinels.kept()), (3, 3));
        assert_eq!(sentinels.take_dead(), []);
        children[1].signal(libc::SIGSTOP);
        children[1].wait_for_state('T');
        assert_eq!(sentinels.take_dead(), []);
        children[1].signal(libc::SIGKILL);
        children[1].wait_for_state('Z');
        assert_eq!(sentinels.take_dead(), [identities[1]]);
        assert_eq!(sentinels.take_dead(), []);
        assert_eq!(sentinels.watch(&identities[1]), Liveness::Dead);
        sentinels.retain(|process| *process == identities[2]);
        end(&mut children[0]);
        assert_eq!(sentinels.take_dead(), []);
        end(&mut children[2]);
        assert_eq!(sentinels.take_dead(), [identities[2]]);
        assert!(sentinels.is_empty());
    }

    #[test]
    fn the_dead_and_the_unknown_are_not_watched() {
        let here = Identity::current().unwrap();
        let mut sentinels = Sentinels::new();
        let another = Identity { start_time: here.start_time - 1, ..here };
        assert_eq!(sentinels.watch(&another), Liveness::Dead);
        for unknown in [
            Identity { pid_namespace: here.pid_namespace + 1, ..here },
            Identity { time_namespace: here.time_namespace + 1, ..here },
            Identity { pid: 0, ..here },
        ] {
            assert_eq!(sentinels.watch(&unknown), Liveness::Unknown);
        }
        assert!(sentinels.is_empty());
        assert_eq!(sentinels.watch(&here), Liveness::Alive);
        assert_eq!(sentinels.take_dead(), []);
    }

    #[test]
    fn a_process_without_its_first_thread_lives_until_it_is_killed() {
        let _alone = alone();
        let mut child = Child::headless();
        let identity = child.identity();
        let mut sentinels = Sentinels::new();
        assert_eq!(sentinels.watch(&identity), Liveness::Alive);
        assert_eq!(sentinels.take_dead(), []);
        end(&mut child);
        assert_eq!(sentinels.take_dead(), [identity]);
    }

    #[test]
    fn descriptors_are_closed_by_exec_and_given_back() {
        let mut sentinels = Sentinels::new();
        let here = Identity::current().unwrap();
        sentinels.watch(&here);
        let number = number_of(&sentinels, &here);
        // SAFETY: F_GETFD takes nothing and touches no memory.
        let flags = unsafe { libc::fcntl(number, libc::F_GETFD) };
        assert_eq!(flags & libc::FD_CLOEXEC, libc::FD_CLOEXEC);
    }

    #[test]
    fn descriptors_that_are_lost_cost_no_life_and_hide_no_death() {
        in_fresh_process("process::sentinels::tests::with_lost_descriptors");
    }

    #[test]
    #[ignore = "run by the test above, since it closes descriptors by their numbers"]
    fn with_lost_descriptors() {
        let mut children: Vec<_> = (0..4).map(|_| Child::idle()).collect();
        let identities: Vec<_> = children.iter().map(Child::identity).collect();
        let mut sentinels = Sentinels::new();
        for identity in &identities {
            assert_eq!(sentinels.watch(identity), Liveness::Alive);
        }
        let numbers: Vec<_> = identities.iter().map(|one| number_of(&sentinels, one)).collect();

        // Closed, and not used again.
        // SAFETY: closes a descriptor of the set, which is made to notice it.
        assert_eq!(unsafe { libc::close(numbers[0]) }, 0);
        // Used again for a file that always answers; it must survive.
        let always = File::open("/dev/null").unwrap();
        close_and_use_again(numbers[1], &always);
        // Used again for what never answers, and what looks like a pidfd.
        // SAFETY: takes numbers.
        let silent = unsafe { OwnedFd::from_raw_fd(libc::eventfd(0, 0)) };
        close_and_use_again(numbers[2], &silent);
        // Used again for the pidfd of a process that is dead.
        let mut other = Child::idle();
        let pidfd = crate::process::pidfd::open(other.pid).unwrap();
        end(&mut other);
        close_and_use_again(numbers[3], &pidfd);

        assert_eq!(sentinels.take_dead(), []);
        assert_eq!(sentinels.kept(), 4);
        assert!(identities.iter().all(|one| sentinels.watched[one].as_ref().unwrap().is_intact()));
        for number in [numbers[1], numbers[2], numbers[3]] {
            // SAFETY: F_GETFD takes nothing and touches no memory.
            assert_ne!(unsafe { libc::fcntl(number, libc::F_GETFD) }, -1, "a foreign file");
        }
        for (child, identity) in children.iter_mut().zip(&identities) {
            end(child);
            assert_eq!(sentinels.take_dead(), [*identity]);
        }
    }

    #[test]
    fn a_silent_file_under_a_number_hides_a_death_for_one_round_only() {
        in_fresh_process("process::sentinels::tests::with_a_silent_file");
    }

    #[test]
    #[ignore = "run by the test above, since it closes descriptors by their numbers"]
    fn with_a_silent_file() {
        let mut children: Vec<_> = (0..5).map(|_| Child::idle()).collect();
        let identities: Vec<_> = children.iter().map(Child::identity).collect();
        let mut sentinels = Sentinels::new();
        for identity in &identities {
            sentinels.watch(identity);
        }
        let (silent, _other_end) = std::io::pipe().unwrap();
        close_and_use_again(number_of(&sentinels, &identities[3]), &silent);
        end(&mut children[3]);
        let dead: Vec<_> = (0..5).flat_map(|_| sentinels.take_dead()).collect();
        assert_eq!(dead, [identities[3]]);
    }

    #[test]
    fn a_table_of_descriptors_that_is_full_makes_nothing_wrong() {
        in_fresh_process("process::sentinels::tests::without_descriptors");
    }

    #[test]
    #[ignore = "run by the test above, since it takes all descriptors"]
    fn without_descriptors() {
        let mut children: Vec<_> = (0..4).map(|_| Child::idle()).collect();
        let identities: Vec<_> = children.iter().map(Child::identity).collect();
        let mut sentinels = Sentinels::new();
        sentinels.limit = 2;
        for identity in &identities[..3] {
            assert_eq!(sentinels.watch(identity), Liveness::Alive);
        }
        assert_eq!((sentinels.len(), sentinels.kept()), (3, 2));
        let mut all = Vec::new();
        while let Ok(file) = File::open("/dev/null") {
            all.push(file);
        }
        // Nothing can be read, so nothing is said of the last one; it runs.
        assert_eq!(sentinels.watch(&identities[3]), Liveness::Unknown);
        assert_eq!(sentinels.take_dead(), []);
        end(&mut children[0]);
        end(&mut children[2]);
        assert_eq!(sentinels.take_dead().len(), 2, "one kept, one asked without a descriptor");
        drop(all);
        assert_eq!(sentinels.watch(&identities[3]), Liveness::Alive);
        assert_eq!(sentinels.kept(), 2);
        end(&mut children[1]);
        end(&mut children[3]);
        assert_eq!(sentinels.take_dead().len(), 2);
    }

    #[test]
    fn a_refused_poll_is_no_answer() {
        in_fresh_process("process::sentinels::tests::with_fewer_descriptors_than_are_open");
    }

    #[test]
    #[ignore = "run by the test above, since it lowers the limit of descriptors"]
    fn with_fewer_descriptors_than_are_open() {
        let mut children: Vec<_> = (0..12).map(|_| Child::idle()).collect();
        let identities: Vec<_> = children.iter().map(Child::identity).collect();
        let mut sentinels = Sentinels::new();
        for identity in &identities {
            assert_eq!(sentinels.watch(identity), Liveness::Alive);
        }
        let few = libc::rlimit { rlim_cur: 8, rlim_max: 4096 };
        // SAFETY: the call reads a local.
        check(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &few) }).unwrap();
        assert!(!sentinels.poll());
        assert_eq!(sentinels.take_dead(), []);
        end(&mut children[5]);
        assert_eq!(sentinels.take_dead(), [identities[5]]);
        assert_eq!(sentinels.len(), 11);
    }

    #[test]
    fn a_set_goes_on_in_a_forked_child() {
        let _alone = alone();
        let mut child = Child::idle();
        let identity = child.identity();
        let mut sentinels = Sentinels::new();
        sentinels.watch(&identity);
        let mut fork = Child::fork(|| {
            let before = sentinels.take_dead().len() as i32;
            child.signal(libc::SIGKILL);
            while sentinels.take_dead() != [identity] {}
            before
        });
        assert_eq!(fork.wait(), 0);
        child.wait();
    }

    /// As a user without privileges, where `/proc` hides the processes of others.
    #[test]
    fn a_hidden_process_is_unknown_while_it_runs() {
        let _alone = alone();
        let mut child = Child::idle();
        let identity = child.identity();
        on_mount_at("proc", "hidepid=2", "/proc".as_ref(), || {
            become_nobody();
            assert!(std::fs::metadata(format!("/proc/{}", identity.pid)).is_err());
            let mut sentinels = Sentinels::new();
            assert_eq!(liveness_of(&identity), Liveness::Unknown);
            assert_eq!(sentinels.watch(&identity), Liveness::Unknown);
            let here = Identity::current().unwrap();
            assert_eq!(sentinels.watch(&here), Liveness::Alive);
            assert_eq!(sentinels.take_dead(), []);
        });
        end(&mut child);
        on_mount_at("proc", "hidepid=2", "/proc".as_ref(), || {
            assert_eq!(liveness_of(&identity), Liveness::Dead);
        });
    }

    #[test]
    fn a_proc_of_processes_only_shows_all_that_is_needed() {
        let _alone = alone();
        let mut child = Child::idle();
        let identity = child.identity();
        on_mount_at("proc", "subset=pid", "/proc".as_ref(), || {
            assert!(!std::path::Path::new("/proc/sys").exists());
            assert_eq!(Identity::current().unwrap().pid, std::process::id());
            let mut sentinels = Sentinels::new();
            assert_eq!(sentinels.watch(&identity), Liveness::Alive);
            assert_eq!(sentinels.take_dead(), []);
            end(&mut child);
            assert_eq!(sentinels.take_dead(), [identity]);
        });
    }

    #[test]
    fn without_proc_only_the_end_of_a_process_is_told() {
        let _alone = alone();
        let mut child = Child::idle();
        let identity = child.identity();
        let mut sentinels = Sentinels::new();
        assert_eq!(sentinels.watch(&identity), Liveness::Alive);
        on_mount_at("tmpfs", "", "/proc".as_ref(), || {
            assert_eq!(sentinels.take_dead(), []);
            assert_eq!(liveness_of(&identity), Liveness::Unknown);
            end(&mut child);
            assert_eq!(liveness_of(&identity), Liveness::Dead);
            assert_eq!(sentinels.take_dead(), [identity]);
        });
    }
}
