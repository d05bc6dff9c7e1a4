#![no_main]
//! Prometheus text of the core. What was read and written again reads the same.

use core_bridge::open5gs::metrics::parse;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        let once = parse(text);
        assert_eq!(parse(&once.to_text()).samples, once.samples);
    }
});
