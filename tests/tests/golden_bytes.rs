//! The bytes of a segment are those that `shm-layout.md` describes. All offsets are literal, so
//! that a change of the code without a change of the document fails here.

use std::fs;
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use ringway::{Context, Lock, LockOptions, OpenError, Place, Queue, Role};
use ringway_tests::{Folder, Watchdog, fnv1a};

struct Bytes(Vec<u8>);

impl Bytes {
    fn of(path: &Path) -> Self {
        Self(fs::read(path).unwrap())
    }
    fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.0[at..at + 4].try_into().unwrap())
    }
    fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.0[at..at + 8].try_into().unwrap())
    }
    /// Every 8-byte word of the range that is not zero, with its offset.
    fn words(&self, range: Range<usize>) -> Vec<(usize, u64)> {
        range.step_by(8).map(|at| (at, self.u64(at))).filter(|&(_, word)| word != 0).collect()
    }
    /// Nanoseconds since 1970, of less than an hour ago.
    fn assert_recent(&self, at: usize) {
        let then = UNIX_EPOCH + Duration::from_nanos(self.u64(at));
        assert!(then.elapsed().unwrap().as_secs() < 3600, "the time at {at}");
    }
}

/// maxsize 5, max_message 1000, 3 participants, 2 loans: classes of 64, 256 and 1024 bytes,
/// 5 + 3 * (64 + 8 + 2) = 227 blocks in each.
///
/// The frame ends at 12288: participants at 8192, the directory at 8576, user words at 8832.
fn queue(at: &Path) -> Queue<[u8]> {
    let options = Queue::<[u8]>::options().maxsize(5).max_message(1000).participants(3).loans(2);
    options.create(Place::File(at.to_owned())).unwrap()
}

const QUEUE_BYTES: usize = 348_160;
const SEGMENT: usize = 12_288 + QUEUE_BYTES;
/// Generation 1, index 0.
const ME: u64 = 1 << 8;
const FREE: u64 = 0;
const LIVE: u64 = 1;
const QUEUE: u64 = 1 << 8;
const LOCK: u64 = 4 << 8;
/// The first object of an entry, in state 2.
const FIRST_LIVE: u64 = 1 << 32 | 2;
/// First life of the participant, first object of the entry, role 1.
const HANDLE: u64 = 1 << 24 | 1 << 8 | 1;
/// The same with the roles 2 and 4: it puts and gets.
const QUEUE_HANDLE: u64 = HANDLE | 2 | 4;

fn write(path: &Path, at: u64, word: u64) {
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&word.to_le_bytes(), at).unwrap();
}

#[test]
fn the_header_is_as_described() {
    let folder = Folder::new("golden");
    let _queue = queue(&folder.join("q"));
    let bytes = Bytes::of(&folder.join("q"));
    assert_eq!(bytes.0.len(), SEGMENT);
    assert_eq!(&bytes.0[0..8], b"RINGWAY\0");
    assert_eq!([8, 12, 16, 20].map(|at| bytes.u32(at)), [2, 0x0102_0304, 64, 0]);
    assert_eq!((bytes.u32(24), bytes.u32(28)), (1, 3), "objects and participants");
    assert_eq!(bytes.u64(32), QUEUE_BYTES as u64, "space for bodies");
    assert_eq!(bytes.u64(40), 0, "required features");
    assert_eq!(bytes.u64(48), SEGMENT as u64);
    assert_eq!(bytes.u64(56), 0, "optional features");
    assert_ne!(&bytes.0[64..80], [0; 16], "a unique id");
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let found: String = bytes.0[80..96].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(found, boot.trim().replace('-', ""));
    bytes.assert_recent(96);
    assert_eq!(bytes.words(104..176), [], "first position, reserved");
    assert_eq!(bytes.u64(176), fnv1a(&bytes.0[..176]));
    assert_eq!(bytes.words(184..4096), []);
}

#[test]
fn a_segment_of_layout_1_is_refused_by_the_name_of_the_field() {
    let folder = Folder::new("golden");
    // The header as version 1 wrote it, for maxsize 5, max_message 1000, 3 participants, 2 loans.
    let mut bytes = vec![0; 360_448];
    bytes[0..8].copy_from_slice(b"RINGWAY\0");
    for (at, number) in [(8, 1), (12, 0x0102_0304), (16, 64), (20, 1), (40, 3), (44, 2_u32)] {
        bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
    }
    for (at, number) in [(24, 5), (32, 1000), (48, 360_448_u64)] {
        bytes[at..at + 8].copy_from_slice(&number.to_le_bytes());
    }
    let sum = fnv1a(&bytes[..176]);
    bytes[176..184].copy_from_slice(&sum.to_le_bytes());
    let path = folder.join("q");
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();

    let options = Queue::<[u8]>::options();
    let refused = options.open(Place::File(path)).unwrap_err();
    match refused {
        OpenError::Refused { field: "the layout version", found, expected, .. } => {
            assert_eq!((found.as_str(), expected.as_str()), ("0x1", "0x2"));
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_fresh_queue_has_a_header_its_creator_and_its_entry() {
    let folder = Folder::new("golden");
    let _queue = queue(&folder.join("q"));
    let bytes = Bytes::of(&folder.join("q"));
    // The latch was held once; a directory entry has memory, and a participant entry was used.
    assert_eq!(bytes.words(4096..8192), [(4480, 1), (4608, 1), (4616, 1)], "frame words");

    assert_eq!(bytes.u64(8192), 1 << 8 | LIVE, "the life: first generation");
    assert_eq!(bytes.u64(8200), u64::from(std::process::id()));
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let start: u64 = stat[stat.rfind(')').unwrap()..].split(' ').nth(20).unwrap().parse().unwrap();
    assert_eq!(bytes.u64(8208), start, "start time");
    let inode = |which| fs::metadata(format!("/proc/self/ns/{which}")).unwrap().ino();
    assert_eq!((bytes.u64(8216), bytes.u64(8224)), (inode("pid"), inode("time")));
    assert!(bytes.u64(8232) >= bytes.u64(96), "attached after it was created");
    assert_eq!(bytes.u64(8240), 0, "hazard");
    assert_eq!(bytes.u64(8248), 1, "clean: nothing is left of lives before the first");
    assert_eq!(bytes.words(8256..8576), [], "reserved words and other participants");

    assert_eq!(bytes.u64(8576), FIRST_LIVE | QUEUE, "the life of the object");
    assert_eq!((bytes.u64(8584), bytes.u64(8592)), (12_288, QUEUE_BYTES as u64), "its body");
    assert_eq!([8600, 8608, 8616].map(|at| bytes.u64(at)), [5, 1000, 2], "its measures");
    assert_eq!(bytes.words(8624..8704), [], "fingerprint, options, name");
    assert_eq!((bytes.u64(8704), bytes.u64(8712)), (10_240, 5), "place and length of its schema");
    assert!(bytes.u64(8720) >= bytes.u64(8232), "made after its maker attached");
    assert_eq!(bytes.words(8728..8824), [], "features, ends, lock, reserved");
    assert_eq!(bytes.u64(8824), fnv1a(&bytes.0[8584..8760]), "the checksum of its fields");

    assert_eq!(bytes.words(8832..12_288), [(8832, QUEUE_HANDLE)], "user words");
    assert_eq!(bytes.words(12_288..22_528), [], "the words and the slots of the body");
    assert_eq!(&bytes.0[22_528..22_536], b"bytes\0\0\0", "the schema");
    assert_eq!(bytes.words(22_536..SEGMENT), [], "everything else");
}

#[test]
fn a_typed_queue_has_the_fingerprint_of_its_messages() {
    let folder = Folder::new("golden");
    let options = Queue::<u32>::options().maxsize(1).max_message(64).schema("numbers");
    let _queue = options.create(folder.join("q")).unwrap();
    let bytes = Bytes::of(&folder.join("q"));
    // 128 participants: the directory at 24576, user words at 24832, the body at 28672.
    let schema = b"numbers\nnumbers\n  size: 4 bytes\n  alignment: 4 bytes\n\
        rkyv 0.8, little-endian, pointers of 32 bits, integers aligned to 8";
    assert_eq!(bytes.u64(24_624), fnv1a(schema) | 1);
    assert_eq!((bytes.u64(24_704), bytes.u64(24_712)), (10_240, schema.len() as u64));
    assert_eq!(&bytes.0[38_912..38_912 + schema.len()], schema);
}

#[test]
fn a_message_has_its_slot_its_state_and_its_block() {
    let folder = Folder::new("golden");
    let queue = queue(&folder.join("q"));
    queue.put(b"hello").unwrap();
    let bytes = Bytes::of(&folder.join("q"));
    // Class 0: backed, all 227 at once, and fresh. Tail and head lag by less than 8.
    assert_eq!(bytes.words(12_288..20_480), [(14_592, 227), (14_600, 1)]);
    assert_eq!(
        bytes.words(20_480..22_528),
        [(20_480, 1 << 28)],
        "slot 0: turn 1, class 0, block 0"
    );
    assert_eq!(bytes.words(24_576..28_672), [], "slots of the free ring, chunk words of class 0");
    assert_eq!(
        bytes.words(28_672..32_768),
        [(28_672, 2 << 62 | ME << 44), (28_680, 5)],
        "Queued at 0; 5 bytes"
    );
    assert_eq!(&bytes.0[32_768..32_773], b"hello");
    assert_eq!(bytes.words(32_776..SEGMENT), [], "the other blocks and classes");
}

#[test]
fn a_block_goes_through_its_states() {
    let folder = Folder::new("golden");
    let queue = queue(&folder.join("q"));
    let word = |at: usize| Bytes::of(&folder.join("q")).u64(at);
    let (held, queued, free, mine) = (1_u64 << 62, 2_u64 << 62, 1_u64 << 60, ME << 44);

    queue.put([1; 64]).unwrap();
    queue.put([2; 65]).unwrap();
    queue.put([3; 1000]).unwrap();
    for (position, descriptor) in [28_672, 53_248, 122_880].into_iter().enumerate() {
        assert_eq!(word(descriptor), queued | mine | position as u64);
        let guard = queue.get().unwrap();
        assert_eq!(word(descriptor), held | mine | position as u64, "a message that was taken");
        drop(guard);
        assert_eq!(word(descriptor), held | free | mine | position as u64, "a spare block");
    }
    let bytes = Bytes::of(&folder.join("q"));
    let slots = [1 << 28, 1 << 28 | 1 << 24, 1 << 28 | 2 << 24];
    assert_eq!([20_480, 20_488, 20_496].map(|at| bytes.u64(at)), slots, "turn, class, block");
    assert_eq!((bytes.0[32_768], bytes.0[57_344], bytes.0[126_976]), (1, 2, 3), "payloads");
    let backed = [14_592, 14_976, 15_360].map(|at| bytes.u64(at));
    assert_eq!(backed, [227, 227, 227], "backed, one line of 384 bytes for each class");

    queue.shutdown().unwrap();
    assert_eq!(word(20_504), 1 << 28 | 0x0fff_ffff, "the mark of shutdown");
    assert_eq!(word(12_928), 0);
    queue.shutdown_now().unwrap();
    assert_eq!(word(12_928), 2, "at once");
}

/// The ring of returned messages lies behind the last class: 681 blocks, so 1024 slots from 360448
/// on.
fn returning(at: &Path) -> Queue<[u8]> {
    let options = Queue::<[u8]>::options().maxsize(5).max_message(1000).participants(3).loans(2);
    options.put_back(true).create(Place::File(at.to_owned())).unwrap()
}

const RETURNED: u64 = 2 << 60;

#[test]
fn a_message_that_is_put_back_has_a_slot_of_another_ring() {
    let folder = Folder::new("golden");
    let path = folder.join("q");
    let queue = returning(&path);
    let bytes = Bytes::of(&path);
    assert_eq!(bytes.0.len(), SEGMENT + 8192);
    assert_eq!((bytes.u64(8728), bytes.u64(8736)), (1, 0), "features: required, optional");
    assert_eq!(bytes.words(12_288..22_528), [], "the words and the slots of the body");
    assert_eq!(bytes.words(22_536..SEGMENT + 8192), [], "no memory of the ring yet");

    let word = |at: usize| Bytes::of(&path).u64(at);
    let (held, queued, mine) = (1_u64 << 62, 2_u64 << 62, ME << 44);
    queue.put(b"first").unwrap();
    queue.put(b"second").unwrap();
    queue.get().unwrap().put_back().unwrap();
    assert_eq!(word(12_928), 4, "the flag: a message was put back");
    assert_eq!(word(14_208), 1024, "its slots have memory");
    assert_eq!((word(13_184), word(13_312)), (0, 0), "tail and head lag by less than 8");
    assert_eq!(word(28_672), queued | RETURNED | mine, "Queued in the returned lane at 0");
    let slots = Bytes::of(&path).words(SEGMENT..SEGMENT + 8192);
    assert_eq!(slots, [(SEGMENT, 1 << 28)], "slot 0: turn 1, class 0, block 0");

    let first = queue.get().unwrap();
    assert_eq!(&*first, b"first");
    assert_eq!(word(28_672), held | RETURNED | mine, "taken from it");
    drop(first);
    assert_eq!(word(28_672), held | 1 << 60 | mine, "a spare block");
    for _ in 0..7 {
        queue.get().unwrap().put_back().unwrap();
    }
    assert_eq!((word(13_184), word(13_312)), (8, 0), "helped on at each 8");
    assert_eq!(word(28_688), queued | RETURNED | mine | 7);
    assert_eq!(&*queue.get().unwrap(), b"second");
    assert_eq!((word(13_184), word(13_312)), (8, 8));
}

#[test]
fn what_was_on_its_way_back_with_one_who_is_gone_is_pushed_by_the_next() {
    let folder = Folder::new("golden");
    let path = folder.join("q");
    let queue = returning(&path);
    for text in ["first", "second", "third"] {
        queue.put(text).unwrap();
    }
    queue.get().unwrap().put_back().unwrap();
    // The first life of entry 1 took the others and was putting the second one back, when position 1
    // of the ring was free. It left its entry free.
    let gone = (1 << 8 | 1) << 44;
    write(&path, 4616, 2);
    write(&path, 8320, 1 << 8 | FREE);
    write(&path, 28_688, 2 << 62 | RETURNED | gone | 1);
    write(&path, 28_704, 1 << 62 | gone | 2);
    queue.reclaim().unwrap();
    let bytes = Bytes::of(&path);
    let ours = 2 << 62 | RETURNED | ME << 44 | 1;
    assert_eq!(bytes.u64(28_688), ours, "Queued in the returned lane at 1, by the recoverer");
    let slots = [(SEGMENT, 1 << 28), (SEGMENT + 8, 1 << 28 | 1)];
    assert_eq!(bytes.words(SEGMENT..SEGMENT + 8192), slots);
    assert_eq!(bytes.u64(13_056), 1, "the third one is lost");
    assert_eq!(&*queue.get().unwrap(), b"first");
    assert_eq!(&*queue.get().unwrap(), b"second");
    assert!(queue.is_empty().unwrap());
}

#[test]
fn event_counts_count_their_sleepers() {
    let folder = Folder::new("golden");
    let queue = queue(&folder.join("q"));
    let word = |at: usize| Bytes::of(&folder.join("q")).u64(at);
    let _watchdog = Watchdog::of(&queue);
    std::thread::scope(|scope| {
        scope.spawn(|| drop(queue.get().unwrap()));
        while word(12_544) == 0 || word(4224) == 0 {
            std::thread::yield_now(); // until it has registered, and looked for the dead
        }
        assert_eq!(word(12_544), 1 << 32, "not empty: one registration, sequence 0");
        queue.put("x").unwrap();
    });
    assert_eq!(word(12_544), 1, "no registration, sequence 1");
    assert_eq!(word(12_672), 0, "not full");
}

#[test]
fn removal_is_marked_and_a_participant_that_leaves_frees_its_entry() {
    let folder = Folder::new("golden");
    let queue = queue(&folder.join("q"));
    fs::hard_link(folder.join("q"), folder.join("kept")).unwrap();
    queue.put("x").unwrap();
    drop(queue.get().unwrap());
    assert!(queue.remove().unwrap());
    drop(queue);
    let bytes = Bytes::of(&folder.join("kept"));
    assert_eq!(bytes.u64(4096), 1, "removed");
    assert_eq!(bytes.u64(8192), 1 << 8 | FREE, "first generation");
    assert_eq!(bytes.u64(8248), 2, "nothing is left of it");
    assert_eq!(bytes.u64(8576), FIRST_LIVE | QUEUE, "what is alone goes with its segment");
    assert_eq!(bytes.u64(8832), 0, "no user");
    assert_eq!(bytes.u64(24_576), 1 << 28, "its spare block went to slot 0 of the free ring");
    assert_eq!(bytes.u64(28_672), 2 << 62 | 1 << 60 | ME << 44, "Queued in the free lane at 0");
}

#[test]
fn a_name_that_goes_by_itself_says_so_in_the_header() {
    let folder = Folder::new("golden");
    let optional = |options: LockOptions| {
        let path = folder.join("l");
        let lock = options.create(&path).unwrap();
        let bytes = Bytes::of(&path);
        assert_eq!(bytes.words(24_744..24_824), [], "features, ends, lock: the header says it");
        lock.remove().unwrap();
        bytes.u64(56)
    };
    let options = Lock::options;
    assert_eq!(optional(options().remove_on_drop(true)), 1);
    assert_eq!(optional(options().remove_with_last(true)), 2);
    assert_eq!(optional(options().remove_on_drop(true).remove_with_last(true)), 3);

    // A segment whose name went since no process took part: looked at, and removed.
    let path = folder.join("l");
    let lock = options().remove_with_last(true).create(&path).unwrap();
    fs::hard_link(&path, folder.join("kept")).unwrap();
    drop(lock);
    assert!(!path.exists());
    assert_eq!(Bytes::of(&folder.join("kept")).u64(4096), 3);
}

#[test]
fn a_queue_that_ends_with_its_putters_counts_them() {
    let folder = Folder::new("golden");
    let path = folder.join("q");
    let options = || Queue::<[u8]>::options().maxsize(5).max_message(1000).participants(3).loans(2);
    let ending = options().shut_down_with_last_putter(true);
    let getter = ending.role(Role::Getter).create(&path).unwrap();
    let word = |at: usize| Bytes::of(&path).u64(at);
    assert_eq!(word(8728), 2, "its required features");
    assert_eq!(word(8832), HANDLE | 4, "a getter");
    assert_eq!(word(12_800), 0, "no putter yet");
    let putter = options().role(Role::Putter).open(&path).unwrap();
    assert_eq!(word(8840), HANDLE | 2, "a putter");
    assert_eq!(word(12_800), 2, "one has joined");
    let both = options().open(&path).unwrap();
    drop(putter);
    assert_eq!((word(8840), word(12_800)), (0, 4), "two have joined");
    drop(both);
    assert_eq!(word(12_800), 4 | 1, "and none is left");
    assert_eq!(word(20_480), 1 << 28 | 0x0fff_ffff, "the mark of shutdown");
    assert!(getter.is_shut_down().unwrap());
}

#[test]
fn the_ring_turns() {
    let folder = Folder::new("golden");
    let queue = queue(&folder.join("q"));
    for _ in 0..256 {
        queue.put("x").unwrap();
        drop(queue.get().unwrap());
    }
    let before = Bytes::of(&folder.join("q"));
    let turns = (before.u64(20_480) >> 28, before.u64(22_520) >> 28);
    assert_eq!(turns, (1, 1), "256 slots, first turn");
    let (tail, head) = (before.u64(12_288), before.u64(12_416));
    assert_eq!((tail, head), (256, 256), "helped on at each 8");
    queue.put("x").unwrap();
    let after = Bytes::of(&folder.join("q"));
    let turns = (after.u64(20_480) >> 28, after.u64(20_488) >> 28);
    assert_eq!(turns, (2, 1), "the second turn begins");
    assert_eq!(after.u64(28_672), 2 << 62 | ME << 44 | 256);
}

#[test]
fn a_lone_lock_is_one_line_behind_a_frame_of_seven_pages() {
    let folder = Folder::new("golden");
    let path = folder.join("l");
    let lock = Lock::options().create(Place::File(path.clone())).unwrap();
    let bytes = Bytes::of(&path);
    assert_eq!((bytes.0.len(), bytes.u64(32)), (32_768, 128), "its space is one line");
    assert_eq!((bytes.u32(24), bytes.u32(28)), (1, 128), "objects and participants");
    assert_eq!(bytes.u64(24_576), FIRST_LIVE | LOCK);
    assert_eq!((bytes.u64(24_584), bytes.u64(24_592)), (28_672, 128), "its body");
    assert_eq!(bytes.words(24_600..24_720), [], "no measures, fingerprint, options, name, schema");
    bytes.assert_recent(24_720);
    assert_eq!(bytes.u64(24_824), fnv1a(&bytes.0[24_584..24_760]));
    assert_eq!(bytes.words(24_832..32_768), [(24_832, HANDLE)], "a free lock is zero");

    let held = |serial: u64| vec![(28_672, 1 << 63 | ME << 46 | serial)];
    let guard = lock.acquire().unwrap();
    assert_eq!(Bytes::of(&path).words(28_672..32_768), held(1), "held, its owner, serial 1");
    drop(guard);
    assert_eq!(Bytes::of(&path).words(28_672..32_768), [(28_672, 1)], "free, the serial stays");
    lock.acquire().unwrap().keep();
    assert_eq!(Bytes::of(&path).words(28_672..32_768), held(2));
}

#[test]
fn a_lock_whose_holder_is_gone_says_so_until_that_is_acknowledged() {
    let folder = Folder::new("golden");
    let path = folder.join("l");
    let lock = Lock::options().participants(2).create(Place::File(path.clone())).unwrap();
    // Held by the first life of entry 1, which left the lock held and its entry free.
    write(&path, 4616, 2);
    write(&path, 8320, 1 << 8 | FREE);
    write(&path, 12_288, 1 << 63 | (1 << 8 | 1) << 46 | 5);
    assert!(lock.try_acquire().unwrap_err().is_held());
    drop(Lock::options().open(Place::File(path.clone())).unwrap()); // makes a pass of recovery
    let word = || Bytes::of(&path).u64(12_288);
    assert_eq!(word(), 1 << 62 | 5, "free, died");
    let guard = lock.acquire().unwrap();
    assert_eq!(word(), 1 << 63 | 1 << 62 | ME << 46 | 6);
    assert!(guard.owner_died());
    drop(guard.acknowledge());
    assert_eq!(word(), 6);
}

#[test]
fn a_context_has_an_entry_and_user_words_for_each_object() {
    let folder = Folder::new("golden");
    let path = folder.join("c");
    let options = Context::options().objects(4).space(1 << 20).participants(3);
    let context = options.create(Place::File(path.clone())).unwrap();
    // The directory at 8576, user words at 9600 in rows of 128, bodies from 12288 on.
    let bytes = Bytes::of(&path);
    assert_eq!(bytes.0.len(), 12_288 + (1 << 20));
    assert_eq!((bytes.u32(24), bytes.u32(28), bytes.u64(32)), (4, 3, 1 << 20));
    assert_eq!(bytes.words(4096..8192), [(4616, 1)], "no directory entry has memory");
    assert_eq!(bytes.words(8576..bytes.0.len()), [], "no object");

    let lock = Lock::create_in(&context, "print").unwrap();
    let jobs = Queue::<[u8]>::options().maxsize(5).max_message(1000).loans(2);
    let jobs = jobs.create_in(&context, "jobs").unwrap();
    let bytes = Bytes::of(&path);
    assert_eq!(bytes.words(4096..8192), [(4480, 2), (4608, 2), (4616, 1)], "latch, entries");
    assert_eq!((bytes.u64(8576), bytes.u64(8832)), (FIRST_LIVE | LOCK, FIRST_LIVE | QUEUE));
    assert_eq!((bytes.u64(8584), bytes.u64(8592)), (12_288, 128), "the lock");
    let body = (16_384, QUEUE_BYTES as u64);
    assert_eq!((bytes.u64(8840), bytes.u64(8848)), body, "a queue begins at a page");
    assert_eq!(&bytes.0[8640..8704], [b"print".as_slice(), &[0; 59]].concat());
    assert_eq!(&bytes.0[8896..8960], [b"jobs".as_slice(), &[0; 60]].concat());
    assert_eq!(bytes.words(9088..9600), [], "the other entries");
    assert_eq!(bytes.words(9600..12_288), [(9600, HANDLE), (9728, QUEUE_HANDLE)], "user words");
    assert_eq!(&bytes.0[26_624..26_632], b"bytes\0\0\0", "the schema of the queue");

    jobs.put("x").unwrap();
    assert_eq!(Bytes::of(&path).u64(24_576), 1 << 28, "slot 0 of the queue");
    lock.acquire().unwrap().keep();
    assert!(lock.remove().unwrap());
    assert_eq!(Bytes::of(&path).u64(8576), 1 << 32 | LOCK | 3, "going: it has a user");
    drop(lock);
    let bytes = Bytes::of(&path);
    assert_eq!(bytes.u64(8576), 1 << 32 | LOCK, "free");
    assert_eq!((bytes.u64(9600), bytes.u64(12_288)), (0, 0), "no user, and an empty body");

    let _lock = Lock::create_in(&context, "print").unwrap();
    let bytes = Bytes::of(&path);
    assert_eq!(bytes.u64(8576), 2 << 32 | LOCK | 2, "the second object of the entry");
    assert_eq!(bytes.u64(9600), 1 << 24 | 2 << 8 | 1, "its user");
}
