//! The payload: written by the putter, summed by the getter.

/// Writes message `number`: words that count up from it, and its lowest byte in what is left.
#[inline]
pub(super) fn write(message: &mut [u8], number: u64) {
    let mut words = message.chunks_exact_mut(8);
    for (word, index) in (&mut words).zip(0..) {
        word.copy_from_slice(&number.wrapping_add(index).to_le_bytes());
    }
    words.into_remainder().fill(number as u8);
}

/// The sum of its words and of the bytes that are left.
#[inline]
pub(super) fn sum(message: &[u8]) -> u64 {
    let (words, rest) = message.as_chunks::<8>();
    let words = words.iter().fold(0_u64, |sum, word| sum.wrapping_add(u64::from_le_bytes(*word)));
    rest.iter().fold(words, |sum, &byte| sum.wrapping_add(byte.into()))
}

/// What messages 0 to `messages` of `size` bytes add up to.
pub(super) fn expected(messages: u64, size: usize) -> u64 {
    let (words, rest) = (size as u64 / 8, size as u64 % 8);
    let indices = words.wrapping_mul(words.wrapping_sub(1)) / 2;
    (0..messages).fold(0_u64, |sum, number| {
        sum.wrapping_add(words.wrapping_mul(number))
            .wrapping_add(indices)
            .wrapping_add(rest * (number & 0xff))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_adds_up_to_what_is_expected() {
        for size in [0, 1, 7, 8, 9, 64, 100] {
            let mut total = 0_u64;
            for number in 0..1000 {
                let mut message = vec![0xee; size];
                write(&mut message, number);
                total = total.wrapping_add(sum(&message));
            }
            assert_eq!(total, expected(1000, size), "{size} bytes");
        }
    }
}
