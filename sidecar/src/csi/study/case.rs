//! One case: impair, search, compare with the truth.

use num_complex::Complex32;
use ran_bridge::nr::{Cell, SearchConfig, SsbReport};

use super::impair::{Impairment, phase};
use crate::csi::{CsiError, analyse};

/// The clean recording and what it holds.
pub(super) struct Truth<'a> {
    pub iq: &'a [Complex32],
    pub rate_hz: f64,
    pub cell: Cell,
    pub blocks: Vec<SsbReport>,
}

/// Counts and squared errors of one or more runs of a case.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub runs: u32,
    pub cells: u32,
    pub blocks: u32,
    pub found: u32,
    pub mibs: u32,
    pub wrong_mibs: u32,
    pub false_alarms: u32,
    pub cfo_sq_hz2: f64,
    pub timing_sq_s2: f64,
    pub channel_error: f64,
    pub channel_power: f64,
}

impl Tally {
    pub fn detection(&self) -> f64 {
        f64::from(self.found) / f64::from(self.blocks.max(1))
    }

    pub fn mib(&self) -> f64 {
        f64::from(self.mibs) / f64::from(self.blocks.max(1))
    }

    /// None where nothing was found.
    pub fn cfo_rmse_hz(&self) -> Option<f64> {
        (self.found > 0).then(|| (self.cfo_sq_hz2 / f64::from(self.found)).sqrt())
    }

    /// None where nothing was found.
    pub fn timing_rmse_ns(&self) -> Option<f64> {
        (self.found > 0).then(|| (self.timing_sq_s2 / f64::from(self.found)).sqrt() * 1e9)
    }

    /// None where nothing was found.
    pub fn channel_nmse_db(&self) -> Option<f64> {
        (self.channel_power > 0.0).then(|| 10.0 * (self.channel_error / self.channel_power).max(1e-12).log10())
    }

    /// Runs `truth` through `impairment` and a search with `search`, and adds what comes out.
    pub fn add(&mut self, truth: &Truth<'_>, impairment: &Impairment, search: &SearchConfig) -> Result<(), CsiError> {
        let iq = impairment.apply(truth.iq, truth.rate_hz);
        let outcome = analyse(&iq, truth.rate_hz, search)?;
        self.runs += 1;
        self.blocks += truth.blocks.len() as u32;
        let right = outcome.pci == Some(truth.cell.pci);
        self.cells += u32::from(right);
        // half a cyclic prefix, 2.3 µs at 15 kHz
        let near = (0.035 / truth.cell.scs_hz * truth.rate_hz) as u64;
        let mut matched = 0;
        for expected in &truth.blocks {
            let Some(got) = outcome.reports.iter().find(|r| right && r.sample.abs_diff(expected.sample) <= near) else {
                continue;
            };
            matched += 1;
            self.found += 1;
            self.mibs += u32::from(got.mib_crc_ok && got.sfn == expected.sfn);
            self.wrong_mibs += u32::from(got.mib_crc_ok && got.sfn != expected.sfn);
            let cfo_truth = expected.cfo_hz + impairment.cfo_hz;
            self.cfo_sq_hz2 += (got.cfo_hz - cfo_truth).powi(2);
            self.timing_sq_s2 += ((got.sample as f64 - expected.sample as f64) / truth.rate_hz).powi(2);
            self.channel(truth, impairment, expected, got);
        }
        self.false_alarms += outcome.reports.len() as u32 - matched;
        Ok(())
    }

    /// Channel error against the clean block's channel times the response put on it; the delay of a window placed elsewhere is taken out.
    fn channel(&mut self, truth: &Truth<'_>, impairment: &Impairment, expected: &SsbReport, got: &SsbReport) {
        let turn = phase(impairment.cfo_hz, got.sample as usize, truth.rate_hz);
        let late_s = (got.sample as f64 - expected.sample as f64) / truth.rate_hz;
        for ((k, clean), h) in expected.h.subcarriers.iter().zip(&expected.h.h).zip(&got.h.h) {
            let hz = f64::from(*k) * truth.cell.scs_hz;
            let ramp = Complex32::cis((std::f64::consts::TAU * (hz * late_s)) as f32);
            let right = clean * impairment.channel.response(hz + impairment.cfo_hz) * turn * ramp;
            self.channel_error += f64::from((h - right).norm_sqr());
            self.channel_power += f64::from(right.norm_sqr());
        }
    }
}
