//! Values of types, as messages: a struct of 24 bytes and a record of 1.7 KB.
//!
//! The load is one of bytes as everywhere, of 8 a message: its number. A rival that carries values
//! fills one from that number, and its receiver reads all of the value, compares it with the number
//! in it, and hands that on.

use ringway::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Which type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// [`Small`].
    Small,
    /// [`Record`].
    Record,
}

/// A type of values to be sent.
pub trait Value: Message + Serialize + DeserializeOwned + 'static {
    /// Which it is.
    const SHAPE: Shape;
    /// One to be filled again and again.
    fn new() -> Self;
    /// Fills it for message number `number`.
    fn fill(&mut self, number: u64);
    /// Reads all of it, and answers its number.
    ///
    /// # Panics
    /// When it is not what was sent with that number.
    fn check(&self) -> u64;
    /// The same, where it lies.
    ///
    /// # Panics
    /// Likewise.
    fn check_archived(archived: &Self::Archived) -> u64;
}

/// Three fields of 8 bytes each.
#[derive(ringway::Message, serde::Serialize, serde::Deserialize)]
pub struct Small {
    number: u64,
    price: f64,
    quantity: u64,
}

impl Value for Small {
    const SHAPE: Shape = Shape::Small;
    fn new() -> Self {
        Self { number: 0, price: 0.0, quantity: 0 }
    }
    fn fill(&mut self, number: u64) {
        *self = Self { number, price: number as f64, quantity: !number };
    }
    fn check(&self) -> u64 {
        checked_small(self.number, self.price, self.quantity)
    }
    fn check_archived(archived: &ArchivedSmall) -> u64 {
        checked_small(
            archived.number.to_native(),
            archived.price.to_native(),
            archived.quantity.to_native(),
        )
    }
}

#[inline]
fn checked_small(number: u64, price: f64, quantity: u64) -> u64 {
    assert!(price == number as f64 && quantity == !number, "not what was sent");
    number
}

const SAMPLES: usize = 128;
const TAGS: usize = 8;
const TAG: &str = "a-tag-of-16-byte";
const NAME: &str = "the name of a measured thing";
const TEXT: [u8; 440] = [b'x'; 440];

/// A number, two texts, a list of texts and a list of samples.
#[derive(ringway::Message, serde::Serialize, serde::Deserialize)]
pub struct Record {
    number: u64,
    name: String,
    text: String,
    tags: Vec<String>,
    samples: Vec<f64>,
}

impl Value for Record {
    const SHAPE: Shape = Shape::Record;
    fn new() -> Self {
        Self {
            number: 0,
            name: NAME.to_owned(),
            text: String::from_utf8_lossy(&TEXT).into_owned(),
            tags: vec![TAG.to_owned(); TAGS],
            samples: vec![0.0; SAMPLES],
        }
    }
    fn fill(&mut self, number: u64) {
        self.number = number;
        for (index, sample) in self.samples.iter_mut().enumerate() {
            *sample = f64::from_bits(sample_bits(number, index));
        }
    }
    fn check(&self) -> u64 {
        let tags = self.tags.iter().all(|tag| tag == TAG);
        let texts =
            self.name == NAME && self.text.as_bytes() == TEXT && tags && self.tags.len() == TAGS;
        checked_record(self.number, texts, self.samples.iter().copied())
    }
    fn check_archived(archived: &ArchivedRecord) -> u64 {
        let tags = archived.tags.iter().all(|tag| tag == TAG);
        let texts = archived.name == NAME
            && archived.text.as_bytes() == TEXT
            && tags
            && archived.tags.len() == TAGS;
        checked_record(
            archived.number.to_native(),
            texts,
            archived.samples.iter().map(|sample| sample.to_native()),
        )
    }
}

#[inline]
fn checked_record(number: u64, texts: bool, samples: impl ExactSizeIterator<Item = f64>) -> u64 {
    let right = texts && samples.len() == SAMPLES;
    let wrong_bits = samples
        .enumerate()
        .fold(0, |bits, (index, sample)| bits | sample.to_bits() ^ sample_bits(number, index));
    assert!(right && wrong_bits == 0, "not what was sent");
    number
}

/// A number from 1 to 2 that is quick to make: what is measured is how values are carried.
#[inline]
fn sample_bits(number: u64, index: usize) -> u64 {
    1_f64.to_bits() | (number.wrapping_add(index as u64) & 0xffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carried<T: Value>(sizes: std::ops::RangeInclusive<usize>) {
        let mut value = T::new();
        value.fill(77);
        assert_eq!(value.check(), 77);
        let queue = ringway::Queue::<T>::options()
            .maxsize(4)
            .create(ringway::Place::Heap)
            .expect("a queue");
        queue.put(&value).expect("a place");
        assert!(sizes.contains(&queue.get().expect("a message").bytes().len()));
        queue.put(&value).expect("a place");
        assert_eq!(T::check_archived(&queue.get().expect("a message")), 77);
        let bytes = postcard::to_stdvec(&value).expect("bytes");
        assert_eq!(postcard::from_bytes::<T>(&bytes).expect("a value").check(), 77);
    }

    #[test]
    fn a_struct_of_24_bytes_arrives_as_it_was_sent() {
        carried::<Small>(24..=24);
    }

    #[test]
    fn a_record_of_1_7_kilobytes_arrives_as_it_was_sent() {
        carried::<Record>(1650..=1750);
    }

    #[test]
    #[should_panic(expected = "not what was sent")]
    fn a_record_that_was_changed_is_noticed() {
        let mut value = Record::new();
        value.fill(77);
        value.samples[100] += 1.0;
        value.check();
    }
}
