//! What was put and what arrived.

use std::collections::HashMap;
use std::fmt;

/// A message of the demo.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Message {
    pub(crate) producer: u32,
    /// 0, or 1 for the one that took over.
    pub(crate) life: u32,
    pub(crate) number: u64,
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.producer, self.life, self.number)
    }
}

impl Message {
    pub(super) fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let message = Self {
            producer: words.next()?.parse().ok()?,
            life: words.next()?.parse().ok()?,
            number: words.next()?.parse().ok()?,
        };
        words.next().is_none().then_some(message)
    }
}

/// Who said what.
#[derive(Default)]
pub(super) struct Ledger {
    put: Vec<Message>,
    got: Vec<(u32, Message)>,
}

impl Ledger {
    pub(super) fn put(&mut self, message: Message) {
        self.put.push(message);
    }

    pub(super) fn got(&mut self, consumer: u32, message: Message) {
        self.got.push((consumer, message));
    }

    /// The first message that a producer has not said to have put.
    pub(super) fn next_of(&self, producer: u32) -> u64 {
        self.put
            .iter()
            .filter(|message| message.producer == producer)
            .map(|message| message.number + 1)
            .max()
            .unwrap_or(0)
    }

    /// Every message that was put arrived once, and in order at each consumer. A killed producer
    /// may have put one more than it could say.
    pub(super) fn check(&self, producers: u32, messages: u64) -> Result<String, String> {
        let mut arrived: HashMap<Message, u32> = HashMap::new();
        let mut last: HashMap<(u32, u32), (u32, u64)> = HashMap::new();
        for &(consumer, message) in &self.got {
            *arrived.entry(message).or_default() += 1;
            // All that a life has put comes before what the next one puts.
            let place = (message.life, message.number);
            if let Some((life, number)) = last.insert((consumer, message.producer), place)
                && (life, number) >= place
            {
                return Err(format!(
                    "consumer {consumer} got message {message} after number {number} of life {life}"
                ));
            }
        }
        if let Some((message, count)) = arrived.iter().find(|(_, count)| **count != 1) {
            return Err(format!("message {message} arrived {count} times"));
        }
        if let Some(message) = self.put.iter().find(|message| !arrived.contains_key(message)) {
            return Err(format!("message {message} was put and never arrived"));
        }
        for producer in 0..producers {
            let put = self.put.iter().filter(|message| message.producer == producer).count() as u64;
            if put != messages {
                return Err(format!("producer {producer} put {put} of {messages} messages"));
            }
        }
        let unsaid = arrived.len() - self.put.len();
        if unsaid > 1 {
            return Err(format!("{unsaid} messages arrived that no producer said it had put"));
        }
        let and = if unsaid == 1 {
            ", and one more that its producer was killed before it could confirm"
        } else {
            ""
        };
        Ok(format!("{} messages were put, and each arrived once and in order{and}", self.put.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(put: &[(u32, u32, u64)], got: &[(u32, u32, u64)]) -> Result<String, String> {
        let message = |&(producer, life, number)| Message { producer, life, number };
        let mut ledger = Ledger::default();
        put.iter().map(message).for_each(|message| ledger.put(message));
        got.iter().map(message).for_each(|message| ledger.got(0, message));
        ledger.check(1, 2)
    }

    #[test]
    fn a_ledger_that_does_not_balance_is_told() {
        assert!(ledger(&[(0, 0, 0), (0, 0, 1)], &[(0, 0, 0), (0, 0, 1)]).is_ok());
        assert!(
            ledger(&[(0, 0, 0), (0, 1, 1)], &[(0, 0, 0), (0, 0, 1), (0, 1, 1)]).is_ok(),
            "one unsaid"
        );
        assert!(ledger(&[(0, 0, 0), (0, 0, 1)], &[(0, 0, 0)]).is_err(), "lost");
        assert!(
            ledger(&[(0, 0, 0), (0, 0, 1)], &[(0, 0, 0), (0, 0, 1), (0, 0, 1)]).is_err(),
            "doubled"
        );
        assert!(ledger(&[(0, 0, 0), (0, 0, 1)], &[(0, 0, 1), (0, 0, 0)]).is_err(), "out of order");
        assert!(
            ledger(&[(0, 0, 0), (0, 1, 1)], &[(0, 1, 1), (0, 0, 0)]).is_err(),
            "the heir before the dead"
        );
        assert!(ledger(&[(0, 0, 0)], &[(0, 0, 0)]).is_err(), "not all put");
    }

    #[test]
    fn only_three_numbers_are_a_message() {
        let message = Message { producer: 1, life: 0, number: 25 };
        assert_eq!(Message::parse(&message.to_string()), Some(message));
        for line in ["", "1 0", "1 0 x", "1 0 2 3", "4294967296 0 1"] {
            assert_eq!(Message::parse(line), None);
        }
    }
}
