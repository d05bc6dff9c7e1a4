use num_complex::Complex32;

use super::{CellTracker, CellTrackerConfig, CsiRs, Observation, Occasion, Timetable};
use crate::nr::test_support::{Block, noise};
use crate::nr::{Cell, Numerology};

const RATE_HZ: f64 = 7.68e6;

fn cell(pci: u16) -> Cell {
    Cell {
        pci,
        ssb_offset_hz: 0.0,
        scs_hz: 15e3,
        sample: 0,
        snr_db: 10.0,
        cfo_hz: 0.0,
        symbol_phase_rad: 0.0,
        l_max: 4,
        blocks: 1,
        rsrp_dbfs: 0.0,
        mib_crc_ok: true,
        explained: 1.0,
    }
}

fn config(occasions: Vec<Occasion>) -> CellTrackerConfig {
    CellTrackerConfig {
        cell: cell(40),
        rate_hz: RATE_HZ,
        center_hz: None,
        ssb_half_frames: 2,
        occasions,
        mib_every: 1,
        lost_after: 8,
    }
}

/// Blocks of a sender whose clock is `ppm` slow, at 6 dB, as the tracker wants them.
struct Sender {
    ppm: f64,
    numerology: Numerology,
}

impl Sender {
    fn start(&self, frame: u64) -> u64 {
        (76_800.0 * frame as f64 * (1.0 + self.ppm * 1e-6) + 4000.0).round() as u64
    }

    fn window(&self, frame: u64, at: u64, len: usize) -> Vec<Complex32> {
        let block = Block { pci: 40, index: 0, half_frame: false, sfn: (frame % 1024) as u16, l_max: 4 };
        let mut iq = noise(len, 0.25, frame);
        let start = self.start(frame) as i64 - at as i64;
        for (i, s) in (0i64..).zip(block.samples(&self.numerology, 0.0)) {
            if let Some(v) = usize::try_from(start + i).ok().and_then(|n| iq.get_mut(n)) {
                *v += s;
            }
        }
        iq
    }
}

#[test]
fn a_drifting_clock_is_followed_and_a_silent_cell_is_lost() {
    let sender = Sender { ppm: 10.0, numerology: Numerology::new(RATE_HZ, 15e3).unwrap() };
    let at = Timetable { sample: sender.start(0), index: 0, half_frame: false, sfn: Some(0) };
    let mut tracker = CellTracker::new(config(vec![]), at).unwrap();
    let (mut mibs, mut worst) = (0, 0.0f64);
    for frame in 0..400u64 {
        let wanted = tracker.wanted();
        let late = wanted.start as f64 - sender.start(frame) as f64;
        if frame > 60 {
            worst = worst.max(late.abs());
        }
        match tracker.take(&sender.window(frame, wanted.start, wanted.len)).unwrap() {
            Observation::Ssb(report) => {
                mibs += usize::from(report.mib_crc_ok && report.sfn == Some((frame % 1024) as u16));
                assert!((report.snr_db.unwrap() - 6.0).abs() < 1.5, "{:?}", report.snr_db);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(mibs, 400);
    assert!(worst <= 2.0, "{worst} samples");
    assert!((tracker.drift_ppm() - 10.0).abs() < 2.0, "{}", tracker.drift_ppm());
    for n in 1..=8 {
        let wanted = tracker.wanted();
        let seen = tracker.take(&noise(wanted.len, 1.0, n)).unwrap();
        assert_eq!(matches!(seen, Observation::Lost), n == 8, "{seen:?}");
    }
}

#[test]
fn occasions_come_in_order_of_time_at_their_places() {
    let n = Numerology::new(RATE_HZ, 15e3).unwrap();
    let trs =
        |symbol, offset_slots| Occasion { rs: CsiRs::tracking(40, symbol, 0, 25), period_slots: 20, offset_slots };
    let at = Timetable { sample: n.symbol_start(0, 2) as u64, index: 0, half_frame: false, sfn: Some(6) };
    let mut tracker = CellTracker::new(config(vec![trs(4, 3), trs(8, 3)]), at).unwrap();
    let mut got = Vec::new();
    for _ in 0..6 {
        let wanted = tracker.wanted();
        got.push(wanted.start);
        let _ = tracker.take(&noise(wanted.len, 1.0, 1)).unwrap();
    }
    // frame 6 starts at sample 0; slot 3 of even frames
    let slot = |n: u64| n * 7680;
    let symbol = |l: usize| n.symbol_start(0, l) as u64;
    let expected = [
        symbol(2),
        slot(3) + symbol(4),
        slot(3) + symbol(8),
        slot(10) + symbol(2),
        slot(20) + symbol(2),
        slot(23) + symbol(4),
    ];
    assert_eq!(got, expected);
}

#[test]
fn samples_that_are_no_numbers_are_silence() {
    let at = Timetable { sample: 0, index: 0, half_frame: false, sfn: Some(0) };
    let mut tracker = CellTracker::new(config(vec![]), at).unwrap();
    for n in 1..=8 {
        let wanted = tracker.wanted();
        let mut iq = noise(wanted.len, 1.0, n);
        iq[700].re = f32::NAN;
        let seen = tracker.take(&iq).unwrap();
        assert_eq!(matches!(seen, Observation::Lost), n == 8, "{seen:?}");
    }
}

#[test]
fn the_half_frame_of_eight_blocks_comes_with_the_mib() {
    let n = Numerology::new(15.36e6, 30e3).unwrap();
    let cell = Cell { scs_hz: 30e3, l_max: 8, ..cell(40) };
    let config = CellTrackerConfig { cell, rate_hz: 15.36e6, ..config(vec![]) };
    // at 6 dB each block is read alone, at −9 dB with those before it
    for (noise_var, alone) in [(0.25, true), (8.0, false)] {
        let at = Timetable { sample: 0, index: 5, half_frame: true, sfn: Some(16) };
        let mut tracker = CellTracker::new(config.clone(), at).unwrap();
        let mut halves = Vec::new();
        for frame in 0..16u16 {
            let wanted = tracker.wanted();
            let block = Block { pci: 40, index: 5, half_frame: true, sfn: 16 + frame, l_max: 8 };
            let mut iq = noise(wanted.len, noise_var, u64::from(frame));
            let late = i64::from(frame) * 153_600 - wanted.start as i64;
            for (i, s) in (0i64..).zip(block.samples(&n, 0.0)) {
                if let Some(v) = usize::try_from(late + i).ok().and_then(|k| iq.get_mut(k)) {
                    *v += s;
                }
            }
            if let Observation::Ssb(report) = tracker.take(&iq).unwrap() {
                assert_eq!(report.half_frame.is_some(), report.mib_crc_ok);
                halves.extend(report.half_frame);
            }
        }
        assert!(halves.len() >= if alone { 16 } else { 2 }, "{}", halves.len());
        assert!(halves.iter().all(|half| *half));
    }
}
