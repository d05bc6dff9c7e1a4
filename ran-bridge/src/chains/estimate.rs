//! What a chain makes of the sequence.

use super::error::ChainFault;
use super::sounder::Sounder;
use num_complex::{Complex32, Complex64};
use std::f64::consts::TAU;

/// A chain that is heard less far above noise and distortion is none, dB per sample in the band.
pub const LEAST_SNR_DB: f64 = 10.0;
/// A part of a sample from here on was clipped, relative to full scale.
const CLIPPED: f32 = 0.99;
/// Halvings of the interval in which the delay's fraction is looked for: to 1e-7 of a sample.
const STEPS: usize = 40;

/// One chain, heard once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChainEstimate {
    /// Received amplitude per sent amplitude at the band's centre, with the phase against the sequence at its delay.
    pub gain: Complex64,
    /// Mean square of the gain's error, from what the model leaves over.
    pub gain_variance: f64,
    /// From the sample at which it would arrive without any, samples; within half a period either way.
    pub delay_samples: f64,
    /// Of the sequence to everything else in the band, dB per sample.
    pub snr_db: f64,
}

impl Sounder {
    /// Estimates chain `chain`, which sent the sequence at `amplitude`. `received`: from the sample on at which the sounding's first would
    /// arrive without delay.
    ///
    /// The model is y = h s(t - τ) + n over the inner band without its centre, s known. τ is where |<s, y>| is largest, h the least squares
    /// at that τ. A channel that is not flat counts as distortion, in the signal-to-noise ratio and in the variance.
    ///
    /// # Shapes
    /// `received`: at least [`Sounder::samples`] less a period.
    ///
    /// # Errors
    /// [`ChainFault::Short`], [`ChainFault::Clipped`], [`ChainFault::Weak`].
    pub fn estimate(&self, chain: usize, received: &[Complex32], amplitude: f32) -> Result<ChainEstimate, ChainFault> {
        let (skip, wanted) = self.window();
        let fault = ChainFault::Short { chain, has: received.len(), wanted: skip + wanted };
        let window = received.get(skip..skip + wanted).ok_or(fault)?;
        let peak = received.iter().map(|z| z.re.abs().max(z.im.abs())).fold(0.0, f32::max);
        if peak >= CLIPPED {
            return Err(ChainFault::Clipped { chain, peak_dbfs: 20.0 * f64::from(peak).log10() });
        }
        let periods: Vec<Vec<Complex64>> = window.chunks_exact(self.period()).map(|p| self.spectrum_of(p)).collect();
        let p = periods.len() as f64;
        // the mean over the periods, per unit of what was sent: h e^{-j2πkτ/L}
        let sent = |k: i64| self.spectrum[self.at(k)] * f64::from(amplitude);
        let mean = |k: i64| periods.iter().map(|y| y[self.at(k)]).sum::<Complex64>() / p;
        let all: Vec<(i64, Complex64)> = self.bins.iter().map(|k| (*k, mean(*k) / sent(*k))).collect();
        let delay = self.delay(&all);
        let late = |k: i64| Complex64::cis(-TAU * k as f64 * delay / self.period() as f64);
        // h = <s, y> / <s, s>, s late by τ
        let energy: f64 = self.bins.iter().map(|k| sent(*k).norm_sqr()).sum();
        let gain = self.bins.iter().map(|k| (sent(*k) * late(*k)).conj() * mean(*k)).sum::<Complex64>() / energy;
        let left = |y: &Vec<Complex64>, k: i64| (y[self.at(k)] - gain * sent(k) * late(k)).norm_sqr();
        let residual: f64 = periods.iter().map(|y| self.bins.iter().map(|k| left(y, *k)).sum::<f64>()).sum();
        // one complex number of them is spent on h
        let variance = residual / (p * self.bins.len() as f64 - 1.0);
        let gain_variance = variance / (p * energy);
        let snr_db = 10.0 * (gain.norm_sqr() * energy / self.bins.len() as f64 / variance).log10();
        // where there is no noise at all, there is no doubt either
        if snr_db.is_nan() || snr_db < LEAST_SNR_DB {
            let snr_db = if snr_db.is_nan() { f64::NEG_INFINITY } else { snr_db };
            return Err(ChainFault::Weak { chain, snr_db, least_db: LEAST_SNR_DB });
        }
        Ok(ChainEstimate { gain, gain_variance, delay_samples: delay, snr_db })
    }

    fn spectrum_of(&self, period: &[Complex32]) -> Vec<Complex64> {
        let mut out: Vec<Complex64> = period.iter().map(|z| Complex64::new(z.re.into(), z.im.into())).collect();
        self.fft.process(&mut out);
        out
    }

    /// Where |Σ_k G_k e^{j2πkτ/L}| is largest: at a whole sample first, then between its neighbours.
    fn delay(&self, all: &[(i64, Complex64)]) -> f64 {
        let len = self.period();
        let mut at_whole = vec![Complex64::ZERO; len];
        // the inverse transform by the forward one of the conjugates; their magnitudes are the same
        all.iter().for_each(|(k, g)| at_whole[self.at(*k)] = g.conj());
        self.fft.process(&mut at_whole);
        let best = (0..len).max_by(|a, b| at_whole[*a].norm_sqr().total_cmp(&at_whole[*b].norm_sqr())).unwrap_or(0);
        let whole = if best > len / 2 { best as f64 - len as f64 } else { best as f64 };
        let at = |tau: f64| {
            all.iter()
                .map(|(k, g)| g * Complex64::cis(TAU * *k as f64 * tau / len as f64))
                .sum::<Complex64>()
                .norm_sqr()
        };
        // one peak lies between the neighbours: the interval is cut by the golden section
        let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
        let (mut low, mut high) = (whole - 1.0, whole + 1.0);
        for _ in 0..STEPS {
            let (a, b) = (high - golden * (high - low), low + golden * (high - low));
            if at(a) > at(b) { high = b } else { low = a }
        }
        f64::midpoint(low, high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nr::test_support::noise;
    use proptest::prelude::*;

    /// What a flat chain with this delay delivers, so many samples from the undelayed arrival on.
    fn received(sounder: &Sounder, h: Complex64, delay: f64, amplitude: f32, n: usize) -> Vec<Complex32> {
        let len = sounder.period();
        // the band-limited sequence between its samples, by its spectrum
        let bins = -(len as i64 / 2)..=(len as i64 / 2);
        let mut late = vec![Complex64::ZERO; len];
        for k in bins {
            let turn = Complex64::cis(-TAU * k as f64 * delay / len as f64);
            late[sounder.at(k)] =
                (sounder.spectrum[sounder.at(k)] * turn * h * f64::from(amplitude) / len as f64).conj();
        }
        sounder.fft.process(&mut late);
        let whole = |i: usize| late[i % len].conj();
        (0..n).map(|i| Complex32::new(whole(i).re as f32, whole(i).im as f32)).collect()
    }

    #[test]
    fn by_hand() {
        // five samples, bins -2, -1, 1, 2; two periods of j/2 + 1/8 and j/2 - 1/8 times what was sent, one sample late
        let sounder = Sounder::new(1, 5, 2);
        assert_eq!((sounder.samples(), &sounder.bins[..]), (20, &[-2, -1, 1, 2][..]));
        let part = |h: Complex64| received(&sounder, h, 1.0, 0.25, 5);
        let (up, down) = (part(Complex64::new(0.125, 0.5)), part(Complex64::new(-0.125, 0.5)));
        let estimate = sounder.estimate(0, &[up.clone(), up, down].concat(), 0.25).unwrap();
        assert!((estimate.gain - Complex64::new(0.0, 0.5)).norm() < 1e-6, "{estimate:?}");
        assert!((estimate.delay_samples - 1.0).abs() < 1e-3);
        // what is left over is δ² of each bin and period, δ = 1/8: σ² = 8 δ² / 7 per unit of energy, of h an eighth of that: δ² / 7
        assert!((estimate.gain_variance - 0.015_625 / 7.0).abs() < 1e-7, "{estimate:?}");
        // |h|² / σ² = (1/4) / (8/7 · 1/64) = 14
        assert!((estimate.snr_db - 11.461_28).abs() < 1e-3, "{estimate:?}");
    }

    #[test]
    fn what_tells_nothing_is_named() {
        let sounder = Sounder::default();
        let good = received(&sounder, Complex64::new(0.5, 0.0), 3.0, 0.25, sounder.samples());
        assert!(sounder.estimate(0, &good, 0.25).is_ok());
        let short = sounder.estimate(1, &good[..8 * 839], 0.25);
        assert_eq!(short, Err(ChainFault::Short { chain: 1, has: 8 * 839, wanted: 9 * 839 }));
        let mut clipped = good.clone();
        clipped[100].im = -1.0;
        assert_eq!(sounder.estimate(1, &clipped, 0.25), Err(ChainFault::Clipped { chain: 1, peak_dbfs: 0.0 }));
        for nothing in [noise(good.len(), 1e-4, 1), vec![Complex32::ZERO; good.len()]] {
            assert!(matches!(sounder.estimate(1, &nothing, 0.25), Err(ChainFault::Weak { chain: 1, .. })));
        }
        // a second path of half the strength is distortion: 6 dB
        let echo = received(&sounder, Complex64::new(0.25, 0.0), 40.0, 0.25, sounder.samples());
        let both: Vec<Complex32> = good.iter().zip(&echo).map(|(a, b)| a + b).collect();
        let Err(ChainFault::Weak { snr_db, .. }) = sounder.estimate(0, &both, 0.25) else { panic!("it is not flat") };
        assert!((5.0..7.0).contains(&snr_db), "{snr_db}");
    }

    #[test]
    fn the_sounding_is_the_sequence_again_and_again() {
        let sounder = Sounder::default();
        let mut all = vec![Complex32::ZERO; sounder.samples()];
        let (a, b) = all.split_at_mut(1000);
        sounder.fill(0, 0.5, a);
        sounder.fill(1000, 0.5, b);
        let estimate = sounder.estimate(0, &all, 0.5).unwrap();
        assert!((estimate.gain - 1.0).norm() < 1e-6 && estimate.delay_samples.abs() < 1e-3, "{estimate:?}");
        assert_eq!(all.len(), 10 * 839);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Gain, phase and delay of any flat chain come back as well as the estimate says itself.
        #[test]
        fn a_chain_is_found_in_noise(
            level_db in -50.0..0.0_f64,
            phase in 0.0..TAU,
            delay in -400.0..400.0_f64,
            snr_db in 12.0..50.0_f64,
            amplitude in 0.01..0.7_f32,
            seed: u64,
        ) {
            let sounder = Sounder::default();
            let h = Complex64::from_polar(10_f64.powf(level_db / 20.0), phase);
            let clean = received(&sounder, h, delay, amplitude, sounder.samples());
            let power = h.norm_sqr() * f64::from(amplitude).powi(2);
            let noise = noise(clean.len(), (power / 10_f64.powf(snr_db / 10.0)) as f32, seed);
            let noisy: Vec<Complex32> = clean.iter().zip(&noise).map(|(a, b)| a + b).collect();
            prop_assume!(noisy.iter().all(|z| z.re.abs().max(z.im.abs()) < CLIPPED));
            let got = sounder.estimate(0, &noisy, amplitude).unwrap();
            // |error|² is exponential with the variance as its mean: beyond 25 of it in one of e^25 = 7e10
            prop_assert!((got.gain - h).norm_sqr() < 25.0 * got.gain_variance, "{got:?} {h}");
            // it is σ² over the energy: 8 · 670 samples of the band
            let wanted = h.norm_sqr() / 10_f64.powf(snr_db / 10.0) / (8.0 * 670.0);
            prop_assert!((got.gain_variance / wanted - 1.0).abs() < 0.15, "{} of {wanted}", got.gain_variance);
            prop_assert!((got.snr_db - snr_db).abs() < 0.7, "{} of {snr_db}", got.snr_db);
            // Cramér and Rao's bound of a delay: σ_τ = 1 / (2π β sqrt(2 SNR N)), β the band's rms width, 0.4 / sqrt 3 of the rate
            let bound = 1.0 / (TAU * 0.4 / 3.0_f64.sqrt() * (2.0 * 10_f64.powf(snr_db / 10.0) * 8.0 * 670.0).sqrt());
            prop_assert!((got.delay_samples - delay).abs() < 6.5 * bound, "{} of {delay}, bound {bound}", got.delay_samples);
        }
    }
}
