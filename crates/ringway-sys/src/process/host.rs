//! Small questions about the machine and the calling thread.

use std::fs;
use std::io;

use crate::status::retry_interrupted;

const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// Returns a number that is drawn anew at each boot of the machine. A container may be shown
/// another one than its host.
///
/// # Errors
/// `NotFound` if `/proc` is not mounted or shows processes only (`subset=pid`); `InvalidData` if
/// there is no such number in it.
pub fn boot_id() -> io::Result<[u8; 16]> {
    let text = fs::read_to_string(BOOT_ID).map_err(|error| {
        let text =
            format!("cannot read {BOOT_ID} (is /proc mounted, without subset=pid?): {error}");
        io::Error::new(error.kind(), text)
    })?;
    parse_uuid(text.trim())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("{BOOT_ID} has no UUID")))
}

fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let digits = text.replace('-', "");
    if digits.len() != 32 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    u128::from_str_radix(&digits, 16).ok().map(u128::to_be_bytes)
}

/// Returns the kernel's number of the calling thread, in the PID namespace of the process.
pub fn thread_id() -> u32 {
    // SAFETY: gettid takes nothing, touches no memory and cannot fail.
    unsafe { libc::syscall(libc::SYS_gettid) as u32 }
}

/// Returns bytes that cannot be guessed.
///
/// # Errors
/// Those of getrandom(2), Linux 3.17.
pub fn random_bytes() -> io::Result<[u8; 16]> {
    let mut bytes = [0; 16];
    let mut filled = 0;
    while filled < bytes.len() {
        filled += retry_interrupted(|| {
            let rest = &mut bytes[filled..];
            // SAFETY: the call writes at most `rest.len()` bytes to memory that is borrowed for it.
            let count = unsafe { libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), 0) };
            usize::try_from(count).map_err(|_| io::Error::last_os_error())
        })?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boot_id_stays_and_is_what_proc_shows() {
        let id = boot_id().unwrap();
        assert_eq!(id, boot_id().unwrap());
        let text: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(text, fs::read_to_string(BOOT_ID).unwrap().trim().replace('-', ""));
    }

    #[test]
    fn only_a_uuid_is_a_boot_id() {
        let expected = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255];
        assert_eq!(parse_uuid("00010203-0405-0607-0809-0a0b0c0d0eff"), Some(expected));
        for text in
            ["", "00010203-0405-0607-0809-0a0b0c0d0ef", "+0010203-0405-0607-0809-0a0b0c0d0eff", "ä"]
        {
            assert_eq!(parse_uuid(text), None);
        }
    }

    #[test]
    fn threads_have_numbers_of_their_own() {
        assert_eq!(thread_id(), thread_id());
        assert_ne!(thread_id(), std::thread::spawn(thread_id).join().unwrap());
    }

    #[test]
    fn random_bytes_differ() {
        assert_ne!(random_bytes().unwrap(), random_bytes().unwrap());
    }
}
