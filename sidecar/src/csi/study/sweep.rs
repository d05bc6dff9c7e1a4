//! The cases of a study.

use num_complex::Complex32;
use ran_bridge::nr::{SearchConfig, find_blocks, search};

use super::case::{Tally, Truth};
use super::impair::{Impairment, Taps};
use super::result::{Line, StudyResult, StudyRow};
use crate::csi::CsiError;

/// What to study.
#[derive(Debug, Clone)]
pub struct StudyConfig {
    /// How to search.
    pub search: SearchConfig,
    /// Signal-to-noise ratios per resource element, in dB.
    pub snr_db: Vec<f32>,
    /// Noise and channel seeds for each case.
    pub seeds: u32,
    /// Recordings of noise alone.
    pub noise_only: u32,
}

impl Default for StudyConfig {
    fn default() -> Self {
        Self { search: SearchConfig::default(), snr_db: vec![-9.0, -6.0, -3.0, 0.0, 6.0], seeds: 1, noise_only: 4 }
    }
}

const RMS_DELAY_S: f64 = 300e-9;
/// Name, offset in Hz, dispersive channel.
const CONDITIONS: [(&str, f64, bool); 5] = [
    ("AWGN", 0.0, false),
    ("CFO +1.5 kHz", 1500.0, false),
    ("CFO −1.5 kHz", -1500.0, false),
    ("300 ns channel", 0.0, true),
    ("300 ns channel, CFO +1.5 kHz", 1500.0, true),
];

/// Blocks a truth needs.
const NEEDED: usize = 2;

/// Runs the study on the clean recording `iq`.
///
/// # Errors
/// [`CsiError::NoTruth`] if the recording has no clean cell, [`CsiError::Signal`].
pub fn study(iq: &[Complex32], rate_hz: f64, config: &StudyConfig) -> Result<StudyResult, CsiError> {
    let none = || CsiError::NoTruth { needed: NEEDED };
    let cell = *search(iq, rate_hz, &config.search)?.first().ok_or_else(none)?;
    let blocks = find_blocks(iq, rate_hz, &cell)?;
    if blocks.len() < NEEDED || blocks.iter().any(|b| b.snr_db.is_none_or(|snr| snr < 20.0)) {
        return Err(none());
    }
    let power = blocks.iter().map(|b| b.h.power()).sum::<f32>() / blocks.len() as f32;
    let truth = Truth { iq, rate_hz, cell, blocks };
    let mut lines = Vec::new();
    for (condition, cfo_hz, dispersive) in CONDITIONS {
        for &snr_db in &config.snr_db {
            let mut tally = Tally::default();
            for seed in 0..u64::from(config.seeds.max(1)) {
                let mut channel =
                    if dispersive { Taps::exponential(rate_hz, RMS_DELAY_S, seed) } else { Taps::flat(rate_hz) };
                let band = truth.blocks.iter().take(1).flat_map(|b| &b.h.subcarriers);
                channel.normalise(band.map(|k| f64::from(*k) * truth.cell.scs_hz));
                let noise_var = power / 10f32.powf(snr_db / 10.0);
                let seed = seed * 1000 + lines.len() as u64;
                tally.add(&truth, &Impairment { channel, cfo_hz, noise_var, seed }, &config.search)?;
            }
            lines.push(Line { condition, snr_db, tally });
        }
    }
    let alarms = noise_only(iq.len(), rate_hz, config)?;
    let mut rows: Vec<StudyRow> = lines.iter().flat_map(Line::rows).collect();
    rows.push(StudyRow {
        case: "noise only".to_owned(),
        metric: "cells found".to_owned(),
        value: Some(f64::from(alarms)),
        unit: format!("in {} recordings", config.noise_only),
        bar: Some(0.0),
        ok: Some(alarms == 0),
        peer: None,
        ratio: None,
    });
    Ok(StudyResult { rows, lines, noise_only: (config.noise_only, alarms) })
}

fn noise_only(len: usize, rate_hz: f64, config: &StudyConfig) -> Result<u32, CsiError> {
    let silence = vec![Complex32::new(0.0, 0.0); len];
    let mut alarms = 0;
    for seed in 0..config.noise_only {
        let noise =
            Impairment { channel: Taps::flat(rate_hz), cfo_hz: 0.0, noise_var: 1.0, seed: 900_000 + u64::from(seed) };
        alarms += search(&noise.apply(&silence, rate_hz), rate_hz, &config.search)?.len() as u32;
    }
    Ok(alarms)
}
