//! Channel estimates of every port of a CSI-RS.
//!
//! Two ports by code share a pair of subcarriers: their sum and difference, over the reference, are the two channels in the middle of the
//! pair. [`DelayFit`] then interpolates over the whole width, the half subcarrier taken out in the delays.

use num_complex::Complex32;

use super::{ChannelEstimate, CsiRs, DelayFit, DelayProfile, estimate::mean_delay_s};
use crate::nr::{NrError, Numerology, SymbolDemodulator};

/// Ports whose power is measured.
const MEASURED: usize = 2;
const ZERO: Complex32 = Complex32::new(0.0, 0.0);

/// What one occasion of a CSI-RS gave.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CsiRsReport {
    /// The channel of each port.
    pub ports: Vec<ChannelEstimate>,
    /// CSI-RSRP over the ports 3000 and 3001, in dB relative to full scale (mean |x|² = 1) of a resource element; none without a signal.
    pub rsrp_dbfs: Option<f32>,
    /// CSI-RSRQ in dB: N times the RSRP over the power of the N resource blocks in the symbol.
    pub rsrq_db: Option<f32>,
    /// CSI-SINR in dB.
    pub sinr_db: Option<f32>,
}

/// Estimator for one CSI-RS. Plans, sequences and matrices are made once.
pub struct CsiRsEstimator {
    config: CsiRs,
    demod: SymbolDemodulator,
    fit: DelayFit,
    /// Rows of the first group's pilots.
    rows: Vec<usize>,
    /// First subcarrier of each group above that of the first.
    groups: Vec<usize>,
    /// By group: the turn of the taps that brings its channel to the rows.
    shifts: Vec<Vec<Complex32>>,
    sequences: Vec<Vec<Complex32>>,
    bins: Vec<Complex32>,
    /// By port: pilots over their values, projected and solved.
    pilots: Vec<Vec<Complex32>>,
    sums: Vec<Vec<Complex32>>,
    taps: Vec<Complex32>,
    /// The fit at the pilots.
    fitted: Vec<Complex32>,
    /// Hann window over the width.
    window: Vec<f32>,
    /// Coherent energy of the pilots of a port.
    coherent: f32,
    /// Sum of the profiles and of the ratios of signal to noise since the last learning, and of how many.
    seen: (Vec<f32>, f32, u32),
    report: CsiRsReport,
}

impl CsiRsEstimator {
    /// An estimator for `config` at `numerology`.
    ///
    /// # Errors
    /// [`NrError::Range`] for a field outside its range, [`NrError::OutOfBand`] if the resource blocks do not fit.
    pub fn new(numerology: Numerology, config: CsiRs) -> Result<Self, NrError> {
        config.check()?;
        let width = 12 * usize::from(config.prbs);
        let rows: Vec<usize> = config.rows().collect();
        let mut weights = vec![0f32; width];
        rows.iter().for_each(|&row| weights[row] = 1.0);
        let center = f64::from(config.first_subcarrier) + (width / 2) as f64;
        let demod = SymbolDemodulator::new(numerology, center * numerology.scs_hz(), width)?;
        let subcarriers: Vec<i32> = (0..width as i32).collect();
        let fit = DelayFit::new(&subcarriers, &weights);
        let slots = if numerology.scs_hz() > 20e3 { 20 } else { 10 };
        let first = usize::from(config.k[0]);
        // a group may lie below the first
        let groups: Vec<usize> = config.groups().collect();
        let middle = if config.row.cdm() == 2 { 0.5 } else { 0.0 };
        let shifts = groups.iter().map(|g| fit.shift(*g as f64 - first as f64 + middle)).collect();
        let (ports, taps) = (config.row.ports(), fit.taps());
        Ok(Self {
            config,
            demod,
            sequences: (0..slots).map(|slot| config.sequence(slot)).collect(),
            bins: vec![ZERO; width],
            pilots: vec![vec![ZERO; rows.len()]; ports],
            sums: vec![vec![ZERO; fit.taps()]; ports],
            taps: vec![ZERO; fit.taps()],
            fitted: vec![ZERO; width],
            rows,
            groups,
            shifts,
            fit,
            window: (0..width)
                .map(|k| 0.5 - 0.5 * (std::f32::consts::TAU * (k as f32 + 0.5) / width as f32).cos())
                .collect(),
            coherent: 0.0,
            seen: (vec![0.0; taps], 0.0, 0),
            report: CsiRsReport::default(),
        })
    }

    /// The CSI-RS estimated.
    #[must_use]
    pub const fn config(&self) -> &CsiRs {
        &self.config
    }

    /// Samples that one occasion takes: the symbol with its cyclic prefix.
    #[must_use]
    pub fn samples(&self) -> usize {
        let n = self.demod.numerology();
        n.fft() + n.cp_of(0, self.config.symbol.into())
    }

    /// Estimates the channel of the first port from one symbol, its cyclic prefix first, of slot `slot` of the frame.
    ///
    /// # Errors
    /// [`NrError::TooShort`], [`NrError::NotFinite`], [`NrError::NoSignal`].
    pub fn estimate(&mut self, iq: &[Complex32], slot: u16, cfo_hz: f64) -> Result<ChannelEstimate, NrError> {
        let mut out = ChannelEstimate::default();
        self.estimate_into(iq, slot, cfo_hz, &mut out)?;
        Ok(out)
    }

    /// As [`CsiRsEstimator::estimate`], into an estimate that is used again and again: no allocation after the first.
    ///
    /// # Errors
    /// As [`CsiRsEstimator::estimate`].
    pub fn estimate_into(
        &mut self,
        iq: &[Complex32],
        slot: u16,
        cfo_hz: f64,
        out: &mut ChannelEstimate,
    ) -> Result<(), NrError> {
        let mut report = std::mem::take(&mut self.report);
        let result = self.estimate_ports_into(iq, slot, cfo_hz, &mut report);
        if result.is_ok()
            && let Some(first) = report.ports.first_mut()
        {
            std::mem::swap(first, out);
        }
        self.report = report;
        result
    }

    /// Estimates every port from one symbol, its cyclic prefix first, of slot `slot` of the frame. No allocation after the first.
    ///
    /// # Errors
    /// [`NrError::TooShort`], [`NrError::NotFinite`], [`NrError::NoSignal`].
    pub fn estimate_ports_into(
        &mut self,
        iq: &[Complex32],
        slot: u16,
        cfo_hz: f64,
        out: &mut CsiRsReport,
    ) -> Result<(), NrError> {
        let cp = self.demod.numerology().cp_of(slot.into(), self.config.symbol.into());
        self.demod.demodulate(iq, cp, cfo_hz, &mut self.bins)?;
        self.despread(slot);
        let energy: f32 = self.pilots.iter().flatten().map(Complex32::norm_sqr).sum();
        if !energy.is_finite() {
            return Err(NrError::NotFinite { index: iq.iter().position(|v| !v.is_finite()).unwrap_or(0) });
        }
        if energy <= f32::MIN_POSITIVE {
            return Err(NrError::NoSignal);
        }
        for (sums, pilots) in self.sums.iter_mut().zip(&self.pilots) {
            sums.fill(ZERO);
            self.fit.project_all(self.rows.iter().copied().zip(pilots.iter().copied()), sums);
        }
        self.fill(energy, out);
        Ok(())
    }

    /// Channels at the pilots.
    //= TS 38.211 §7.4.1.5.3: a = β w_f w_t r; FD-CDM2: w_f = [1 1] and [1 −1], port 3000 + s + 2j of group j
    fn despread(&mut self, slot: u16) {
        let sequence = &self.sequences[usize::from(slot) % self.sequences.len()];
        let first = usize::from(self.config.k[0]);
        if self.config.row.cdm() == 1 {
            for ((pilot, &row), r) in self.pilots[0].iter_mut().zip(&self.rows).zip(sequence) {
                *pilot = self.bins[row] * r.conj();
            }
            return;
        }
        for (ports, &group) in self.pilots.chunks_exact_mut(2).zip(&self.groups) {
            let [sum, difference] = ports else { continue };
            let pairs = self.rows.iter().zip(sequence.chunks_exact(2));
            for ((s, d), (&row, r)) in sum.iter_mut().zip(difference).zip(pairs) {
                let at = row + group - first;
                let (a, b) = (self.bins[at] * r[0].conj(), self.bins[at + 1] * r[1].conj());
                (*s, *d) = ((a + b) * 0.5, (a - b) * 0.5);
            }
        }
    }

    /// Adds the profile of an estimate that this estimator gave last to what [`CsiRsEstimator::learn`] learns from.
    pub(crate) fn remember(&mut self, report: &CsiRsReport, profile: &mut DelayProfile) {
        let Some(first) = report.ports.first() else { return };
        let Some(snr) = report.sinr_db.map(|db| 10f32.powf(db / 10.0) * self.config.row.cdm() as f32) else { return };
        self.profile_into(first, profile);
        let sum: f32 = self.window.iter().sum();
        let squares: f32 = self.window.iter().map(|w| w * w).sum();
        let noise = first.error_var * squares / (sum * sum);
        self.seen.0.iter_mut().zip(&profile.power).for_each(|(s, p)| *s += p - noise);
        self.seen.1 += snr;
        self.seen.2 += 1;
    }

    /// Makes the mean of the remembered profiles the prior of the fit. Allocates.
    pub(crate) fn learn(&mut self) {
        let (profile, snr, count) = &mut self.seen;
        if *count > 0 {
            self.fit.learn(profile, *snr / *count as f32);
            profile.fill(0.0);
            (*snr, *count) = (0.0, 0);
        }
    }

    /// Power over delay of an estimate that this estimator gave: the transform of the channel under a Hann window.
    pub fn profile_into(&mut self, estimate: &ChannelEstimate, out: &mut DelayProfile) {
        let width = self.bins.len();
        let scs_hz = self.demod.numerology().scs_hz();
        let delays = self.fit.delays();
        let at = |i: usize| delays.get(i).copied().unwrap_or(0.0) / scs_hz;
        (out.first_s, out.step_s) = (at(0), at(1) - at(0));
        let windowed = estimate.h.iter().zip(&self.window).take(width).map(|(h, w)| h * w);
        self.taps.fill(ZERO);
        self.fit.project_all(windowed.enumerate(), &mut self.taps);
        let sum: f32 = self.window.iter().sum();
        let squares: f32 = self.window.iter().map(|w| w * w).sum();
        out.power.resize(self.taps.len(), 0.0);
        out.power.iter_mut().zip(&self.taps).for_each(|(p, t)| *p = t.norm_sqr() / (sum * sum));
        out.moments(estimate.error_var * squares / (sum * sum), width as f64 * scs_hz);
    }

    fn fill(&mut self, energy: f32, out: &mut CsiRsReport) {
        let (ports, width) = (self.pilots.len(), self.bins.len());
        let numerology = *self.demod.numerology();
        if out.ports.len() != ports || out.ports.iter().any(|p| p.h.len() != width) {
            let subcarriers: Vec<i32> = (0..width as i32).map(|k| self.config.first_subcarrier + k).collect();
            let empty = ChannelEstimate { subcarriers, h: vec![ZERO; width], ..ChannelEstimate::default() };
            out.ports = vec![empty; ports];
        }
        let count = self.rows.len() as f32;
        // pilots of two ports by code are means of two elements
        let cdm = self.config.row.cdm() as f32;
        // start from what neighbouring pilots have in common, then once more with the noise that the fit leaves
        let all = ports as f32 * count;
        let common: f32 =
            self.pilots.iter().map(|p| p.windows(2).map(|w| w[1] * w[0].conj()).sum::<Complex32>().norm()).sum();
        let signal = common / (all - ports as f32).max(1.0);
        let mut level = self.fit.level(signal / (energy / all - signal).max(1e-6 * energy / all));
        for _ in 0..2 {
            let (mut left, mut power) = (0.0, 0.0);
            self.coherent = 0.0;
            for (p, (estimate, pilots)) in out.ports.iter_mut().zip(&self.pilots).enumerate() {
                self.fit.solve(level, &self.sums[p], &mut self.taps);
                let shift = &self.shifts[p / self.config.row.cdm()];
                // one fit at the pilots for the noise; where the group lies elsewhere, another on the rows
                let straight = self.config.row.cdm() == 1;
                let at_pilots = if straight { &mut estimate.h } else { &mut self.fitted };
                self.fit.evaluate(&self.taps, at_pilots);
                left += pilots.iter().zip(&self.rows).map(|(z, &row)| (z - at_pilots[row]).norm_sqr()).sum::<f32>();
                if p < MEASURED {
                    let both = pilots.iter().zip(&self.rows).map(|(z, &row)| (z * at_pilots[row].conj()).re);
                    self.coherent += both.sum::<f32>();
                }
                if !straight {
                    self.taps.iter_mut().zip(shift).for_each(|(t, w)| *t *= w);
                    self.fit.evaluate(&self.taps, &mut estimate.h);
                }
                power += estimate.h.iter().map(Complex32::norm_sqr).sum::<f32>() / width as f32;
            }
            let pilot_var = left / (all - ports as f32 * self.fit.freedom(level)).max(1.0);
            self.coherent = self.coherent / ports.min(MEASURED) as f32 - pilot_var * self.fit.freedom(level);
            let error_var = pilot_var * self.fit.error_gain(level);
            for estimate in &mut out.ports {
                estimate.noise_var = pilot_var * cdm;
                estimate.error_var = error_var;
            }
            // at a level far from the noise the error variance is no measure
            let mean = power / ports as f32;
            let signal = (mean - error_var).max(0.25 * mean);
            let better = self.fit.level(signal / pilot_var.max(1e-12 * energy));
            if better == level {
                break;
            }
            level = better;
        }
        for estimate in &mut out.ports {
            estimate.delay_s = mean_delay_s(&estimate.h, numerology.scs_hz());
        }
        self.measure(out);
    }

    //= TS 38.215 §5.1.2, §5.1.4 and §5.1.6: ports 3000 and 3001; RSRQ = N RSRP / RSSI over the N blocks and the symbol of the CSI-RS
    fn measure(&self, out: &mut CsiRsReport) {
        // Σ Re z* ĥ: the fit passes the channel, so that its mean is the power and the noise that got through, σ² times the fit's freedom
        let power = self.coherent / self.rows.len() as f32;
        let noise = out.ports.first().map_or(0.0, |p| p.noise_var);
        let rssi: f32 = self.bins.iter().map(Complex32::norm_sqr).sum();
        let db = |ratio: f32| (ratio.is_finite() && ratio > 0.0).then(|| 10.0 * ratio.log10());
        //= TS 38.211 §5.3.1: an element of value a gives a signal of mean power |a|²/N with a unitary transform of N
        out.rsrp_dbfs = db(power / self.demod.numerology().fft() as f32);
        out.rsrq_db = db(f32::from(self.config.prbs) * power / rssi);
        out.sinr_db = db(power / noise);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{CsiRsDensity, CsiRsRow};
    use super::*;

    fn config() -> CsiRs {
        CsiRs { first_subcarrier: -150, ..CsiRs::tracking(1, 4, 1, 24) }
    }

    /// One symbol with the values `grid(subcarrier)` of a unitary transform.
    fn symbol(values: &[(i32, Complex32)]) -> Vec<Complex32> {
        let mut iq = vec![ZERO; 548];
        for (k, value) in values {
            for (n, v) in iq.iter_mut().enumerate() {
                let turns = f64::from(*k) * (n as f64 - 36.0) / 512.0;
                let w = num_complex::Complex64::cis(std::f64::consts::TAU * turns);
                *v += value * Complex32::new(w.re as f32, w.im as f32) / 512f32.sqrt();
            }
        }
        iq
    }

    fn flat(slot: u16, gain: Complex32) -> Vec<Complex32> {
        let c = config();
        symbol(&c.subcarriers().zip(c.sequence(slot)).map(|(k, r)| (k, gain * r)).collect::<Vec<_>>())
    }

    #[test]
    fn a_flat_channel_comes_back() {
        let numerology = Numerology::new(7.68e6, 15e3).unwrap();
        let mut estimator = CsiRsEstimator::new(numerology, config()).unwrap();
        let gain = Complex32::new(0.3, -0.4);
        let e = estimator.estimate(&flat(7, gain), 7, 0.0).unwrap();
        assert_eq!((e.h.len(), e.subcarriers[0], e.subcarriers[287]), (288, -150, 137));
        let nmse = e.h.iter().map(|h| (h - gain).norm_sqr()).sum::<f32>() / 288.0 / 0.25;
        assert!(nmse < 1e-4, "{nmse}");
        assert!(e.noise_var < 1e-4 && e.delay_s.abs() < 20e-9, "{} {}", e.noise_var, e.delay_s);
        // 0.25 over 512: −33.1 dBFS; three of twelve elements used: N·RSRP/RSSI = 24/72
        let mut report = CsiRsReport::default();
        estimator.estimate_ports_into(&flat(7, gain), 7, 0.0, &mut report).unwrap();
        assert!((report.rsrp_dbfs.unwrap() + 33.11).abs() < 0.02, "{:?}", report.rsrp_dbfs);
        assert!((report.rsrq_db.unwrap() + 4.77).abs() < 0.02, "{:?}", report.rsrq_db);
        // another slot's sequence is noise to it
        let wrong = estimator.estimate(&flat(7, gain), 8, 0.0).unwrap();
        assert!(wrong.snr_db().is_none_or(|snr| snr < 0.0));
    }

    #[test]
    fn each_port_of_each_row_comes_back() {
        let numerology = Numerology::new(7.68e6, 15e3).unwrap();
        let rows = [
            (CsiRsRow::Two, [7, 0, 0, 0, 0, 0], CsiRsDensity::All),
            (CsiRsRow::Two, [7, 0, 0, 0, 0, 0], CsiRsDensity::Odd),
            (CsiRsRow::Three, [2, 0, 0, 0, 0, 0], CsiRsDensity::All),
            (CsiRsRow::Three, [2, 0, 0, 0, 0, 0], CsiRsDensity::Even),
            (CsiRsRow::Four, [4, 0, 0, 0, 0, 0], CsiRsDensity::All),
            (CsiRsRow::Six, [0, 4, 6, 10, 0, 0], CsiRsDensity::All),
            (CsiRsRow::Nine, [0, 2, 4, 6, 8, 10], CsiRsDensity::All),
        ];
        for (row, k, density) in rows {
            let c = CsiRs { row, k, density, ..config() };
            // a gain and a delay of each port
            let channel = |port: usize, k: i32| {
                Complex32::cis(port as f32 - 0.01 * k as f32 * (1.0 + 0.2 * port as f32)) * (1.0 - 0.05 * port as f32)
            };
            let mut values = Vec::new();
            for (j, group) in c.groups().enumerate() {
                for (first, pair) in c.rows().zip(c.sequence(5).chunks(row.cdm())) {
                    for (i, r) in pair.iter().enumerate() {
                        let at = (first + group - usize::from(k[0]) + i) as i32 - 150;
                        let sent = (0..row.cdm())
                            .map(|s| channel(j * row.cdm() + s, at) * if s * i == 1 { -1.0 } else { 1.0 });
                        values.push((at, sent.sum::<Complex32>() * r));
                    }
                }
            }
            let mut report = CsiRsReport::default();
            let mut estimator = CsiRsEstimator::new(numerology, c).unwrap();
            estimator.estimate_ports_into(&symbol(&values), 5, 0.0, &mut report).unwrap();
            assert_eq!(report.ports.len(), row.ports());
            for (port, e) in report.ports.iter().enumerate() {
                let (mut error, mut power) = (0.0, 0.0);
                for (h, k) in e.h.iter().zip(&e.subcarriers) {
                    error += (h - channel(port, *k)).norm_sqr();
                    power += channel(port, *k).norm_sqr();
                }
                // without noise the fit's prior is all the error: pilots 24 subcarriers apart leave more of it than 12
                let most = if density == CsiRsDensity::All { 4e-3 } else { 0.02 };
                assert!(error / power < most, "{row:?} {density:?} port {port}: {}", error / power);
            }
        }
    }

    #[test]
    fn delay_spread_of_two_paths_by_hand() {
        // 40 MHz of subcarriers are not there at this rate: 3.6 MHz, paths 0 and 1.2 µs, powers 1 and ¼:
        // mean 0.24 µs, rms √(0.25·1.44/1.25 − 0.0576) = 0.48 µs
        let numerology = Numerology::new(7.68e6, 15e3).unwrap();
        let mut estimator = CsiRsEstimator::new(numerology, config()).unwrap();
        let path = |k: i32, us: f32| Complex32::cis(-std::f32::consts::TAU * k as f32 * us * 0.015);
        let channel = |k: i32| path(k, 0.0) + path(k, 1.2) * 0.5;
        let c = config();
        let values: Vec<_> = c.subcarriers().zip(c.sequence(0)).map(|(k, r)| (k, r * channel(k))).collect();
        let estimate = estimator.estimate(&symbol(&values), 0, 0.0).unwrap();
        let mut profile = DelayProfile::default();
        estimator.profile_into(&estimate, &mut profile);
        let (mean, rms) = (profile.mean_s.unwrap(), profile.rms_s.unwrap());
        assert!((mean - 0.24e-6).abs() < 0.03e-6 && (rms - 0.48e-6).abs() < 0.03e-6, "{mean} {rms}");
    }

    #[test]
    fn refuses_bad_input() {
        let numerology = Numerology::new(7.68e6, 15e3).unwrap();
        let mut estimator = CsiRsEstimator::new(numerology, config()).unwrap();
        assert!(matches!(estimator.estimate(&[], 0, 0.0), Err(NrError::TooShort { .. })));
        let mut iq = flat(0, Complex32::new(1.0, 0.0));
        iq[100].re = f32::NAN;
        assert_eq!(estimator.estimate(&iq, 0, 0.0), Err(NrError::NotFinite { index: 100 }));
        let zeros = vec![ZERO; 548];
        assert_eq!(estimator.estimate(&zeros, 0, 0.0), Err(NrError::NoSignal));
        assert!(CsiRsEstimator::new(numerology, CsiRs { prbs: 60, ..config() }).is_err());
    }
}
