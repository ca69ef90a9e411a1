//! Bytes that are no queue, or that were one.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use ringway_tests::damage;

static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(damage::whole);

fuzz_target!(|bytes: &[u8]| {
    let _ = match bytes.split_first() {
        Some((0, rest)) => damage::attach(rest),
        _ => damage::attach(&damage::written_over(&WHOLE, bytes)),
    };
});
