//! What is not a whole segment of this version, host and schema is refused, and the error says why.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, symlink};
use std::path::Path;

use ringway::{OpenError, Place, Queue};
use ringway_tests::{Folder, fnv1a};

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

fn write(path: &Path, at: u64, bytes: &[u8]) {
    OpenOptions::new().write(true).open(path).unwrap().write_all_at(bytes, at).unwrap();
}

/// Makes the checksum fit what stands in the header.
fn mend_checksum(path: &Path) {
    let bytes = fs::read(path).unwrap();
    write(path, 176, &fnv1a(&bytes[..176]).to_le_bytes());
}

#[test]
fn an_empty_file() {
    let folder = Folder::new("refused");
    fs::write(folder.join("q"), []).unwrap();
    let refused = refused(&folder.join("q"));
    assert_eq!(
        (refused.field, &*refused.found, &*refused.expected),
        ("the size of the file", "0", "at least 184")
    );
}

#[test]
fn a_short_file() {
    let folder = Folder::new("refused");
    fs::write(folder.join("q"), [0; 183]).unwrap();
    let refused = refused(&folder.join("q"));
    assert_eq!((refused.field, &*refused.found), ("the size of the file", "183"));
}

#[test]
fn foreign_bytes() {
    let folder = Folder::new("refused");
    fs::write(folder.join("q"), "once upon a time ".repeat(5000)).unwrap();
    let refused = refused(&folder.join("q"));
    assert_eq!((refused.field, &*refused.expected), ("the magic number", "0x594157474e4952"));
    assert_eq!(refused.found, format!("{:#x}", u64::from_le_bytes(*b"once upo")));
}

#[test]
fn zeros_as_of_one_half_made() {
    let folder = Folder::new("refused");
    fs::write(folder.join("q"), [0; 100_000]).unwrap();
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
    for at in 0..184 {
        let good = fs::read(folder.join("q")).unwrap()[at as usize];
        write(&folder.join("q"), at, &[good ^ 0x10]);
        let field = refused(&folder.join("q")).field;
        let expected = match at {
            0..8 => "the magic number",
            8..12 => "the layout version",
            12..16 => "the byte order",
            16..20 => "the word size",
            20..24 => "the kind of object",
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
    assert_eq!(queue.snapshot().unwrap().holders.len(), 1, "who was refused takes no part");
}

#[test]
fn a_header_with_a_field_altered_and_a_checksum_that_fits() {
    let folder = Folder::new("refused");
    let _queue = a_queue(&folder);
    let path = folder.join("q");
    let good = fs::read(&path).unwrap();
    let total = u64::from_le_bytes(good[48..56].try_into().unwrap());
    let eight = |number: u64| number.to_le_bytes().to_vec();
    let four = |number: u32| number.to_le_bytes().to_vec();
    for (at, bytes, field, found) in [
        (8, four(2), "the layout version", "0x2".to_owned()),
        (12, four(0x0403_0201), "the byte order", "0x4030201".to_owned()),
        (16, four(32), "the word size", "0x20".to_owned()),
        (20, four(9), "the kind of object", "0x9".to_owned()),
        (24, eight(0), "maxsize", "0".to_owned()),
        (24, eight(u64::MAX), "maxsize", u64::MAX.to_string()),
        (24, eight(6000), "the size of the segment", format!("{total:#x}")),
        (32, eight(0), "max_message", "0".to_owned()),
        (32, eight(1 << 40), "max_message", (1_u64 << 40).to_string()),
        (40, four(256), "participants", "256".to_owned()),
        (44, four(0), "loans", "0".to_owned()),
        (48, eight(total + 4096), "the size of the segment", format!("{:#x}", total + 4096)),
        (80, vec![0; 16], "the boot id", "0".repeat(32)),
    ] {
        write(&path, at, &bytes);
        mend_checksum(&path);
        let refused = refused(&path);
        assert_eq!((refused.field, refused.found), (field, found), "offset {at}");
        write(&path, 0, &good[..184]);
    }
    Queue::<u32>::options().schema("numbers").open(path).expect("it is whole again");
}

#[test]
fn another_boot() {
    let folder = Folder::new("refused");
    let _queue = a_queue(&folder);
    write(&folder.join("q"), 80, &[0xab; 16]);
    mend_checksum(&folder.join("q"));
    let refused = refused(&folder.join("q"));
    assert_eq!((refused.field, refused.found), ("the boot id", "ab".repeat(16)));
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    assert_eq!(refused.expected, boot.trim().replace('-', ""));
}

#[test]
fn another_schema() {
    let folder = Folder::new("refused");
    let queue = a_queue(&folder);
    let refused = refused(&folder.join("q"));
    assert_eq!(refused.field, "the schema of its messages");
    assert!(
        refused.found.starts_with("\"numbers\" (0x") && refused.expected.starts_with("\"u32\" (0x")
    );
    assert!(Queue::<[u8]>::options().open(folder.join("q")).is_err());
    assert!(
        Queue::<u64>::options().schema("numbers").open(folder.join("q")).is_err(),
        "the measures differ"
    );
    assert_eq!(queue.snapshot().unwrap().holders.len(), 1, "who was refused takes no part");
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
