use num_complex::Complex32;
use proptest::prelude::*;

use super::ofdm::rotate;
use super::offset::compensation_rad;
use super::test_support::{Block, noise};
use super::{Cell, NrError, Numerology, SearchConfig, SsbReport, SsbTracker, TrackerConfig, find_blocks, search};

/// `frames` frames with one block each, `start` samples in, then an offset and noise.
fn recording(
    n: &Numerology,
    first: &Block,
    offset_hz: f64,
    frames: usize,
    start: usize,
    cfo_hz: f64,
    noise_var: f32,
) -> Vec<Complex32> {
    turned(n, first, offset_hz, frames, start, cfo_hz, noise(frame(n) * frames, noise_var, 7), 0.0)
}

fn frame(n: &Numerology) -> usize {
    (0.010 * n.rate_hz()) as usize
}

/// As [`recording`], into the noise `iq`, from a transmitter that turns each symbol by `step_rad` against the one before.
#[expect(clippy::too_many_arguments, reason = "a recording has that many properties")]
fn turned(
    n: &Numerology,
    first: &Block,
    offset_hz: f64,
    frames: usize,
    start: usize,
    cfo_hz: f64,
    mut iq: Vec<Complex32>,
    step_rad: f64,
) -> Vec<Complex32> {
    let frame = frame(n);
    for f in 0..frames {
        let block = Block { sfn: (first.sfn + f as u16) % 1024, ..*first };
        let mut samples = block.samples(n, offset_hz);
        for (l, symbol) in samples.chunks_mut(n.symbol()).enumerate() {
            let turn = Complex32::cis((step_rad * l as f64) as f32);
            symbol.iter_mut().for_each(|v| *v *= turn);
        }
        let at = f * frame + start;
        rotate(&mut samples, at, cfo_hz / n.rate_hz());
        iq[at..].iter_mut().zip(samples).for_each(|(v, s)| *v += s);
    }
    iq
}

fn found(n: &Numerology, iq: &[Complex32], config: &SearchConfig) -> (Cell, Vec<SsbReport>) {
    let cells = search(iq, n.rate_hz(), config).unwrap();
    assert_eq!(cells.len(), 1, "{cells:?}");
    (cells[0], find_blocks(iq, n.rate_hz(), &cells[0]).unwrap())
}

#[test]
fn five_megahertz_with_offset_at_3_db() {
    let n = Numerology::new(7.68e6, 15e3).unwrap();
    let block = Block { pci: 1007, index: 2, half_frame: true, sfn: 1022, l_max: 4 };
    let iq = recording(&n, &block, -450e3, 4, 1234, -2345.0, 0.5);
    let config = SearchConfig { ssb_offset_hz: Some(-450e3), ..SearchConfig::default() };
    let (cell, blocks) = found(&n, &iq, &config);
    // no carrier frequency given: the offset comes from inside the symbols only
    assert_eq!(cell.pci, 1007);
    assert!((cell.cfo_hz + 2345.0).abs() < 300.0, "{}", cell.cfo_hz);
    assert_eq!(blocks.iter().map(|b| b.sfn).collect::<Vec<_>>(), [Some(1022), Some(1023), Some(0), Some(1)]);
    for (f, b) in blocks.iter().enumerate() {
        assert!(b.sample.abs_diff(76_800 * f as u64 + 1234) <= 1);
        assert_eq!((b.index, b.half_frame, b.mib_crc_ok), (2, Some(true), true));
        assert!((b.snr_db.unwrap() - 3.0).abs() < 1.5, "{:?}", b.snr_db);
    }
}

#[test]
fn thirty_kilohertz_anywhere_on_the_grid() {
    let n = Numerology::new(15.36e6, 30e3).unwrap();
    let block = Block { pci: 320, index: 6, half_frame: false, sfn: 300, l_max: 8 };
    let iq = recording(&n, &block, 600e3, 3, 5000, 800.0, 0.01);
    let config = SearchConfig { scs_hz: 30e3, center_hz: Some(3.5e9), ..SearchConfig::default() };
    // 3.5 GHz has its raster elsewhere, so that this block is found by the second stage; its transmitter does no phase compensation
    let (cell, blocks) = found(&n, &iq, &config);
    assert_eq!((cell.pci, cell.ssb_offset_hz, cell.l_max), (320, 600e3, 8));
    assert_eq!(
        blocks.iter().map(|b| (b.sample, b.index, b.half_frame, b.sfn)).collect::<Vec<_>>(),
        [(5000, 6, Some(false), Some(300)), (158_600, 6, Some(false), Some(301)), (312_200, 6, Some(false), Some(302))]
    );
    assert!(blocks.iter().all(|b| (b.cfo_hz - 800.0).abs() < 60.0), "{blocks:?}");
}

#[test]
fn at_minus_6_db_blind() {
    let n = Numerology::new(7.68e6, 15e3).unwrap();
    let block = Block { pci: 77, index: 0, half_frame: false, sfn: 40, l_max: 4 };
    let iq = recording(&n, &block, 0.0, 10, 30_000, 1500.0, 4.0);
    let config = SearchConfig { ssb_offset_hz: Some(0.0), ..SearchConfig::default() };
    let (cell, blocks) = found(&n, &iq, &config);
    assert_eq!((cell.pci, blocks.len()), (77, 10));
    assert!(blocks.iter().filter(|b| b.mib_crc_ok).count() >= 7);
    assert!((0u16..).zip(&blocks).all(|(f, b)| b.sfn.is_none_or(|sfn| sfn == 40 + f)));
}

/// Places 20 ms apart are looked at: with a block every 80 ms three of four are empty.
#[test]
fn a_long_ssb_period_does_not_weaken_the_cell() {
    let n = Numerology::new(7.68e6, 15e3).unwrap();
    let block = Block { pci: 77, index: 0, half_frame: false, sfn: 40, l_max: 4 };
    let mut iq = noise(1_244_160, 0.1, 3);
    for (k, at) in [337_200usize, 951_600].into_iter().enumerate() {
        let block = Block { sfn: 40 + 8 * k as u16, ..block };
        iq[at..].iter_mut().zip(block.samples(&n, 0.0)).for_each(|(v, s)| *v += s);
    }
    let config = SearchConfig { ssb_offset_hz: Some(0.0), ..SearchConfig::default() };
    let (cell, blocks) = found(&n, &iq, &config);
    assert!((cell.snr_db - 10.0).abs() < 0.7, "{}", cell.snr_db);
    // power 1 with a unitary FFT of 512
    assert!((cell.rsrp_dbfs + 27.09).abs() < 0.3, "{}", cell.rsrp_dbfs);
    assert_eq!((cell.blocks, cell.sample.abs_diff(337_200) <= 1, blocks.len()), (2, true, 2));
}

/// Error of the common offset, and the step found, for a transmitter with or without the phase compensation of TS 38.211 §5.4.
fn offset_error(compensated: bool, frames: usize, noise_var: f32, seed: u64) -> (f64, f64) {
    let n = Numerology::new(7.68e6, 15e3).unwrap();
    let block = Block { pci: 77, index: 0, half_frame: false, sfn: 40, l_max: 4 };
    let step = if compensated { compensation_rad(1842.5e6, &n) } else { 0.0 };
    let iq = noise(frame(&n) * frames, noise_var, seed);
    let iq = turned(&n, &block, -450e3, frames, 30_000, -1500.0, iq, step);
    let config = SearchConfig { center_hz: Some(1842.5e6), ssb_offset_hz: Some(-450e3), ..SearchConfig::default() };
    let (cell, blocks) = found(&n, &iq, &config);
    let worst = blocks.iter().map(|b| (b.cfo_hz + 1500.0).abs()).fold(0.0, f64::max);
    (worst, cell.symbol_phase_rad)
}

/// 1842.5 MHz: with the step of §5.4 and without, the offset is 728 Hz apart. One or two blocks at −6 dB tell it to 400 … 600 Hz only.
#[test]
fn compensation_is_not_taken_for_an_offset_at_minus_6_db() {
    for seed in 0..24 {
        let (error_hz, step) = offset_error(true, 4, 4.0, seed);
        assert!(error_hz < 300.0, "seed {seed}: {error_hz} Hz, step {step}");
    }
}

#[test]
fn a_transmitter_without_compensation_is_seen_when_blocks_tell() {
    for seed in 0..6 {
        let (error_hz, step) = offset_error(false, 10, 0.05, seed);
        assert!(error_hz < 20.0 && step == 0.0, "seed {seed}: {error_hz} Hz, step {step}");
    }
}

#[test]
fn noise_holds_no_cell() {
    for seed in 0..3 {
        let iq = noise(250_000, 1.0, seed);
        let config = SearchConfig { center_hz: Some(1842.5e6), ..SearchConfig::default() };
        assert_eq!(search(&iq, 7.68e6, &config), Ok(vec![]));
    }
}

#[test]
fn tracker_follows_and_refuses() {
    let n = Numerology::new(7.68e6, 15e3).unwrap();
    let block = Block { pci: 1, index: 0, half_frame: false, sfn: 9, l_max: 4 };
    let config = TrackerConfig {
        pci: 1,
        rate_hz: 7.68e6,
        scs_hz: 15e3,
        ssb_offset_hz: 150e3,
        l_max: 4,
        cfo_hz: 0.0,
        symbol_phase_rad: 0.0,
    };
    let mut tracker = SsbTracker::new(config).unwrap();
    assert_eq!(tracker.samples(), 2192);
    let gain = Complex32::new(0.0, -0.5);
    let mut iq: Vec<Complex32> = block.samples(&n, 150e3).iter().map(|v| v * gain).collect();
    let mut report = tracker.process(42, &iq).unwrap();
    assert_eq!((report.sample, report.index, report.half_frame), (42, 0, Some(false)));
    assert!(report.cfo_hz.abs() < 1.0 && report.h.delay_s.abs() < 5e-9);
    assert!(report.h.h.iter().all(|h| (h - gain).norm() < 0.02));
    assert_eq!((report.h.subcarriers[0], report.h.subcarriers.len()), (-110, 240));
    assert_eq!(tracker.decode_mib(&mut report).map(|p| p.sfn), Some(9));
    assert!(report.mib_crc_ok);
    // 200 Hz above nominal: positive
    rotate(&mut iq, 0, 200.0 / 7.68e6);
    let seen_hz = tracker.process(0, &iq).unwrap().cfo_hz;
    assert!((seen_hz - 200.0).abs() < 10.0, "{seen_hz}");

    assert!(matches!(tracker.process(0, &iq[..2191]), Err(NrError::TooShort { got: 2191, needed: 2192 })));
    assert_eq!(tracker.process(0, &[Complex32::new(0.0, 0.0); 2192]), Err(NrError::NoSignal));
    iq[900].im = f32::INFINITY;
    assert_eq!(tracker.process(0, &iq), Err(NrError::NotFinite { index: 900 }));
    assert_eq!(search(&iq, 7.68e6, &SearchConfig::default()), Err(NrError::NotFinite { index: 900 }));
    let junk = tracker.process(0, &noise(2192, 1.0, 5)).unwrap();
    assert!(junk.explained < 0.11, "{}", junk.explained);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_samples_never_panic(bytes in proptest::collection::vec(any::<u32>(), 0..6000), offset in -5e6..5e6f64, rate in prop_oneof![Just(7.68e6), Just(0.0), Just(f64::NAN), Just(11.52e6)]) {
        let iq: Vec<Complex32> = bytes.chunks_exact(2).map(|b| Complex32::new(f32::from_bits(b[0]), f32::from_bits(b[1]))).collect();
        let config = SearchConfig { ssb_offset_hz: Some(offset), ..SearchConfig::default() };
        let _ = search(&iq, rate, &config);
        let finite: Vec<Complex32> = iq.iter().map(|v| if v.is_finite() { *v } else { Complex32::new(1.0, 0.0) }).collect();
        let _ = search(&finite, rate, &config);
        let tracked = TrackerConfig { pci: 3, rate_hz: rate, scs_hz: 15e3, ssb_offset_hz: offset, l_max: 4, cfo_hz: 0.0, symbol_phase_rad: 0.0 };
        if let Ok(mut tracker) = SsbTracker::new(tracked) {
            for piece in [&iq, &finite] {
                if let Ok(mut report) = tracker.process(0, piece) {
                    prop_assert!(report.h.noise_var.is_finite() && report.cfo_hz.is_finite());
                    let _ = tracker.decode_mib(&mut report);
                }
            }
        }
    }
}
