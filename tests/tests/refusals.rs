//! What is not a whole segment of this version, host and schema is refused, and the error says why.

use core::mem::{offset_of, size_of};
use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::path::Path;

use ringway::{OpenError, Place, Queue};
use ringway_segment::layout::{Entry, Frame, Header, Measures, VERSION};
use ringway_tests::{Folder, Name, mend_header};

const HEADER: usize = size_of::<Header>();
const MEASURES: usize = offset_of!(Header, measures);

struct Refused {
    field: &'static str,
    found: String,
    expected: String,
}

/// Opens it, expects a refusal, and checks that the text tells all three.
fn refused(path: &Path) -> Refused {
    match Queue::<u32>::options().open(Place::File(path.to_owned())) {
        Err(error) => {
            let text = error.to_string();
            let OpenError::Refused { field, found, expected, .. } = error else { panic!("{text}") };
            assert!([field, &found, &expected].iter().all(|part| text.contains(part)), "{text}");
            assert!(text.contains(&path.display().to_string()), "{text}");
            Refused { field, found, expected }
        }
        Ok(queue) => panic!("{queue:?} was opened"),
    }
}

fn a_queue(folder: &Folder) -> Queue<u32> {
    Queue::<u32>::options()
        .maxsize(5)
        .participants(3)
        .schema("numbers")
        .create(folder.join("q"))
        .unwrap()
}

/// A file that nobody else can reach, as a segment is.
fn private(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

fn write(path: &Path, at: u64, bytes: &[u8]) {
    OpenOptions::new().write(true).open(path).unwrap().write_all_at(bytes, at).unwrap();
}

/// Makes the checksum fit what stands in the header.
fn mend_checksum(path: &Path) {
    let mut header = fs::read(path).unwrap();
    header.truncate(HEADER);
    mend_header(&mut header);
    write(path, 0, &header);
}

#[test]
fn an_empty_file() {
    let folder = Folder::new("refused");
    private(&folder.join("q"), []);
    let refused = refused(&folder.join("q"));
    assert_eq!(
        (refused.field, &*refused.found, &*refused.expected),
        ("the size of the file", "0", &*format!("at least {HEADER}"))
    );
}

#[test]
fn a_short_file() {
    let folder = Folder::new("refused");
    private(&folder.join("q"), [0; HEADER - 1]);
    let refused = refused(&folder.join("q"));
    assert_eq!(refused.field, "the size of the file");
    assert_eq!(refused.found, (HEADER - 1).to_string());
}

#[test]
fn foreign_bytes() {
    let folder = Folder::new("refused");
    private(&folder.join("q"), "once upon a time ".repeat(5000));
    let refused = refused(&folder.join("q"));
    assert_eq!((refused.field, &*refused.expected), ("the magic number", "0x594157474e4952"));
    assert_eq!(refused.found, format!("{:#x}", u64::from_le_bytes(*b"once upo")));
}

#[test]
fn zeros_as_of_one_half_made() {
    let folder = Folder::new("refused");
    private(&folder.join("q"), [0; 100_000]);
    assert_eq!(refused(&folder.join("q")).field, "the magic number");
}

#[test]
fn a_segment_that_was_cut() {
    let folder = Folder::new("refused");
    let queue = a_queue(&folder);
    let whole = fs::metadata(folder.join("q")).unwrap().len();
    fs::copy(folder.join("q"), folder.join("cut")).unwrap();
    OpenOptions::new().write(true).open(folder.join("cut")).unwrap().set_len(whole - 4096).unwrap();
    let refused = refused(&folder.join("cut"));
    assert_eq!(refused.field, "the size of the file");
    assert_eq!(
        (refused.found, refused.expected),
        ((whole - 4096).to_string(), format!("at least {whole}"))
    );
    assert!(queue.is_empty().unwrap());
}

#[test]
fn a_header_with_any_byte_altered() {
    let folder = Folder::new("refused");
    let queue = a_queue(&folder);
    for at in 0..HEADER as u64 {
        let good = fs::read(folder.join("q")).unwrap()[at as usize];
        write(&folder.join("q"), at, &[good ^ 0x10]);
        let field = refused(&folder.join("q")).field;
        let expected = match at {
            0..8 => "the magic number",
            8..12 => "the layout version",
            12..16 => "the byte order",
            16..20 => "the word size",
            _ => "the checksum of the header",
        };
        assert_eq!(field, expected, "byte {at}");
        write(&folder.join("q"), at, &[good]);
    }
    drop(
        Queue::<u32>::options()
            .schema("numbers")
            .open(folder.join("q"))
            .expect("it is whole again"),
    );
    assert_eq!(
        queue.snapshot().unwrap().holders.len(),
        1,
        "a process that is refused takes no part"
    );
}

#[test]
fn a_header_with_a_field_altered_and_a_checksum_that_fits() {
    let folder = Folder::new("refused");
    let _queue = a_queue(&folder);
    let path = folder.join("q");
    let good = fs::read(&path).unwrap();
    let total = good.len() as u64;
    let eight = |number: u64| number.to_le_bytes().to_vec();
    let four = |number: u32| number.to_le_bytes().to_vec();
    let objects = MEASURES + offset_of!(Measures, objects);
    let participants = MEASURES + offset_of!(Measures, participants);
    let space = MEASURES + offset_of!(Measures, space);
    let size = offset_of!(Header, segment_bytes);
    for (at, bytes, field, found) in [
        (offset_of!(Header, version), four(VERSION + 1), "the layout version", "0x3".to_owned()),
        (offset_of!(Header, version), four(1), "the layout version", "0x1".to_owned()),
        (
            offset_of!(Header, byte_order),
            four(0x0403_0201),
            "the byte order",
            "0x4030201".to_owned(),
        ),
        (offset_of!(Header, word_bits), four(32), "the word size", "0x20".to_owned()),
        (offset_of!(Header, required), eight(8), "the set of required features", "0x8".to_owned()),
        (objects, four(0), "objects", "0".to_owned()),
        (objects, four(5000), "objects", "5000".to_owned()),
        (objects, four(200), "the size of the segment", format!("{total:#x}")),
        (participants, four(0), "participants", "0".to_owned()),
        (participants, four(256), "participants", "256".to_owned()),
        (participants, four(100), "the size of the segment", format!("{total:#x}")),
        (space, eight(u64::MAX), "space", u64::MAX.to_string()),
        (space, eight(8192), "the size of the segment", format!("{total:#x}")),
        (size, eight(total + 4096), "the size of the segment", format!("{:#x}", total + 4096)),
    ] {
        write(&path, at as u64, &bytes);
        mend_checksum(&path);
        let refused = refused(&path);
        assert_eq!((refused.field, refused.found), (field, found), "offset {at}");
        write(&path, 0, &good[..HEADER]);
    }
    Queue::<u32>::options().schema("numbers").open(path).expect("it is whole again");
}

/// On a disk a file outlives the boot in which it was made, and what it says of processes is about
/// others.
#[test]
fn another_boot_on_a_disk() {
    let folder = Folder::new("refused");
    let _queue = a_queue(&folder);
    let path = folder.join("q");
    if ringway_sys::shm::is_in_memory(&File::open(&path).unwrap()).unwrap() {
        return eprintln!("SKIPPED: {} is no disk", folder.display());
    }
    write(&path, offset_of!(Header, boot_id) as u64, &[0xab; 16]);
    mend_checksum(&path);
    let refused = refused(&path);
    assert_eq!(refused.field, "the boot in which its file was made");
    assert_eq!(refused.found, "ab".repeat(16));
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    assert!(refused.expected.starts_with(&boot.trim().replace('-', "")), "{}", refused.expected);
}

/// In memory no file outlives it; but containers that share the memory may have boot ids of their
/// own.
#[test]
fn another_boot_in_memory() {
    let name = Name::new("boot");
    let _queue = Queue::<u32>::options().maxsize(5).create(&*name).unwrap();
    write(&name.path(), offset_of!(Header, boot_id) as u64, &[0xab; 16]);
    mend_checksum(&name.path());
    Queue::<u32>::options().open(&*name).expect("its boot does not matter");
}

/// The directory entry of the one object in a segment of three participants.
#[test]
fn a_directory_entry_that_lies() {
    let folder = Folder::new("refused");
    let queue = a_queue(&folder);
    let path = folder.join("q");
    let frame = Frame::new(Measures { objects: 1, participants: 3, space: 0 });
    let whole = fs::read(&path).unwrap();
    let open = || Queue::<u32>::options().schema("numbers").open(&*path);
    let flipped = |offset: usize, bits: u64| {
        let at = frame.directory_at as usize + offset;
        let word = u64::from_le_bytes(whole[at..at + 8].try_into().unwrap());
        write(&path, at as u64, &(word ^ bits).to_le_bytes());
        let opened = open();
        write(&path, at as u64, &word.to_le_bytes());
        opened
    };
    let refused_for = |opened: Result<Queue<u32>, OpenError>, expected: &str, offset: usize| {
        let error = opened.expect_err("an entry that lies");
        let is_it = matches!(&error, OpenError::Refused { field, .. } if *field == expected);
        assert!(is_it, "byte {offset}: {error}");
    };
    let kind = 1 << 8;
    for other in [2, 4, 0xf0] {
        refused_for(flipped(offset_of!(Entry, life), other * kind), "the kind of object", 0);
    }
    let not_live = flipped(offset_of!(Entry, life), 3).unwrap_err();
    assert!(matches!(not_live, OpenError::NotFound { .. }), "{not_live}");
    let end = offset_of!(Entry, lock);
    for offset in (offset_of!(Entry, at)..=end).step_by(8).chain([offset_of!(Entry, checksum)]) {
        refused_for(flipped(offset, 0x10), "the checksum of its directory entry", offset);
    }
    open().expect("it is whole again");
    assert_eq!(
        queue.snapshot().unwrap().holders.len(),
        1,
        "a process that is refused takes no part"
    );
}

#[test]
fn another_schema() {
    let folder = Folder::new("refused");
    let queue = a_queue(&folder);
    let refused = refused(&folder.join("q"));
    assert_eq!(refused.field, "the schema of its messages");
    assert_eq!((&*refused.found, &*refused.expected), ("`numbers`", "`u32`"));
    assert!(Queue::<[u8]>::options().open(folder.join("q")).is_err());
    assert!(
        Queue::<u64>::options().schema("numbers").open(folder.join("q")).is_err(),
        "the measures differ"
    );
    assert_eq!(
        queue.snapshot().unwrap().holders.len(),
        1,
        "a process that is refused takes no part"
    );
}

#[test]
fn what_is_no_plain_file() {
    let folder = Folder::new("refused");
    let _queue = a_queue(&folder);
    fs::create_dir(folder.join("folder")).unwrap();
    symlink(folder.join("q"), folder.join("link")).unwrap();
    let pipe = std::ffi::CString::new(folder.join("pipe").to_str().unwrap()).unwrap();
    // SAFETY: a path that ends in a zero byte.
    assert_eq!(unsafe { libc::mkfifo(pipe.as_ptr(), 0o600) }, 0);
    for name in ["folder", "link", "pipe"] {
        let error = Queue::<u32>::options().open(folder.join(name)).unwrap_err();
        assert!(matches!(error, OpenError::Refused { field: "the kind of file", .. }), "{error}");
    }
}
