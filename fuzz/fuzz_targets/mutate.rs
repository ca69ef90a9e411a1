//! Operations on a queue in use, with words written over in between.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringway_tests::damage::{self, Script};

fuzz_target!(|bytes: &[u8]| {
    Script::start().run(&damage::steps(bytes));
});
