//! The payload that every rival carries: written by the sender, summed by the receiver.
//!
//! How many words there are is known when this is compiled. A loop of unknown length takes longer
//! than most queues, and rivals that are written and read in place would hold their slots
//! meanwhile.

/// The number of the message that tells a receiver to stop.
pub const END: u64 = u64::MAX;

/// The words of 64 bytes, which is what is timed one by one.
pub const USUAL: usize = 8;

/// Calls a function that is generic in the number of words, for messages of some bytes: a power of
/// two from 8 B to 1 MiB.
macro_rules! with_words {
    ($bytes:expr, $function:ident $arguments:tt) => {
        $crate::payload::with_words!(
            $bytes, $function $arguments,
            1 2 4 8 16 32 64 128 256 512 1024 2048 4096 8192 16384 32768 65536 131072
        )
    };
    ($bytes:expr, $function:ident $arguments:tt, $($words:literal)*) => {
        match $bytes / 8 {
            $($words => $function::<$words> $arguments,)*
            words => panic!("no payload of {words} words"),
        }
    };
}
pub(crate) use with_words;

/// Writes message number `number`.
///
/// # Panics
/// When the message has less room.
#[inline]
pub fn write<const WORDS: usize>(message: &mut [u8], number: u64) {
    let words = message.as_chunks_mut().0.first_chunk_mut::<WORDS>().expect("room for all words");
    for (index, word) in words.iter_mut().enumerate() {
        *word = number.wrapping_add(index as u64).to_le_bytes();
    }
}

/// Which message it is.
#[inline]
pub fn number(message: &[u8]) -> u64 {
    message.first_chunk().map_or(END, |word| u64::from_le_bytes(*word))
}

/// The sum of its words.
///
/// # Panics
/// When there are fewer.
#[inline]
pub fn sum<const WORDS: usize>(message: &[u8]) -> u64 {
    let words = message.as_chunks().0.first_chunk::<WORDS>().expect("all words");
    words.iter().fold(0, |sum, word| sum.wrapping_add(u64::from_le_bytes(*word)))
}

/// What `messages` of them, of `size` bytes, add up to.
pub fn expected(messages: u64, size: usize) -> u64 {
    let words = size as u64 / 8;
    let numbers = (u128::from(messages) * u128::from(messages.saturating_sub(1)) / 2) as u64;
    let within = (u128::from(words) * u128::from(words.saturating_sub(1)) / 2) as u64;
    numbers.wrapping_mul(words).wrapping_add(messages.wrapping_mul(within))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written_and_summed<const WORDS: usize>(size: usize) {
        let mut total = 0_u64;
        for number in 0..10 {
            let mut message = vec![0; size];
            write::<WORDS>(&mut message, number);
            assert_eq!(super::number(&message), number);
            total = total.wrapping_add(sum::<WORDS>(&message));
        }
        assert_eq!((total, WORDS * 8), (expected(10, size), size));
    }

    #[test]
    fn the_expected_sum_is_that_of_what_is_written() {
        for size in [8, 64, 4096] {
            with_words!(size, written_and_summed(size));
        }
    }
}
