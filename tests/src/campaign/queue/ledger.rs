//! What goes through a queue while a worker is frozen.

use ringway::{GetError, GetErrorKind, PutError, PutErrorKind, Queue};

use super::audit::drain;
use super::operation::Effect;
use super::scene::{Scene, number_of, text_of};

/// More than the slots of the ring: a lap while a worker is frozen.
const LAP: u64 = 300;

/// What went in and came out while the worker was frozen, and after.
pub struct Ledger {
    put: Vec<u64>,
    got: Vec<u64>,
}

impl Ledger {
    /// Begins with the messages of the scene.
    pub fn new(scene: Scene) -> Self {
        Self { put: (scene.oldest()..100 + scene.filled).collect(), got: Vec::new() }
    }

    /// Puts and gets more than once around the ring.
    ///
    /// # Errors
    /// What is in the way.
    pub fn lap(&mut self, queue: &Queue<[u8]>) -> Result<(), String> {
        for number in 5000..5000 + LAP {
            loop {
                match queue.try_put(text_of(number)) {
                    Ok(()) => {
                        self.put.push(number);
                        break;
                    }
                    Err(PutError { kind: PutErrorKind::ShutDown, .. }) => return Ok(()),
                    Err(PutError { kind: PutErrorKind::Full { .. }, .. }) => {
                        if !self.get(queue)? {
                            return Err("full and empty at once".to_owned());
                        }
                    }
                    Err(error) => return Err(error.to_string()),
                }
            }
        }
        Ok(())
    }

    fn get(&mut self, queue: &Queue<[u8]>) -> Result<bool, String> {
        match queue.try_get() {
            Ok(message) => {
                self.got.push(number_of(&message));
                Ok(true)
            }
            Err(
                GetError { kind: GetErrorKind::Empty, .. }
                | GetError { kind: GetErrorKind::ShutDown, .. },
            ) => Ok(false),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Gets all that is left.
    ///
    /// # Errors
    /// What is in the way.
    pub fn empty(&mut self, queue: &Queue<[u8]>) -> Result<(), String> {
        self.got.extend(drain(queue)?.0);
        Ok(())
    }

    /// All that was put came out once and in order, but for what the worker took; its own came out
    /// at most once.
    ///
    /// # Errors
    /// What did not.
    pub fn balance(&self, effect: Effect) -> Result<(), String> {
        let mut ours: Vec<u64> =
            self.got.iter().copied().filter(|number| !(1000..2000).contains(number)).collect();
        let theirs: Vec<u64> =
            self.got.iter().copied().filter(|number| (1000..2000).contains(number)).collect();
        // The oldest comes late if it was put back late.
        let late = ours.iter().skip(1).position(|&number| effect.returns && number == self.put[0]);
        if let Some(before) = late {
            let oldest = ours.remove(before + 1);
            ours.insert(0, oldest);
        }
        let mut missing = 0;
        let mut came = ours.iter().peekable();
        for number in &self.put {
            if came.next_if(|next| *next == number).is_none() {
                missing += 1;
            }
        }
        if let Some(strange) = came.next() {
            return Err(format!("message {strange} came twice, out of order, or from nowhere"));
        }
        if missing > effect.takes && !effect.closes {
            return Err(format!(
                "{missing} messages are missing, and it took {} at most",
                effect.takes
            ));
        }
        if theirs.len() as u64 > effect.puts
            || theirs.iter().copied().ne((1000..).take(theirs.len()))
        {
            return Err(format!("its own messages came out as {theirs:?}"));
        }
        Ok(())
    }
}
