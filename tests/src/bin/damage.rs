//! The process that damaged segments may crash. It says each case before it begins.
//!
//! `damage bits SEED ROUNDS`: each bit that is in use, in turn. `damage words SEED ROUNDS`: each
//! word in turn. `damage sleepers SEED ROUNDS`: each word that is in use, while somebody waits.
//! `damage scripts SEED COUNT`: several words at random. `damage attach SEED COUNT`: bytes that are
//! no queue, or were one.

use ringway_segment::layout::Header;
use ringway_tests::damage::{self, OPERATIONS, Script, Step, Tally, Value};
use ringway_tests::random::Random;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, seed, count] = &arguments[..] else { panic!("damage WHAT SEED COUNT") };
    let (seed, count): (u64, u64) =
        (seed.parse().expect("a seed"), count.parse().expect("a count"));
    let mut total = Total::default();
    match what.as_str() {
        "bits" => {
            let words = Script::start().words_in_use();
            for case in 0..words.len() as u64 * 64 * count {
                say(case);
                let word = words[(case / 64) as usize % words.len()];
                total.add(one_write(
                    word,
                    Value::Flip(1 << (case % 64)),
                    0,
                    &mut chance(seed, case),
                ));
            }
        }
        "words" => {
            let words = Script::start().words();
            for case in 0..words * count {
                say(case);
                let mut random = chance(seed, case);
                total.add(one_write(case % words, value(&mut random), 8, &mut random));
            }
        }
        "sleepers" => {
            let words = Script::start().words_in_use();
            for case in 0..words.len() as u64 * VALUES * count {
                say(case);
                let mut random = chance(seed, case);
                let value = telling_value(case % VALUES, &mut random);
                let mut steps = vec![Step::Write {
                    word: words[(case / VALUES) as usize % words.len()],
                    value,
                }];
                steps.extend(uses(&mut random, 10));
                total.add(Script::start().run_beside_a_sleeper(&steps));
            }
        }
        "scripts" => {
            let words = Script::start().words_in_use();
            for case in 0..count {
                say(case);
                let mut random = chance(seed, case);
                let steps: Vec<Step> = (0..60).map(|_| step(&words, &mut random)).collect();
                total.add(Script::start().run(&steps));
            }
        }
        "attach" => {
            let whole = damage::whole();
            for case in 0..count {
                say(case);
                let mut random = chance(seed, case);
                match damage::attach(&mutated(&whole, &mut random)) {
                    Ok(tally) => total.add(tally),
                    Err(_) => total.not_opened += 1,
                }
            }
        }
        other => panic!("no damage {other}"),
    }
    println!("{total:?}");
}

#[derive(Default, Debug)]
struct Total {
    cases: u64,
    done: u64,
    refused: u64,
    faults: u64,
    not_opened: u64,
}

impl Total {
    fn add(&mut self, tally: Tally) {
        self.cases += 1;
        self.done += tally.done;
        self.refused += tally.refused;
        self.faults += tally.faults;
    }
}

fn chance(seed: u64, case: u64) -> Random {
    Random(seed ^ case.wrapping_mul(0x2545_f491_4f6c_dd1d))
}

/// A queue of which one word is damaged, after so many uses.
fn one_write(word: u64, value: Value, before: usize, random: &mut Random) -> Tally {
    let mut steps: Vec<Step> = uses(random, before).collect();
    steps.push(Step::Write { word, value });
    steps.extend(uses(random, 30));
    Script::start().run(&steps)
}

fn say(case: u64) {
    println!("case {case}");
}

fn value(random: &mut Random) -> Value {
    match random.below(4) {
        0 => Value::Set(random.telling()),
        1 => Value::Flip(1 << random.below(64)),
        2 => Value::Add(random.below(5).wrapping_sub(2)),
        _ => Value::Flip(random.telling()),
    }
}

const VALUES: u64 = 9;

fn telling_value(number: u64, random: &mut Random) -> Value {
    match number {
        0 => Value::Set(0),
        1 => Value::Set(u64::MAX),
        2 => Value::Add(1),
        3 => Value::Add(u64::MAX),
        4 => Value::Flip(1 << 63),
        5 => Value::Flip(1 << 44),
        6 => Value::Flip(1 << 28),
        7 => Value::Flip(1 << 22),
        _ => Value::Set(random.number()),
    }
}

fn uses(random: &mut Random, count: usize) -> impl Iterator<Item = Step> {
    (0..count).map(|_| Step::Use(random.below(OPERATIONS.into()) as u8))
}

/// Mostly uses; every sixth step damages a word, mostly one of those that are in use.
fn step(in_use: &[u64], random: &mut Random) -> Step {
    match random.below(6) {
        0 => {
            let word = match random.below(4) {
                0 => random.number(),
                _ => in_use[random.below(in_use.len() as u64) as usize],
            };
            Step::Write { word, value: value(random) }
        }
        _ => Step::Use(random.below(OPERATIONS.into()) as u8),
    }
}

/// Anything from noise to a queue with one bit turned.
fn mutated(whole: &[u8], random: &mut Random) -> Vec<u8> {
    if random.below(8) == 0 {
        return (0..random.below(300)).map(|_| random.number() as u8).collect();
    }
    let mut bytes = whole.to_vec();
    for _ in 0..=random.below(4) {
        let words = if random.below(4) == 0 {
            size_of::<Header>() as u64 / 8
        } else {
            bytes.len() as u64 / 8
        };
        let at = random.below(words) as usize * 8;
        let word = u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        let word = match value(random) {
            Value::Set(number) => number,
            Value::Flip(bits) => word ^ bits,
            Value::Add(number) => word.wrapping_add(number),
        };
        bytes[at..at + 8].copy_from_slice(&word.to_le_bytes());
    }
    if random.below(2) == 0 {
        ringway_tests::mend_header(&mut bytes);
    }
    if random.below(10) == 0 {
        bytes.truncate(random.below(bytes.len() as u64) as usize);
    }
    bytes
}
