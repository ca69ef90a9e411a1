//! The payload that every rival carries: written by the sender, summed by the receiver.

/// The number of the message that tells a receiver to stop.
pub const END: u64 = u64::MAX;

/// Writes message number `number`; a message has at least 8 bytes and a multiple of that.
#[inline]
pub fn write(message: &mut [u8], number: u64) {
    for (index, word) in message.chunks_exact_mut(8).enumerate() {
        word.copy_from_slice(&number.wrapping_add(index as u64).to_le_bytes());
    }
}

/// Which message it is.
#[inline]
pub fn number(message: &[u8]) -> u64 {
    message.first_chunk::<8>().map_or(END, |word| u64::from_le_bytes(*word))
}

/// The sum of its words.
#[inline]
pub fn sum(message: &[u8]) -> u64 {
    message.chunks_exact(8).fold(0, |sum, word| {
        sum.wrapping_add(u64::from_le_bytes([
            word[0], word[1], word[2], word[3], word[4], word[5], word[6], word[7],
        ]))
    })
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

    #[test]
    fn the_expected_sum_is_that_of_what_is_written() {
        for size in [8, 64, 4096] {
            let mut total = 0_u64;
            for number in 0..10 {
                let mut message = vec![0; size];
                write(&mut message, number);
                assert_eq!(super::number(&message), number);
                total = total.wrapping_add(sum(&message));
            }
            assert_eq!(total, expected(10, size));
        }
    }
}
