#![no_main]
//! A gNB's uplink grid dump: a log line, then the bytes it names.

use ran_bridge::sources::{GridSlot, UplinkGrid};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (line, bytes) = data.split_at(data.iter().position(|b| *b == b'\n').unwrap_or(data.len()));
    let slot = std::str::from_utf8(line).ok().and_then(GridSlot::of_line);
    let size = slot.map_or(bytes.len() / 8, |s| s.size);
    for ports in 1..=4 {
        if let Ok(grid) = UplinkGrid::read(bytes, size, ports) {
            let _ = grid.prb_power(ports - 1);
        }
    }
});
