//! Bytes that are no message, or that were one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringway_tests::records::Records;

thread_local!(static RECORDS: Records = Records::new());

fuzz_target!(|bytes: &[u8]| {
    RECORDS.with(|records| {
        records.offer(bytes);
        records.offer(&records.bent(bytes));
    });
});
