//! What a burst consists of.

use num_complex::Complex32;
use ran_bridge::chains::Sounder;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// A waveform at the radio's rate. Amplitudes are relative to full scale (1).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Wave {
    /// Silence: everything happens as in a burst, and nothing is radiated but what leaks.
    Zeros,
    /// One line.
    Tone {
        /// Above the centre, Hz; less than half the rate.
        offset_hz: f64,
        /// Its magnitude.
        amplitude: f32,
    },
    /// Noise over the whole sampled band: independent complex Gaussian samples, their magnitude limited to `peak`.
    Noise {
        /// Root of the mean power before the limit.
        rms: f32,
        /// Largest magnitude.
        peak: f32,
        /// The same seed gives the same samples.
        seed: u64,
    },
    /// What sounds a transmit chain: [`ran_bridge::chains::Sounder`].
    Sounding {
        /// Its magnitude.
        amplitude: f32,
    },
    /// Samples that who fires hands over, as [`super::Answer::Credit`] allows.
    Stream,
}

/// Makes the samples of a wave, one after the other.
#[derive(Debug)]
pub struct Source {
    wave: Wave,
    rate_hz: f64,
    next: u64,
    rng: ChaCha8Rng,
    sounder: Option<Sounder>,
}

impl Source {
    /// At the radio's rate, Hz.
    #[must_use]
    pub fn new(wave: Wave, rate_hz: f64) -> Self {
        let seed = if let Wave::Noise { seed, .. } = wave { seed } else { 0 };
        let sounder = matches!(wave, Wave::Sounding { .. }).then(Sounder::default);
        Self { wave, rate_hz, next: 0, rng: ChaCha8Rng::seed_from_u64(seed), sounder }
    }

    /// The next samples; a stream's are not made here.
    pub fn fill(&mut self, to: &mut [Complex32]) {
        match self.wave {
            Wave::Zeros | Wave::Stream => to.fill(Complex32::ZERO),
            Wave::Tone { offset_hz, amplitude } => {
                for (i, z) in (self.next..).zip(to.iter_mut()) {
                    // whole turns are left out before the product loses digits
                    let turns = (offset_hz / self.rate_hz * i as f64).fract();
                    let (im, re) = (TAU * turns).sin_cos();
                    *z = Complex32::new(re as f32, im as f32) * amplitude;
                }
            }
            Wave::Sounding { amplitude } => {
                if let Some(sounder) = &self.sounder {
                    sounder.fill(self.next, amplitude, to);
                }
            }
            Wave::Noise { rms, peak, .. } => to.iter_mut().for_each(|z| *z = self.noise(rms, peak)),
        }
        self.next += to.len() as u64;
    }

    /// Box and Muller: |z|² is exponential with mean rms², its phase uniform.
    fn noise(&mut self, rms: f32, peak: f32) -> Complex32 {
        let (u, v): (f64, f64) = (self.rng.random(), self.rng.random());
        // 1 - 2^-24: what rounds to a magnitude above the peak would be refused
        let magnitude = (f64::from(rms) * (-(1.0 - u).ln()).sqrt()).min(f64::from(peak) * (1.0 - 6e-8));
        let (im, re) = (TAU * v).sin_cos();
        Complex32::new((magnitude * re) as f32, (magnitude * im) as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(wave: Wave, n: usize) -> Vec<Complex32> {
        let mut all = vec![Complex32::ZERO; n];
        let mut source = Source::new(wave, 1e6);
        // in pieces of any length it is the same
        let (a, b) = all.split_at_mut(n / 3);
        source.fill(a);
        source.fill(b);
        all
    }

    #[test]
    fn a_tone_turns_once_in_its_period() {
        let tone = made(Wave::Tone { offset_hz: 250e3, amplitude: 0.5 }, 9);
        for (i, want) in [(0, (0.5, 0.0)), (1, (0.0, 0.5)), (2, (-0.5, 0.0)), (7, (0.0, -0.5)), (8, (0.5, 0.0))] {
            assert!((tone[i] - Complex32::new(want.0, want.1)).norm() < 1e-6, "{i}: {}", tone[i]);
        }
    }

    #[test]
    fn a_sounding_goes_on_from_piece_to_piece() {
        let made = made(Wave::Sounding { amplitude: 0.25 }, Sounder::default().samples());
        let estimate = Sounder::default().estimate(0, &made, 0.25).unwrap();
        assert!((estimate.gain - 1.0).norm() < 1e-6 && estimate.delay_samples.abs() < 1e-3, "{estimate:?}");
    }

    #[test]
    fn noise_has_its_power_and_its_peak() {
        let noise = made(Wave::Noise { rms: 0.1, peak: 0.3, seed: 5 }, 200_000);
        let power = noise.iter().map(|z| f64::from(z.norm_sqr())).sum::<f64>() / 2e5;
        // a limit of 3 rms takes exp(-9) of the power: 1.2e-4
        assert!((power - 0.01).abs() < 2e-4, "{power}");
        let largest = noise.iter().map(|z| z.norm()).fold(0.0, f32::max);
        assert!(largest <= 0.3 && largest > 0.299, "{largest}");
        assert_eq!(noise, made(Wave::Noise { rms: 0.1, peak: 0.3, seed: 5 }, 200_000));
        assert_ne!(noise, made(Wave::Noise { rms: 0.1, peak: 0.3, seed: 6 }, 200_000));
    }
}
