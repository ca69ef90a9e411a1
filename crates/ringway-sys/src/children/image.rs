//! The executable of this process in memory: where its code lies, and what tells it from another.

use std::ffi::{CString, c_int, c_void};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;

/// The executable of this process.
#[derive(Debug, Clone)]
pub struct Image {
    /// Where its addresses begin.
    base: usize,
    segments: Vec<Part>,
    /// What the linker calls this build, if it does.
    pub build_id: Vec<u8>,
    /// Device and inode of the file.
    pub file: (u64, u64),
    /// A path by which the same file can be executed.
    pub path: CString,
}

/// Where in the executable something is: the same in each process that runs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address(pub u64);

#[derive(Debug, Clone, Copy)]
struct Part {
    begin: usize,
    end: usize,
    is_code: bool,
    /// Whether it cannot be written.
    is_constant: bool,
}

const OF_SELF: &str = "/proc/self/exe";

impl Image {
    /// That of this process.
    ///
    /// # Errors
    /// When `/proc` is not there.
    pub fn current() -> io::Result<Self> {
        let facts = std::fs::metadata(OF_SELF)?;
        let file = (facts.dev(), facts.ino());
        // By its path, `ps` shows its name; but the file there may be another one by now.
        let path = std::fs::read_link(OF_SELF).ok().filter(|path| {
            std::fs::metadata(path).is_ok_and(|facts| (facts.dev(), facts.ino()) == file)
        });
        let path = match path {
            Some(path) => CString::new(path.as_os_str().as_bytes())?,
            None => CString::new(OF_SELF)?,
        };
        let mut image = Self { base: 0, segments: Vec::new(), build_id: Vec::new(), file, path };
        // SAFETY: the callback is called before this returns, with a pointer to `image`, which
        // nothing else uses meanwhile.
        unsafe { libc::dl_iterate_phdr(Some(note_first), (&raw mut image).cast()) };
        Ok(image)
    }

    /// Where a function of the executable is. `None` if it is code of something else, as of a
    /// library that was loaded.
    pub fn address_of_code(&self, function: *const ()) -> Option<Address> {
        self.address(function as usize, 1, true)
    }

    /// Where `bytes` bytes of constant data of the executable are.
    pub fn address_of_data(&self, data: *const (), bytes: usize) -> Option<Address> {
        self.address(data as usize, bytes, false)
    }

    /// The function there, which is in code of the executable, whatever else it is.
    pub fn code_at(&self, address: Address) -> Option<*const ()> {
        self.at(address, 1, true)
    }

    /// The data there: that many bytes of the executable which can be read.
    pub fn data_at(&self, address: Address, bytes: usize) -> Option<*const ()> {
        self.at(address, bytes, false)
    }

    fn address(&self, at: usize, bytes: usize, is_code: bool) -> Option<Address> {
        let end = at.checked_add(bytes)?;
        let inside = |part: &&Part| {
            part.is_code == is_code && (part.begin..part.end).contains(&at) && end <= part.end
        };
        self.segments.iter().find(inside)?;
        Some(Address((at - self.base) as u64))
    }

    fn at(&self, address: Address, bytes: usize, is_code: bool) -> Option<*const ()> {
        let at = self.base.checked_add(usize::try_from(address.0).ok()?)?;
        self.address(at, bytes, is_code)?;
        Some(std::ptr::with_exposed_provenance(at))
    }
}

/// Notes the first object that the loader tells of, which is the executable.
unsafe extern "C" fn note_first(
    object: *mut libc::dl_phdr_info,
    _: usize,
    image: *mut c_void,
) -> c_int {
    // SAFETY: the loader passes a valid object on, and `current` its image.
    let (object, image) = unsafe { (&*object, &mut *image.cast::<Image>()) };
    image.base = object.dlpi_addr as usize;
    let image_base = image.base;
    // SAFETY: the loader vouches for the table.
    let headers = unsafe { std::slice::from_raw_parts(object.dlpi_phdr, object.dlpi_phnum.into()) };
    let range = |header: &libc::Elf64_Phdr| {
        let begin = image_base.wrapping_add(header.p_vaddr as usize);
        (begin, begin.wrapping_add(header.p_memsz as usize))
    };
    for header in headers {
        if header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_R != 0 {
            let (begin, end) = range(header);
            let is_code = header.p_flags & libc::PF_X != 0;
            let is_constant = header.p_flags & libc::PF_W == 0;
            image.segments.push(Part { begin, end, is_code, is_constant });
        }
    }
    for header in headers.iter().filter(|header| header.p_type == libc::PT_NOTE) {
        let (begin, end) = range(header);
        let holds = |part: &&Part| part.is_constant && part.begin <= begin && end <= part.end;
        if begin > end || image.segments.iter().find(holds).is_none() {
            continue;
        }
        // SAFETY: the notes lie in a segment of the executable that is mapped for reading only, for
        // as long as the process lives.
        let notes = unsafe { std::slice::from_raw_parts(begin as *const u8, end - begin) };
        if let Some(id) = build_id(notes) {
            image.build_id = id.to_vec();
        }
    }
    1 // no further object
}

/// The note of the linker that identifies a build, among the notes of an executable.
fn build_id(mut notes: &[u8]) -> Option<&[u8]> {
    const BUILD_ID: u32 = 3;
    let number = |bytes: &[u8]| Some(u32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?));
    loop {
        let (name, id) = (number(notes)? as usize, number(notes.get(4..)?)? as usize);
        let kind = number(notes.get(8..)?)?;
        let rest = notes.get(12..)?;
        let begin = name.next_multiple_of(4);
        if kind == BUILD_ID && rest.get(..name)? == b"GNU\0" {
            return rest.get(begin..begin + id);
        }
        notes = rest.get(begin + id.next_multiple_of(4)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some_code() {}
    static SOME_DATA: [u64; 2] = [1, 2];

    #[test]
    fn what_belongs_to_the_executable_is_found_again() {
        let image = Image::current().unwrap();
        let code = image.address_of_code(some_code as *const ()).unwrap();
        assert_eq!(image.code_at(code), Some(some_code as *const ()));
        let data = image.address_of_data((&raw const SOME_DATA).cast(), 16).unwrap();
        assert_eq!(image.data_at(data, 16), Some((&raw const SOME_DATA).cast()));
        assert_eq!(image.address_of_code((&raw const SOME_DATA).cast()), None, "it is no code");
        assert_eq!(image.code_at(data), None);
        assert_eq!(image.code_at(Address(u64::MAX)), None);
        assert_eq!(image.data_at(data, usize::MAX), None);
    }

    #[test]
    fn what_does_not_belong_to_it_is_told() {
        let image = Image::current().unwrap();
        let heap = Box::new(7);
        assert_eq!(image.address_of_data((&raw const *heap).cast(), 4), None);
        assert_eq!(image.address_of_code(libc::getpid as *const ()), None, "of the C library");
    }

    #[test]
    fn a_build_id_is_found_among_notes() {
        let note = |kind: u32, id: &[u8]| {
            let mut bytes = Vec::new();
            for number in [4, id.len() as u32, kind] {
                bytes.extend(number.to_ne_bytes());
            }
            bytes.extend(b"GNU\0");
            bytes.extend(id);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            bytes
        };
        let notes = [note(1, b"other"), note(3, b"build-id")].concat();
        assert_eq!(build_id(&notes), Some(&b"build-id"[..]));
        assert_eq!(build_id(&notes[..notes.len() - 3]), None, "cut off");
        assert_eq!(build_id(&note(1, b"other")), None);
    }
}
