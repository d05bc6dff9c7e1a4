//! Cell search and channel estimates on a piece of a real gNB's downlink.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a test that cannot set up its world fails")]

use std::path::Path;

use num_complex::Complex32;
use ran_bridge::clock::mono_ns;
use ran_bridge::csi::{CellTracker, CellTrackerConfig, CsiRs, CsiRsRow, Observation, Occasion, Timetable};
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

/// The gNB's tracking reference signal and its one-port CSI-RS (row 2, slot 2 of 20, symbol 4) lie where its defaults put them, as strong as the block.
#[test]
fn tracking_reference_signal_of_a_real_gnb() {
    let recording = excerpt();
    let config = SearchConfig { center_hz: recording.frequency_hz, ..SearchConfig::default() };
    let cell = search(&recording.samples, recording.rate_hz, &config).unwrap()[0];
    let first = &find_blocks(&recording.samples, recording.rate_hz, &cell).unwrap()[0];
    let measured = CsiRs { row: CsiRsRow::Two, ..CsiRs::tracking(1, 4, 1, 52) };
    let mut occasions = Occasion::srsran_tracking(1, 52, 1);
    occasions.push(Occasion { rs: measured, period_slots: 20, offset_slots: 2 });
    let config = CellTrackerConfig {
        cell,
        rate_hz: recording.rate_hz,
        center_hz: recording.frequency_hz,
        ssb_half_frames: 2,
        occasions,
        mib_every: 1,
        lost_after: 8,
    };
    let at = Timetable { sample: first.sample, index: 0, half_frame: false, sfn: first.sfn };
    let mut tracker = CellTracker::new(config, at).unwrap();
    let (mut sfns, mut slots) = (Vec::new(), Vec::new());
    let kept = tracker
        .run(&recording.samples, 0, |seen| match seen {
            Observation::Ssb(report) => {
                assert!((report.rsrp_dbfs.unwrap() + 39.95).abs() < 0.05, "{:?}", report.rsrp_dbfs);
                sfns.push(report.sfn.unwrap());
            }
            Observation::CsiRs { occasion, slot, report, .. } => {
                assert!((report.rsrp_dbfs.unwrap() + 39.95).abs() < 0.05, "{:?}", report.rsrp_dbfs);
                assert!(report.sinr_db.unwrap() > 40.0, "{:?}", report.sinr_db);
                assert!(report.ports[0].delay_s.abs() < 2e-9);
                slots.push((*occasion, *slot));
            }
            other => panic!("{other:?}"),
        })
        .unwrap();
    assert!(kept && tracker.cfo_hz().abs() < 1.0, "{}", tracker.cfo_hz());
    assert_eq!(sfns, [426, 427, 428]);
    assert_eq!(slots, [(4, 4262), (0, 4272), (1, 4272), (2, 4273), (3, 4273), (4, 4282)]);
}

#[test]
#[ignore = "prints timings"]
fn tracking_times() {
    let recording = excerpt();
    let config = SearchConfig { center_hz: recording.frequency_hz, ..SearchConfig::default() };
    let cell = search(&recording.samples, recording.rate_hz, &config).unwrap()[0];
    let rate_hz = 23.04e6;
    let config = CellTrackerConfig {
        cell,
        rate_hz,
        center_hz: recording.frequency_hz,
        ssb_half_frames: 2,
        occasions: Occasion::srsran_tracking(1, 106, 1),
        mib_every: 1,
        lost_after: u32::MAX,
    };
    let at = Timetable { sample: 10_770, index: 0, half_frame: false, sfn: Some(0) };
    let from = mono_ns();
    let mut tracker = CellTracker::new(config, at).unwrap();
    println!("made in {} µs", (mono_ns() - from) / 1000);
    let from = mono_ns();
    let mut last = 0;
    for _ in 0..600 {
        let wanted = tracker.wanted();
        last = wanted.start;
        let offset = wanted.start as usize % 200_000;
        let _ = tracker.take(&recording.samples[offset..offset + wanted.len]).unwrap();
    }
    let (cost_s, radio_s) = ((mono_ns() - from) as f64 * 1e-9, last as f64 / rate_hz);
    println!("{} µs an occasion, {} times real time", cost_s / 600.0 * 1e6, radio_s / cost_s);
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
