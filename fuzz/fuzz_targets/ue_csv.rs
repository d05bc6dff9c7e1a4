#![no_main]
//! srsUE's metrics file: the first line is its head.

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.lines();
    if let Ok(mut csv) = ran_bridge::sources::UeCsv::new(lines.next().unwrap_or_default()) {
        lines.for_each(|line| {
            let _ = csv.line(line);
        });
    }
});
