#![no_main]
//! A text of the gNB's WebSocket.

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        let mut stats = ran_bridge::gnb::ParseStats::default();
        let read = ran_bridge::gnb::parse(text, &mut stats);
        assert_eq!(u64::from(read.is_ok()) + stats.garbage, 1);
    }
});
