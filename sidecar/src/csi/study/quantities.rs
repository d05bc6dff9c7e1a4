//! How far each measured quantity is from the truth, and what search and tracking cost.

use std::collections::BTreeMap;

use num_complex::Complex32;
use ran_bridge::clock::mono_ns;
use ran_bridge::csi::{CellTracker, CellTrackerConfig, Occasion, Timetable};
use ran_bridge::nr::{SearchConfig, search};

use super::impair::{Impairment, Taps};
use crate::csi::{CsiError, analyse, follow};

/// One figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity {
    /// What was done to the recording.
    pub case: String,
    /// What was measured.
    pub metric: &'static str,
    /// The figure.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
    /// What is asked for.
    pub at_most: Option<f64>,
    /// What is asked for.
    pub at_least: Option<f64>,
}

/// Gain put on the recording, dB, and frequency offset, Hz.
const GAIN_DB: f32 = -7.0;
const CFO_HZ: f64 = 800.0;

/// Errors of PCI, MIB, RSRP, SINR and offset of a clean recording of `prbs` resource blocks from an srsRAN gNB, with a known gain, offset and noise put on it.
///
/// # Errors
/// [`CsiError::NoTruth`] if there is no cell in it, [`CsiError::Signal`].
pub fn quantities(
    iq: &[Complex32],
    rate_hz: f64,
    config: &SearchConfig,
    prbs: u16,
    seeds: u32,
) -> Result<Vec<Quantity>, CsiError> {
    let clean = analyse(iq, rate_hz, config)?;
    let (Some(cell), Some(block)) = (clean.cells.first(), clean.reports.first()) else {
        return Err(CsiError::NoTruth { needed: 1 });
    };
    let power = block.h.power();
    let occasions = Occasion::srsran_tracking(cell.pci, prbs, 1);
    let rsrp = block.rsrp_dbfs.unwrap_or(f32::NAN) + GAIN_DB;
    let mut out = Vec::new();
    for snr_db in [20.0f32, 10.0, 0.0] {
        let mut squares: BTreeMap<&'static str, (f64, u32)> = BTreeMap::new();
        let mut add = |what, got: Option<f32>, truth: f32| {
            let sum = squares.entry(what).or_default();
            sum.0 += f64::from(got.unwrap_or(f32::NAN) - truth).powi(2);
            sum.1 += 1;
        };
        let (mut wrong_pci, mut bad, mut blocks) = (0u32, 0u32, 0u32);
        for seed in 0..seeds {
            let gain = 10f32.powf(GAIN_DB / 20.0);
            let noise_var = power * gain * gain / 10f32.powf(snr_db / 10.0);
            let scaled: Vec<Complex32> = iq.iter().map(|v| v * gain).collect();
            let channel = Taps::flat(rate_hz);
            let impaired =
                Impairment { channel, cfo_hz: CFO_HZ, noise_var, seed: 77 + u64::from(seed) }.apply(&scaled, rate_hz);
            let got = analyse(&impaired, rate_hz, config)?;
            wrong_pci += u32::from(got.pci != Some(cell.pci) || got.cells.len() != 1);
            for (report, truth) in got.reports.iter().zip(&clean.reports) {
                blocks += 1;
                bad += u32::from(!report.mib_crc_ok || report.sfn != truth.sfn);
                add("SS-RSRP", report.rsrp_dbfs, rsrp);
                add("SS-SINR", report.snr_db, snr_db);
                add("SS CFO", Some(report.cfo_hz as f32), CFO_HZ as f32);
            }
            bad += clean.reports.len().saturating_sub(got.reports.len()) as u32;
            for line in follow::csi_rs(&impaired, rate_hz, config, &got, &occasions)? {
                add("CSI-RSRP", line.rsrp_dbfs, rsrp);
                add("CSI-SINR", line.sinr_db, snr_db);
                add("CSI CFO", Some(line.cfo_hz as f32), CFO_HZ as f32);
            }
        }
        let case = format!("real gNB, gain {GAIN_DB} dB, SNR {snr_db} dB, {blocks} blocks");
        let mut push = |metric, value, unit, at_most| {
            out.push(Quantity { case: case.clone(), metric, value, unit, at_most: Some(at_most), at_least: None });
        };
        push("searches with a wrong or second PCI", f64::from(wrong_pci), "count", 0.0);
        push("MIBs bad or wrong", f64::from(bad), "count", 0.0);
        for (metric, (sum, count)) in squares {
            let (unit, at_most) = match metric {
                "SS CFO" | "CSI CFO" => ("Hz RMSE", 100.0),
                // half as much again as an unbiased estimator of a flat channel must have: √(2/(snr N)) of the power, N known elements
                "SS-RSRP" => ("dB RMSE", 1.5 * rsrp_bound_db(snr_db, 398.0)),
                "CSI-RSRP" => ("dB RMSE", 1.5 * rsrp_bound_db(snr_db, 3.0 * f64::from(prbs))),
                _ => ("dB RMSE", 1.0),
            };
            push(metric, (sum / f64::from(count.max(1))).sqrt(), unit, at_most);
        }
    }
    Ok(out)
}

/// Cramér-Rao bound of a received power over `elements` known resource elements, in dB: P = |h|², var P ≥ 2 P σ²/N.
fn rsrp_bound_db(snr_db: f32, elements: f64) -> f64 {
    10.0 / std::f64::consts::LN_10 * (2.0 / (10f64.powf(f64::from(snr_db) / 10.0) * elements)).sqrt()
}

/// Twice the rate: samples between by a windowed sinc of 32 taps.
fn doubled(iq: &[Complex32]) -> Vec<Complex32> {
    let taps: Vec<f32> = (-16..16)
        .map(|n| {
            let x = std::f64::consts::PI * (f64::from(n) + 0.5);
            (x.sin() / x * (0.5 + 0.5 * (x / 16.0).cos())) as f32
        })
        .collect();
    let zero = Complex32::new(0.0, 0.0);
    (0..iq.len())
        .flat_map(|n| {
            let sum: Complex32 = taps
                .iter()
                .enumerate()
                .map(|(i, t)| (n + i).checked_sub(15).and_then(|at| iq.get(at)).map_or(zero, |v| v * t))
                .sum();
            [iq[n], sum]
        })
        .collect()
}

/// Time of a cold search in 10 ms, and how many times faster than the radio a cell of 20 MHz is followed, from a recording at 11.52 MS/s
/// brought to 23.04.
///
/// # Errors
/// [`CsiError::NoTruth`] if there is no cell in it, [`CsiError::Signal`].
pub fn costs(iq: &[Complex32], config: &SearchConfig, rounds: u32) -> Result<Vec<Quantity>, CsiError> {
    let rate_hz = 23.04e6;
    let iq = doubled(iq);
    let piece = &iq[..iq.len().min(230_400)];
    let mut times = Vec::new();
    let mut found = None;
    for _ in 0..rounds.max(1) {
        let from = mono_ns();
        found = search(piece, rate_hz, config)?.first().copied();
        times.push((mono_ns() - from) as f64 * 1e-6);
    }
    let cell = found.ok_or(CsiError::NoTruth { needed: 1 })?;
    times.sort_by(f64::total_cmp);
    let of = |metric, value, unit| Quantity {
        case: "23.04 MS/s, one core".to_owned(),
        metric,
        value,
        unit,
        at_most: None,
        at_least: None,
    };
    let config = CellTrackerConfig {
        cell,
        rate_hz,
        center_hz: config.center_hz,
        ssb_half_frames: 2,
        occasions: Occasion::srsran_tracking(cell.pci, 106, 1),
        mib_every: 1,
        lost_after: u32::MAX,
    };
    let at = Timetable { sample: cell.sample, index: 0, half_frame: false, sfn: Some(0) };
    let mut tracker = CellTracker::new(config, at)?;
    let (mut spent_ns, mut first, mut last) = (0, None, 0);
    for _ in 0..200 * rounds.max(1) {
        let wanted = tracker.wanted();
        last = wanted.start;
        first.get_or_insert(wanted.start);
        let offset = usize::try_from(wanted.start % 230_400).unwrap_or(0);
        let Some(piece) = iq.get(offset..offset + wanted.len) else { break };
        let from = mono_ns();
        let taken = tracker.take(piece).map(|_| ());
        spent_ns += mono_ns() - from;
        taken?;
    }
    let radio_s = (last - first.unwrap_or(0)) as f64 / rate_hz;
    Ok(vec![
        Quantity {
            at_most: Some(50.0),
            ..of("cold search of 10 ms on the whole raster, p50", times[times.len() / 2], "ms")
        },
        of("cold search, slowest", times.last().copied().unwrap_or(f64::NAN), "ms"),
        Quantity {
            at_least: Some(20.0),
            ..of(
                "tracking: SSB and MIB every 10 ms, TRS over 106 PRB",
                radio_s / (spent_ns as f64 * 1e-9),
                "x real time",
            )
        },
    ])
}
