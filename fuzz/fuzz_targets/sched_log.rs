#![no_main]
//! CSI reports in a gNB's scheduler events.

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        ran_bridge::sources::csi_reports(text).for_each(drop);
    }
});
