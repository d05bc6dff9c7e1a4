//! Estimators of one receiver: from the samples of an occasion to one scalar sounding. No allocation after the first occasions.

use super::config::RanConfig;
use super::fast::Scalar;
use num_complex::Complex32;
use ran_bridge::csi::{ChannelEstimate, CsiRs, CsiRsEstimator};
use ran_bridge::nr::{Cell, NrError, Numerology, SsbReport, SsbTracker, TrackerConfig};
use std::f64::consts::TAU;

/// Weight of a new delay in the running one.
const DELAY_BLEND: f32 = 0.1;

/// The estimators of one receiver.
pub struct Ear {
    stream: u32,
    rate_hz: f64,
    scs_hz: f64,
    tracker: SsbTracker,
    report: SsbReport,
    sounded: CsiRsEstimator,
    beam: CsiRsEstimator,
    estimate: ChannelEstimate,
    delay_s: Option<f32>,
    /// SSBs taken.
    pub ssbs: u64,
    /// SS-RSRP of the last SSB, dB relative to full scale.
    pub ssb_rsrp_dbfs: Option<f32>,
    /// When the last SSB arrived in `air`, host-monotonic ns.
    pub ssb_mono_ns: Option<u64>,
    /// When the last CSI-RS through the beam in force arrived in `air`, host-monotonic ns.
    pub beam_mono_ns: Option<u64>,
    /// Occasions that gave nothing.
    pub failed: u64,
}

impl Ear {
    /// Estimators for a cell at one receiver.
    ///
    /// # Errors
    /// [`NrError`] where rate, cell and carrier do not fit together.
    pub fn new(stream: u32, config: &RanConfig, cell: &Cell, numerology: Numerology) -> Result<Self, NrError> {
        let csi = |symbol| CsiRs::tracking(cell.pci, symbol, config.sounding.k0, config.cell.prb);
        Ok(Self {
            stream,
            rate_hz: config.rate_hz,
            scs_hz: config.cell.scs_hz,
            tracker: SsbTracker::new(TrackerConfig::of(cell, config.rate_hz))?,
            report: SsbReport::default(),
            sounded: CsiRsEstimator::new(numerology, csi(config.sounding.sounded_symbol))?,
            beam: CsiRsEstimator::new(numerology, csi(config.sounding.beam_symbol))?,
            estimate: ChannelEstimate::default(),
            delay_s: None,
            ssbs: 0,
            ssb_rsrp_dbfs: None,
            ssb_mono_ns: None,
            beam_mono_ns: None,
            failed: 0,
        })
    }

    /// The receiver.
    #[must_use]
    pub const fn stream(&self) -> u32 {
        self.stream
    }

    /// An SSB whose first sample is `start`. Gives the sounding and the frequency offset, Hz.
    ///
    /// # Errors
    /// [`NrError`] where there is nothing in it; counted.
    pub fn ssb(&mut self, start: u64, iq: &[Complex32]) -> Result<(Scalar, f64), NrError> {
        let taken = self.tracker.process_into(start, iq, &mut self.report);
        // what the block's signals explain no more of than of noise is no block
        let taken = taken.and_then(|()| self.report.is_block().then_some(()).ok_or(NrError::NoSignal));
        taken.inspect_err(|_| self.failed += 1)?;
        self.ssbs += 1;
        self.ssb_rsrp_dbfs = self.report.rsrp_dbfs;
        let delay = blend(&mut self.delay_s, self.report.h.delay_s);
        let scalar = scalar(self.stream, &self.report.h, delay, self.scs_hz, start as f64 / self.rate_hz);
        Ok((scalar, self.report.cfo_hz))
    }

    /// Samples that the signal now lies behind the windows, as the running delay has it.
    #[must_use]
    pub fn late_samples(&self) -> i64 {
        self.delay_s.map_or(0, |s| (f64::from(s) * self.rate_hz).round() as i64)
    }

    /// Running delay of the SSBs against their windows, ns.
    #[must_use]
    pub fn delay_ns(&self) -> Option<f64> {
        self.delay_s.map(|s| f64::from(s) * 1e9)
    }

    /// The windows were moved by `samples`.
    pub fn moved(&mut self, samples: i64) {
        self.delay_s = self.delay_s.map(|s| s - (samples as f64 / self.rate_hz) as f32);
    }

    #[cfg(test)]
    pub(super) const fn set_delay_s(&mut self, delay_s: f32) {
        self.delay_s = Some(delay_s);
    }

    /// The last SSB's report, without its MIB.
    #[must_use]
    pub const fn report(&self) -> &SsbReport {
        &self.report
    }

    /// A CSI-RS symbol (`sounded` or that of the beam) of slot `slot` of the frame.
    ///
    /// # Errors
    /// [`NrError`] where there is nothing in it; counted.
    pub fn csi_rs(&mut self, sounded: bool, start: u64, slot: u16, iq: &[Complex32]) -> Result<Scalar, NrError> {
        let estimator = if sounded { &mut self.sounded } else { &mut self.beam };
        let cfo = self.tracker.cfo_hz();
        estimator.estimate_into(iq, slot, cfo, &mut self.estimate).inspect_err(|_| self.failed += 1)?;
        // the running delay is that of blocks, which are known to be some; of noise a CSI-RS gives a delay, too
        let delay = self.delay_s.unwrap_or(self.estimate.delay_s);
        Ok(scalar(self.stream, &self.estimate, delay, self.scs_hz, start as f64 / self.rate_hz))
    }
}

fn blend(running: &mut Option<f32>, new: f32) -> f32 {
    if !new.is_finite() {
        return running.unwrap_or(0.0);
    }
    let value = running.map_or(new, |r| r + DELAY_BLEND * (new - r));
    *running = Some(value);
    value
}

/// Mean over the subcarriers with the delay's slope of phase taken out.
fn scalar(stream: u32, e: &ChannelEstimate, delay_s: f32, scs_hz: f64, at_s: f64) -> Scalar {
    let turns = f64::from(delay_s) * scs_hz;
    let at = |k: i32| {
        let (im, re) = (TAU * (f64::from(k) * turns).fract()).sin_cos();
        Complex32::new(re as f32, im as f32)
    };
    let mut turn = at(e.subcarriers.first().copied().unwrap_or(0));
    let step = at(1);
    let mut sum = Complex32::ZERO;
    for h in &e.h {
        sum += h * turn;
        turn *= step;
    }
    let y = sum / e.h.len().max(1) as f32;
    // the estimate's own error, averaged like independent values: at least one for each element that bears a pilot
    let elements = (e.noise_var / e.error_var.max(1e-20)).round().clamp(1.0, 1e4);
    Scalar { stream, y, power: e.power(), noise_re: e.noise_var, elements: elements as usize, at_s }
}

#[cfg(test)]
mod tests {
    use super::super::recorded::a_cell;
    use super::*;

    #[test]
    fn the_running_delay_moves_with_the_windows() {
        let config = RanConfig::demo("ipc:///nowhere", vec![]);
        let cell = a_cell(config.cell.scs_hz);
        let numerology = Numerology::new(config.rate_hz, config.cell.scs_hz).unwrap();
        let mut ear = Ear::new(0, &config, &cell, numerology).unwrap();
        assert_eq!(ear.late_samples(), 0);
        ear.delay_s = Some((12.4 / config.rate_hz) as f32);
        assert_eq!(ear.late_samples(), 12);
        ear.moved(12);
        assert_eq!(ear.late_samples(), 0);
        // noise in a window is no SSB
        let samples = vec![Complex32::new(0.01, -0.02); 8192];
        assert!(ear.ssb(0, &samples).is_err());
        assert_eq!((ear.ssbs, ear.failed), (0, 1));
        // and its CSI-RS has no say in the delay
        let noise: Vec<Complex32> = (0..600).map(|n| Complex32::cis(n as f32 * n as f32)).collect();
        ear.set_delay_s(0.0);
        ear.csi_rs(true, 0, 1, &noise).unwrap();
        assert_eq!(ear.delay_s, Some(0.0));
    }

    #[test]
    fn a_block_of_a_real_gnb_is_measured() {
        let (cell, iq, _) = crate::ran::recorded::recorded();
        let rate_hz = crate::ran::recorded::RATE_HZ;
        let config = RanConfig { rate_hz, ..RanConfig::demo("ipc:///nowhere", vec![]) };
        let mut ear = Ear::new(0, &config, &cell, Numerology::new(rate_hz, 15e3).unwrap()).unwrap();
        // 8 samples early: 694.4 ns
        let at = cell.sample as usize - 8;
        ear.ssb(at as u64, &iq[at..]).unwrap();
        assert!((ear.ssb_rsrp_dbfs.unwrap() - cell.rsrp_dbfs).abs() < 0.5, "{:?}", ear.ssb_rsrp_dbfs);
        assert!((ear.delay_ns().unwrap() - 694.4).abs() < 45.0, "{:?}", ear.delay_ns());
    }

    #[test]
    fn a_delay_does_not_cancel_the_mean() {
        let subcarriers: Vec<i32> = (-150..150).collect();
        let tau = 400e-9_f64;
        let h = subcarriers
            .iter()
            .map(|k| {
                let a = -TAU * f64::from(*k) * 15e3 * tau;
                Complex32::new(a.cos() as f32, a.sin() as f32) * 0.5
            })
            .collect();
        let e = ChannelEstimate { subcarriers, h, noise_var: 0.01, error_var: 0.001, delay_s: tau as f32 };
        let s = scalar(3, &e, tau as f32, 15e3, 1.5);
        assert!((s.y - Complex32::new(0.5, 0.0)).norm() < 1e-3, "{}", s.y);
        assert_eq!((s.stream, s.elements), (3, 10));
        let plain = scalar(3, &e, 0.0, 15e3, 1.5);
        assert!(plain.y.norm() < 0.1, "without it, 1.8 turns over the band leave {}", plain.y.norm());
    }
}
