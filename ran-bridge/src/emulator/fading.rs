//! The M-antenna channel of one tap as a function of time: direct path on a uniform line array plus scattered paths.

use super::config::{LinkConfig, TapConfig};
use super::direction::Direction;
use super::paths::rician_split;
use super::trig::cos_sin;
use num_complex::Complex32;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::{PI, TAU};

/// Sinusoids that make up the scattered part of one antenna.
const SINUSOIDS: usize = 8;

/// The sinusoids of one antenna.
#[derive(Debug, Clone)]
struct Paths {
    shift_hz: [f64; SINUSOIDS],
    phase_turns: [f64; SINUSOIDS],
}

/// One tap of one link. Its value at a sample depends on seed and sample only.
#[derive(Debug, Clone)]
pub struct Fading {
    rate_hz: f64,
    direct: f64,
    scattered: f64,
    direction: Direction,
    /// One for each antenna.
    paths: Vec<Paths>,
    antennas: usize,
}

impl Fading {
    /// Draws the scattered paths of tap `index` of a link.
    ///
    /// # Shapes
    /// `antennas` ≥ 1, half a wavelength apart.
    #[must_use]
    pub fn new(link: &LinkConfig, tap: TapConfig, index: usize, antennas: usize, rate_hz: f64, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(index as u64);
        let amplitude = 10.0_f64.powf((link.mean_gain_db() + f64::from(tap.power_db)) / 20.0);
        let (direct, scattered) = rician_split(link.rician_k_db, index);
        let paths = (0..antennas)
            .map(|_| {
                let mut paths = Paths { shift_hz: [0.0; SINUSOIDS], phase_turns: [0.0; SINUSOIDS] };
                for (shift_hz, turns) in paths.shift_hz.iter_mut().zip(&mut paths.phase_turns) {
                    let arrival: f64 = rng.random::<f64>() * TAU;
                    (*shift_hz, *turns) = (link.doppler_hz * arrival.cos(), rng.random());
                }
                paths
            })
            .collect();
        Self {
            rate_hz,
            direct: direct * amplitude,
            scattered: scattered * amplitude / (SINUSOIDS as f64).sqrt(),
            direction: Direction::new(link),
            paths,
            antennas,
        }
    }

    /// Whether it changes with time.
    #[must_use]
    pub fn moves(&self) -> bool {
        (self.direct > 0.0 && self.direction.moves())
            || (self.scattered > 0.0 && self.paths.iter().any(|p| p.shift_hz.iter().any(|f| *f != 0.0)))
    }

    /// The channel from each antenna at a sample: `h[m] = a_d·e^{jπ·m·sin θ} + a_s·Σ e^{j(2πf t + φ)}/√8`.
    ///
    /// # Shapes
    /// `h`: one value for each antenna.
    pub fn at(&self, sample: u64, h: &mut [Complex32]) {
        let t_s = sample as f64 / self.rate_hz;
        let sine = self.direction.at(t_s).to_radians().sin();
        for (m, (z, paths)) in h.iter_mut().take(self.antennas).zip(&self.paths).enumerate() {
            let (im, re) = (PI * m as f64 * sine).sin_cos();
            let (mut re, mut im) = (re * self.direct, im * self.direct);
            if self.scattered > 0.0 {
                let turns: [f64; SINUSOIDS] = std::array::from_fn(|i| paths.shift_hz[i] * t_s + paths.phase_turns[i]);
                let (cosines, sines) = cos_sin(&turns);
                re += self.scattered * cosines.iter().sum::<f64>();
                im += self.scattered * sines.iter().sum::<f64>();
            }
            *z = Complex32::new(re as f32, im as f32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn direct_path_at_thirty_degrees_turns_by_ninety_a_half_wavelength() {
        let link = LinkConfig { angle_deg: 30.0, ..LinkConfig::default() };
        let f = Fading::new(&link, TapConfig { delay_samples: 0, power_db: -6.0206 }, 0, 3, 1e6, 1);
        let mut h = [Complex32::ZERO; 3];
        f.at(123, &mut h);
        for (z, want) in h.iter().zip([(0.5, 0.0), (0.0, 0.5), (-0.5, 0.0)]) {
            assert!((z.re - want.0).abs() < 1e-5 && (z.im - want.1).abs() < 1e-5, "{h:?}");
        }
        assert!(!f.moves());
    }

    #[test]
    fn scattered_paths_have_the_mean_power() {
        let link = LinkConfig { rician_k_db: Some(-60.0), doppler_hz: 50.0, ..LinkConfig::default() };
        let f = Fading::new(&link, TapConfig { delay_samples: 0, power_db: 0.0 }, 0, 4, 1e6, 9);
        let mut h = [Complex32::ZERO; 4];
        let mut power = 0.0;
        for k in 0..4000_u64 {
            f.at(k * 10_000, &mut h);
            power += h.iter().map(Complex32::norm_sqr).sum::<f32>() / 16_000.0;
        }
        assert!((power - 1.0).abs() < 0.1, "{power}");
        assert!(f.moves());
    }
}
