#![no_main]
//! SRS channel estimates in a gNB's log.

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        ran_bridge::sources::SrsEstimates::new(text).for_each(drop);
    }
});
