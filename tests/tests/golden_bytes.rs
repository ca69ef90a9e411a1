//! The bytes of a segment are those that `shm-layout.md` describes. All offsets are literal, so that a change of the
//! code that is no change of the document fails here.

use std::fs;
use std::path::Path;

use ringway::{Place, Queue};
use ringway_tests::{Folder, fnv1a};

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
    fn words(&self, range: std::ops::Range<usize>) -> Vec<(usize, u64)> {
        range.step_by(8).map(|at| (at, self.u64(at))).filter(|&(_, word)| word != 0).collect()
    }
}

/// maxsize 5, max_message 1000, 3 participants, 2 loans: classes of 64, 256 and 1024 bytes, 5 + 3 * (64 + 8 + 2) = 227
/// blocks in each.
fn queue(at: &Path) -> Queue<[u8]> {
    let options = Queue::<[u8]>::options().maxsize(5).max_message(1000).participants(3).loans(2);
    options.create(Place::File(at.to_owned())).unwrap()
}

const SEGMENT: usize = 360_448;

#[test]
fn the_header_is_as_described() {
    let folder = Folder::new("golden");
    let _queue = queue(&folder.join("q"));
    let bytes = Bytes::of(&folder.join("q"));
    assert_eq!(bytes.0.len(), SEGMENT);
    assert_eq!(&bytes.0[0..8], b"RINGWAY\0");
    assert_eq!([8, 12, 16, 20].map(|at| bytes.u32(at)), [1, 0x0102_0304, 64, 1]);
    assert_eq!((bytes.u64(24), bytes.u64(32), bytes.u32(40), bytes.u32(44)), (5, 1000, 3, 2));
    assert_eq!((bytes.u64(48), bytes.u64(56)), (SEGMENT as u64, 0));
    assert_ne!(&bytes.0[64..80], [0; 16]);
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let found: String = bytes.0[80..96].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(found, boot.trim().replace('-', ""));
    let created = std::time::UNIX_EPOCH + std::time::Duration::from_nanos(bytes.u64(96));
    assert!(created.elapsed().unwrap().as_secs() < 3600);
    assert_eq!(bytes.u64(104), 0);
    assert_eq!(&bytes.0[112..117], b"bytes");
    assert_eq!(&bytes.0[117..176], [0; 59]);
    assert_eq!(bytes.u64(176), fnv1a(&bytes.0[..176]));
    assert_eq!(bytes.words(184..4096), []);
}

#[test]
fn a_typed_queue_has_the_fingerprint_of_its_messages() {
    let folder = Folder::new("golden");
    let _queue = Queue::<u32>::options()
        .maxsize(1)
        .max_message(64)
        .schema("numbers")
        .create(folder.join("q"))
        .unwrap();
    let bytes = Bytes::of(&folder.join("q"));
    assert_eq!(bytes.u64(56), fnv1a(b"rkyv 0.8 le p32|numbers|4|4") | 1);
    assert_eq!(&bytes.0[112..120], b"numbers\0");
}

#[test]
fn a_fresh_segment_has_nothing_but_a_header_and_its_creator() {
    let folder = Folder::new("golden");
    let _queue = queue(&folder.join("q"));
    let bytes = Bytes::of(&folder.join("q"));
    assert_eq!(bytes.words(4096..16384), [], "control words");

    assert_eq!(bytes.u64(16384), 1 << 8 | 1, "first generation, live");
    assert_eq!(bytes.u64(16392), u64::from(std::process::id()));
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let start: u64 = stat[stat.rfind(')').unwrap()..].split(' ').nth(20).unwrap().parse().unwrap();
    assert_eq!(bytes.u64(16400), start, "start time");
    let inode = |which| {
        fs::metadata(format!("/proc/self/ns/{which}"))
            .map(|m| std::os::unix::fs::MetadataExt::ino(&m))
    };
    assert_eq!(
        (bytes.u64(16408), bytes.u64(16416)),
        (inode("pid").unwrap(), inode("time").unwrap())
    );
    assert!(bytes.u64(16424) >= bytes.u64(96), "attached after it was created");
    assert_eq!(bytes.words(16432..SEGMENT), [], "everything else");
}

#[test]
fn a_message_has_its_slot_its_state_and_its_block() {
    let folder = Folder::new("golden");
    let queue = queue(&folder.join("q"));
    queue.put_bytes(b"hello").unwrap();
    let bytes = Bytes::of(&folder.join("q"));
    // Class 0: backed, all 227 at once, and fresh. Tail and head lag by less than 8.
    assert_eq!(bytes.words(4096..16384), [(6400, 227), (6408, 1)]);
    assert_eq!(bytes.words(20480..24576), [(20480, 1 << 28)], "slot 0: turn 1, class 0, block 0");
    assert_eq!(bytes.words(24576..28672), [], "slots of the free ring of class 0");
    let mine = 1 << 8; // generation 1, index 0
    assert_eq!(
        bytes.words(28672..32768),
        [(28672, 2 << 62 | mine << 44), (28680, 5)],
        "Queued at 0; 5 bytes"
    );
    assert_eq!(&bytes.0[32768..32773], b"hello");
    assert_eq!(bytes.words(32776..SEGMENT), [], "the other blocks and classes");
}

#[test]
fn a_block_goes_through_its_states() {
    let folder = Folder::new("golden");
    let queue = queue(&folder.join("q"));
    let state = |descriptor: usize| Bytes::of(&folder.join("q")).u64(descriptor);
    let (held, queued, free, mine) = (1_u64 << 62, 2_u64 << 62, 1_u64 << 60, (1_u64 << 8) << 44);

    queue.put_bytes([1; 64]).unwrap();
    queue.put_bytes([2; 65]).unwrap();
    queue.put_bytes([3; 1000]).unwrap();
    for (position, descriptor) in [28672, 53248, 122880].into_iter().enumerate() {
        assert_eq!(state(descriptor), queued | mine | position as u64);
        let guard = queue.get_bytes().unwrap();
        assert_eq!(state(descriptor), held | mine | position as u64, "a message that was taken");
        drop(guard);
        assert_eq!(state(descriptor), held | free | mine | position as u64, "a spare block");
    }
    let bytes = Bytes::of(&folder.join("q"));
    let slots = [1 << 28, 1 << 28 | 1 << 24, 1 << 28 | 2 << 24];
    assert_eq!([20480, 20488, 20496].map(|at| bytes.u64(at)), slots, "slots: turn, class, block");
    assert_eq!((bytes.0[32768], bytes.0[57344], bytes.0[126976]), (1, 2, 3), "payloads");

    queue.shutdown(false).unwrap();
    assert_eq!(state(20504), 1 << 28 | 0x0fff_ffff, "the mark of shutdown");
    assert_eq!(state(4736), 0);
    queue.shutdown(true).unwrap();
    assert_eq!(state(4736), 2, "at once");
    queue.remove().unwrap();
}

#[test]
fn removal_is_marked_and_a_participant_that_leaves_frees_its_entry() {
    let folder = Folder::new("golden");
    let queue = queue(&folder.join("q"));
    fs::hard_link(folder.join("q"), folder.join("kept")).unwrap();
    queue.put_bytes("x").unwrap();
    drop(queue.get_bytes().unwrap());
    assert!(queue.remove().unwrap());
    drop(queue);
    let bytes = Bytes::of(&folder.join("kept"));
    assert_eq!(bytes.u64(4736), 1, "removed");
    assert_eq!(bytes.u64(16384), 1 << 8, "first generation, free");
    assert_eq!(bytes.u64(24576), 1 << 28, "its spare block went to slot 0 of the free ring");
    assert_eq!(
        bytes.u64(28672),
        2 << 62 | 1 << 60 | (1 << 8) << 44,
        "Queued in the free lane at 0"
    );
}

#[test]
fn the_ring_turns() {
    let folder = Folder::new("golden");
    let queue = queue(&folder.join("q"));
    for _ in 0..256 {
        queue.put_bytes("x").unwrap();
        drop(queue.get_bytes().unwrap());
    }
    let before = Bytes::of(&folder.join("q"));
    assert_eq!((before.u64(20480) >> 28, before.u64(22520) >> 28), (1, 1), "256 slots, first turn");
    assert_eq!(
        (before.u64(4096), before.u64(4224)),
        (256, 256),
        "tail and head, helped on at each 8"
    );
    queue.put_bytes("x").unwrap();
    let after = Bytes::of(&folder.join("q"));
    assert_eq!((after.u64(20480) >> 28, after.u64(20488) >> 28), (2, 1), "the second turn begins");
    assert_eq!(after.u64(28672), 2 << 62 | (1 << 8) << 44 | 256);
}
