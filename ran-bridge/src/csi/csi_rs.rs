//! Channel estimates from a one-port CSI-RS of density 3 (the form of the tracking reference signal).

use num_complex::Complex32;

use super::{ChannelEstimate, DelayFit, estimate::mean_delay_s};
use crate::nr::{NrError, Numerology, SymbolDemodulator, qpsk_sequence};

/// A CSI-RS of row 1: one port, density 3, no CDM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CsiRs {
    /// scramblingID n_ID, 0…1023.
    pub scrambling_id: u16,
    /// Symbol of the slot, 0…13.
    pub symbol: u8,
    /// First subcarrier of the resource block that carries it, 0…3.
    pub k0: u8,
    /// First resource block, counted from point A.
    pub first_prb: u16,
    /// Number of resource blocks.
    pub prbs: u16,
    /// Subcarrier 0 of the first resource block, as an offset from the carrier centre in subcarrier spacings.
    pub first_subcarrier: i32,
}

impl CsiRs {
    /// Subcarriers that carry it, as offsets from the carrier centre.
    ///
    /// # Shapes
    /// `[3 · prbs]`.
    //= TS 38.211 Table 7.4.1.5.3-1 row 1: k0, k0 + 4, k0 + 8
    pub fn subcarriers(&self) -> impl Iterator<Item = i32> + use<> {
        let (first, k0) = (self.first_subcarrier, i32::from(self.k0));
        (0..3 * i32::from(self.prbs)).map(move |m| first + k0 + 4 * m)
    }

    /// Its values in slot `slot` of the frame, in the order of [`CsiRs::subcarriers`].
    ///
    /// # Shapes
    /// `[3 · prbs]`, unit power.
    #[must_use]
    //= TS 38.211 §7.4.1.5.2: c_init = (2^10 (14 n_s + l + 1)(2 n_ID + 1) + n_ID) mod 2^31
    pub fn sequence(&self, slot: u16) -> Vec<Complex32> {
        let id = u64::from(self.scrambling_id);
        let symbol = 14 * u64::from(slot) + u64::from(self.symbol) + 1;
        let c_init = (1024 * symbol * (2 * id + 1) + id) % (1 << 31);
        //= TS 38.211 §7.4.1.5.3: m' = ⌊nα⌋ + ⌊k̄ρ/12⌋ with α = ρ = 3, n from point A
        let skip = 3 * usize::from(self.first_prb);
        qpsk_sequence(c_init as u32, skip + 3 * usize::from(self.prbs)).split_off(skip)
    }
}

/// Estimator for one CSI-RS. Plans, sequences and matrices are made once.
pub struct CsiRsEstimator {
    config: CsiRs,
    demod: SymbolDemodulator,
    fit: DelayFit,
    sequences: Vec<Vec<Complex32>>,
    bins: Vec<Complex32>,
    pilots: Vec<Complex32>,
    sums: Vec<Complex32>,
    taps: Vec<Complex32>,
}

impl CsiRsEstimator {
    /// An estimator for `config` at `numerology`.
    ///
    /// # Errors
    /// [`NrError::Range`] for a field outside its range, [`NrError::OutOfBand`] if the resource blocks do not fit.
    pub fn new(numerology: Numerology, config: CsiRs) -> Result<Self, NrError> {
        let range = |what, value: i64, range, ok| if ok { Ok(()) } else { Err(NrError::Range { what, value, range }) };
        range("scrambling ID", config.scrambling_id.into(), "0..=1023", config.scrambling_id <= 1023)?;
        range("CSI-RS symbol", config.symbol.into(), "0..=13", config.symbol <= 13)?;
        range("k0", config.k0.into(), "0..=3", config.k0 <= 3)?;
        range("first PRB", config.first_prb.into(), "0..=2199", config.first_prb <= 2199)?;
        range("PRBs", config.prbs.into(), "1..=275", (1..=275).contains(&config.prbs))?;
        let width = 12 * usize::from(config.prbs);
        let rows: Vec<i32> = (0..width as i32).collect();
        let weights: Vec<f32> = rows.iter().map(|r| if r % 4 == i32::from(config.k0) { 1.0 } else { 0.0 }).collect();
        let center = f64::from(config.first_subcarrier) + (width / 2) as f64;
        let demod = SymbolDemodulator::new(numerology, center * numerology.scs_hz(), width)?;
        let fit = DelayFit::new(&rows, &weights);
        let zero = Complex32::new(0.0, 0.0);
        let slots = if numerology.scs_hz() > 20e3 { 20 } else { 10 };
        Ok(Self {
            config,
            demod,
            sequences: (0..slots).map(|slot| config.sequence(slot)).collect(),
            bins: vec![zero; width],
            pilots: vec![zero; width / 4],
            sums: vec![zero; fit.taps()],
            taps: vec![zero; fit.taps()],
            fit,
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

    /// Estimates the channel from one symbol, its cyclic prefix first, of slot `slot` of the frame.
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
        let cp = self.demod.numerology().cp_of(slot.into(), self.config.symbol.into());
        self.demod.demodulate(iq, cp, cfo_hz, &mut self.bins)?;
        let sequence = &self.sequences[usize::from(slot) % self.sequences.len()];
        self.sums.fill(Complex32::new(0.0, 0.0));
        let mut energy = 0.0;
        for (m, (pilot, reference)) in self.pilots.iter_mut().zip(sequence).enumerate() {
            let row = 4 * m + usize::from(self.config.k0);
            *pilot = self.bins[row] * reference.conj();
            energy += pilot.norm_sqr();
            self.fit.project(row, *pilot, &mut self.sums);
        }
        if !energy.is_finite() {
            return Err(NrError::NotFinite { index: iq.iter().position(|v| !v.is_finite()).unwrap_or(0) });
        }
        if energy <= f32::MIN_POSITIVE {
            return Err(NrError::NoSignal);
        }
        self.fill(energy, out);
        Ok(())
    }

    fn fill(&mut self, energy: f32, out: &mut ChannelEstimate) {
        let count = self.pilots.len() as f32;
        if out.h.len() != self.bins.len() {
            out.h.resize(self.bins.len(), Complex32::new(0.0, 0.0));
            out.subcarriers = (0..self.bins.len() as i32).map(|k| self.config.first_subcarrier + k).collect();
        }
        // start from what neighbouring pilots have in common, then once more with the noise that the fit leaves
        let common: Complex32 = self.pilots.windows(2).map(|w| w[1] * w[0].conj()).sum();
        let signal = common.norm() / (count - 1.0).max(1.0);
        let mut level = self.fit.level(signal / (energy / count - signal).max(1e-6 * energy / count));
        for _ in 0..2 {
            self.fit.solve(level, &self.sums, &mut self.taps);
            self.fit.evaluate(&self.taps, &mut out.h);
            let k0 = usize::from(self.config.k0);
            let left: f32 = self.pilots.iter().enumerate().map(|(m, p)| (p - out.h[4 * m + k0]).norm_sqr()).sum();
            out.noise_var = left / (count - self.fit.freedom(level)).max(1.0);
            out.error_var = out.noise_var * self.fit.error_gain(level);
            let better = self.fit.level(out.power() / out.noise_var.max(1e-12 * energy));
            if better == level {
                break;
            }
            level = better;
        }
        out.delay_s = mean_delay_s(&out.h, self.demod.numerology().scs_hz());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> CsiRs {
        CsiRs { scrambling_id: 1, symbol: 4, k0: 1, first_prb: 0, prbs: 24, first_subcarrier: -150 }
    }

    #[test]
    fn sequence_counts_from_point_a() {
        let whole = config().sequence(3);
        let part = CsiRs { first_prb: 5, prbs: 4, ..config() }.sequence(3);
        assert_eq!(part, whole[15..27]);
    }

    /// One symbol with the CSI-RS through a delay of `delay` samples (whole) with gain `gain`.
    fn symbol(slot: u16, gain: Complex32) -> Vec<Complex32> {
        let c = config();
        let mut iq = vec![Complex32::new(0.0, 0.0); 548];
        for (k, value) in c.subcarriers().zip(c.sequence(slot)) {
            for (n, v) in iq.iter_mut().enumerate() {
                let turns = f64::from(k) * (n as f64 - 36.0) / 512.0;
                let w = num_complex::Complex64::cis(std::f64::consts::TAU * turns);
                *v += gain * value * Complex32::new(w.re as f32, w.im as f32) / 512f32.sqrt();
            }
        }
        iq
    }

    #[test]
    fn a_flat_channel_comes_back() {
        let numerology = Numerology::new(7.68e6, 15e3).unwrap();
        let mut estimator = CsiRsEstimator::new(numerology, config()).unwrap();
        let gain = Complex32::new(0.3, -0.4);
        let e = estimator.estimate(&symbol(7, gain), 7, 0.0).unwrap();
        assert_eq!((e.h.len(), e.subcarriers[0], e.subcarriers[287]), (288, -150, 137));
        let nmse = e.h.iter().map(|h| (h - gain).norm_sqr()).sum::<f32>() / 288.0 / 0.25;
        assert!(nmse < 1e-4, "{nmse}");
        assert!(e.noise_var < 1e-4 && e.delay_s.abs() < 20e-9, "{} {}", e.noise_var, e.delay_s);
        // another slot's sequence is noise to it
        let wrong = estimator.estimate(&symbol(7, gain), 8, 0.0).unwrap();
        assert!(wrong.snr_db().is_none_or(|snr| snr < 0.0));
    }

    #[test]
    fn refuses_bad_input() {
        let numerology = Numerology::new(7.68e6, 15e3).unwrap();
        let mut estimator = CsiRsEstimator::new(numerology, config()).unwrap();
        assert!(matches!(estimator.estimate(&[], 0, 0.0), Err(NrError::TooShort { .. })));
        let mut iq = symbol(0, Complex32::new(1.0, 0.0));
        iq[100].re = f32::NAN;
        assert_eq!(estimator.estimate(&iq, 0, 0.0), Err(NrError::NotFinite { index: 100 }));
        let zeros = vec![Complex32::new(0.0, 0.0); 548];
        assert_eq!(estimator.estimate(&zeros, 0, 0.0), Err(NrError::NoSignal));
        assert!(CsiRsEstimator::new(numerology, CsiRs { prbs: 60, ..config() }).is_err());
    }
}
