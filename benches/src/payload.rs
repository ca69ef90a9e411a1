//! The payload that every rival carries: written by the sender, summed by the receiver.

/// Bytes of a message.
pub const SIZE: usize = 64;

/// Writes message number `number`.
#[inline]
pub fn write(message: &mut [u8; SIZE], number: u64) {
    for (index, word) in message.chunks_exact_mut(8).enumerate() {
        word.copy_from_slice(&(number + index as u64).to_le_bytes());
    }
}

/// The sum of its words.
#[inline]
pub fn sum(message: &[u8]) -> u64 {
    message.chunks_exact(8).fold(0, |sum, word| {
        sum.wrapping_add(u64::from_le_bytes([word[0], word[1], word[2], word[3], word[4], word[5], word[6], word[7]]))
    })
}

/// What `messages` of them add up to.
pub fn expected(messages: u64) -> u64 {
    let words = SIZE as u64 / 8;
    let numbers = (u128::from(messages) * u128::from(messages.saturating_sub(1)) / 2) as u64;
    numbers.wrapping_mul(words).wrapping_add(messages.wrapping_mul(words * (words - 1) / 2))
}
