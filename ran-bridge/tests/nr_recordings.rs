//! Cell search and channel estimates on a piece of a real gNB's downlink.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a test that cannot set up its world fails")]

use std::path::Path;

use num_complex::Complex32;
use ran_bridge::clock::mono_ns;
use ran_bridge::nr::{SearchConfig, SsbReport, SsbTracker, TrackerConfig, find_blocks, search};

fn excerpt() -> ran_bridge::iq::Recording {
    ran_bridge::iq::read(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../hil-tests/fixtures/iq/gnb_downlink_25ms.sigmf-meta"),
    )
    .unwrap()
}

#[test]
fn a_wired_downlink_is_flat_and_on_frequency() {
    let recording = excerpt();
    let config = SearchConfig { center_hz: recording.frequency_hz, ..SearchConfig::default() };
    let cells = search(&recording.samples, recording.rate_hz, &config).unwrap();
    assert_eq!(cells.iter().map(|c| (c.pci, c.ssb_offset_hz)).collect::<Vec<_>>(), [(1, -450e3)]);
    let blocks = find_blocks(&recording.samples, recording.rate_hz, &cells[0]).unwrap();
    assert_eq!(blocks.iter().map(|b| b.sample).collect::<Vec<_>>(), [10_770, 125_970, 241_170]);
    for block in &blocks {
        let mean = block.h.h.iter().sum::<Complex32>() / 240.0;
        let ripple = block.h.h.iter().map(|h| (h - mean).norm_sqr()).sum::<f32>() / 240.0 / mean.norm_sqr();
        assert!(ripple < 1e-3 && block.h.delay_s.abs() < 20e-9 && block.cfo_hz.abs() < 2.0, "{ripple} {block:?}");
        assert_eq!((block.h.subcarriers[0], block.mib.unwrap().k_ssb), (-150, 6));
    }
}

#[test]
#[ignore = "prints timings"]
fn timings() {
    let recording = excerpt();
    let config = SearchConfig { center_hz: recording.frequency_hz, ..SearchConfig::default() };
    let cell = search(&recording.samples, recording.rate_hz, &config).unwrap()[0];
    for rate_hz in [7.68e6, 11.52e6, 23.04e6] {
        let mut tracker = SsbTracker::new(TrackerConfig { rate_hz, ..TrackerConfig::of(&cell, rate_hz) }).unwrap();
        // the cost does not depend on what the samples are
        let piece: Vec<Complex32> = recording.samples.iter().skip(10_770).take(tracker.samples()).copied().collect();
        let mut report = SsbReport::default();
        let mut times: Vec<u64> = (0..2000)
            .map(|_| {
                let from = mono_ns();
                tracker.process_into(0, &piece, &mut report).unwrap();
                mono_ns() - from
            })
            .collect();
        times.sort_unstable();
        let mut decoded = 0;
        let mut mib: Vec<u64> = (0..200)
            .map(|_| {
                let from = mono_ns();
                decoded += usize::from(tracker.decode_mib(&mut report).is_some());
                mono_ns() - from
            })
            .collect();
        mib.sort_unstable();
        let mib = mib[100];
        println!(
            "tracker {} MS/s: p50 {} ns, p99 {} ns; MIB {mib} ns ({decoded}/200)",
            rate_hz / 1e6,
            times[1000],
            times[1980]
        );
        let iq: Vec<Complex32> =
            recording.samples.iter().cycle().take((rate_hz * 0.010) as usize + 8768).copied().collect();
        for offset in [Some(-450e3), None] {
            let config = SearchConfig { ssb_offset_hz: offset, ..config.clone() };
            let from = mono_ns();
            let found = search(&iq, rate_hz, &config).unwrap().len();
            println!(
                "search of 10 ms at {} MS/s, offset {offset:?}: {} µs, {found} cells",
                rate_hz / 1e6,
                (mono_ns() - from) / 1000
            );
        }
    }
}
