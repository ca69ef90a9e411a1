//! Producers and consumers are killed and started again at random. No acknowledged message is lost
//! but with a consumer that had taken it, none comes twice, none is strange, and the queue is whole
//! afterwards.
//!
//! `RINGWAY_SOAK_SEED` and `RINGWAY_SOAK_SECONDS` choose the run.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ringway::Queue;
use ringway_tests::audit::{capacity_is_exact, every_block_is_there};
use ringway_tests::random::Random;
use ringway_tests::{LET_GO, Name, Watchdog, Worker, worker};

const PRODUCERS: usize = 3;
const CONSUMERS: usize = 3;
const PARTICIPANTS: u32 = 8;
const LOANS: u32 = 4;

fn from_env(variable: &str, or: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(or)
}

/// A worker and the thread that collects what it tells.
struct Told<const N: usize> {
    worker: Worker,
    records: JoinHandle<Vec<[u64; N]>>,
}

impl<const N: usize> Told<N> {
    fn start(mut worker: Worker) -> Self {
        worker.tell("go");
        let mut output = worker.output();
        let records = thread::spawn(move || {
            let (mut records, mut record) = (Vec::new(), [[0; 8]; N]);
            while output.read_exact(record.as_flattened_mut()).is_ok() {
                records.push(record.map(u64::from_le_bytes));
            }
            records
        });
        Self { worker, records }
    }
    fn kill(mut self) -> Vec<[u64; N]> {
        self.worker.kill();
        self.records.join().expect("the collector")
    }
}

/// What was told by all that ever lived.
#[derive(Default)]
struct Ledger {
    /// By producer, each of which has a number of its own for each life: messages that it knows to
    /// be put.
    acknowledged: Vec<u64>,
    /// How often each message was taken.
    taken: HashMap<[u64; 2], u32>,
    /// Messages that a killed consumer had taken and told nothing of.
    untold: u64,
    /// Killed consumers that others had recovered before it could be seen what they held.
    unseen: u64,
    kills_of_consumers: u64,
    kills_of_recoverers: u64,
}

impl Ledger {
    fn of_producer(&mut self, producer: usize, records: &[[u64; 1]]) {
        assert!(records.iter().enumerate().all(|(at, record)| record[0] == at as u64));
        self.acknowledged[producer] = records.len() as u64;
    }
    fn of_consumer(&mut self, queue: &Queue<[u8]>, consumer: Told<2>) {
        let pid = consumer.worker.pid();
        let records = consumer.kill();
        let seen = queue.snapshot().unwrap();
        let told_of_what_it_held = records.last().is_some_and(|last| last[0] != LET_GO);
        match seen.holders.iter().find(|holder| holder.participant.pid == pid) {
            None => self.unseen += 1,
            Some(_) if told_of_what_it_held => {}
            Some(holder) => self.untold += holder.messages,
        }
        self.kills_of_consumers += 1;
        let mut last = HashMap::new();
        for &[producer, number] in records.iter().filter(|record| record[0] != LET_GO) {
            let before = last.insert(producer, number);
            assert!(
                before.is_none_or(|before| before < number),
                "producer {producer}: {number} after {before:?}"
            );
            *self.taken.entry([producer, number]).or_default() += 1;
        }
    }
}

#[test]
fn killed_at_random() {
    let seed = from_env("RINGWAY_SOAK_SEED", RandomState::new().hash_one(0));
    let seconds = from_env("RINGWAY_SOAK_SECONDS", 15);
    println!("RINGWAY_SOAK_SEED={seed} RINGWAY_SOAK_SECONDS={seconds}");
    let mut random = Random(seed);

    let name = Name::new("soak");
    let options = Queue::<[u8]>::options()
        .maxsize(5)
        .max_message(256)
        .participants(PARTICIPANTS)
        .loans(LOANS);
    let queue = options.create(&*name).unwrap();
    let dog = Watchdog::of(&queue);
    let mut ledger = Ledger::default();
    let produce = |ledger: &mut Ledger| {
        ledger.acknowledged.push(0);
        let number = ledger.acknowledged.len() - 1;
        (number, Told::<1>::start(worker!("produce", name, number, u64::MAX, "adaptive")))
    };
    let consume = || Told::<2>::start(worker!("consume", name, "adaptive"));
    let mut recoverer = worker!("recover", name);
    let mut producers: Vec<_> = (0..PRODUCERS).map(|_| produce(&mut ledger)).collect();
    let mut consumers: Vec<_> = (0..CONSUMERS).map(|_| consume()).collect();

    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        thread::sleep(Duration::from_micros(random.below(12_000)));
        let all_consumers = random.below(8) == 0;
        for _ in 0..if all_consumers { CONSUMERS as u64 } else { random.below(2) } {
            let old = consumers.swap_remove(random.below(consumers.len() as u64) as usize);
            ledger.of_consumer(&queue, old);
        }
        if consumers.is_empty() {
            thread::sleep(Duration::from_millis(1)); // the queue fills, also with messages of the one that dies now
        }
        let (number, old) = producers.swap_remove(random.below(PRODUCERS as u64) as usize);
        ledger.of_producer(number, &old.kill());
        if random.below(3) == 0 {
            recoverer.kill();
            recoverer = worker!("recover", name);
            ledger.kills_of_recoverers += 1;
        } else {
            queue.reclaim().unwrap();
        }
        producers.push(produce(&mut ledger));
        consumers.extend((consumers.len()..CONSUMERS).map(|_| consume()));
    }
    assert_moves_on(&queue);
    recoverer.kill();

    for (number, producer) in producers {
        ledger.of_producer(number, &producer.kill());
    }
    while !queue.is_empty().unwrap() {
        thread::yield_now(); // the consumers go on
    }
    for consumer in consumers {
        ledger.of_consumer(&queue, consumer);
    }
    queue.reclaim().unwrap();
    settle(&ledger, queue.snapshot().unwrap().lost);

    capacity_is_exact(&queue);
    assert_eq!(queue.snapshot().unwrap().holders.len(), 1);
    drop((dog, queue));
    every_block_is_there(&options.open(&*name).unwrap());
}

/// Whatever was left behind by the killed, messages pass to the end.
fn assert_moves_on(queue: &Queue<[u8]>) {
    let before = queue.snapshot().unwrap();
    loop {
        let now = queue.snapshot().unwrap();
        if now.puts >= before.puts + 1000 && now.gets >= before.gets + 1000 {
            return;
        }
        thread::sleep(Duration::from_millis(1)); // for ever is the watchdog's business
    }
}

fn settle(ledger: &Ledger, lost: u64) {
    let acknowledged: u64 = ledger.acknowledged.iter().sum();
    for (&[producer, number], &times) in &ledger.taken {
        assert_eq!(times, 1, "message {number} of producer {producer} came {times} times");
        // The last put of a killed producer may have gone in without its knowing.
        let known = ledger.acknowledged.get(producer as usize).expect("a producer that there was");
        assert!(number <= *known, "message {number} of producer {producer} was never put");
    }
    let missing = (ledger.acknowledged.iter().enumerate())
        .flat_map(|(producer, &count)| (0..count).map(move |number| [producer as u64, number]))
        .filter(|message| !ledger.taken.contains_key(message))
        .count() as u64;
    println!(
        "{} lives of producers, {} of consumers, {} of recoverers; {acknowledged} messages acknowledged, {} taken, {missing} missing, {lost} \
         counted as lost, {} untold and {} unseen",
        ledger.acknowledged.len(),
        ledger.kills_of_consumers,
        ledger.kills_of_recoverers,
        ledger.taken.len(),
        ledger.untold,
        ledger.unseen,
    );
    let may_be_missing = ledger.untold + ledger.unseen;
    assert!(
        missing <= may_be_missing,
        "each missing message was taken by a consumer that was killed"
    );
    assert!(
        missing <= lost + ledger.kills_of_recoverers,
        "and counted, unless whoever counted was killed"
    );
    assert!(lost <= ledger.kills_of_consumers, "a consumer has one message at a time");
}
