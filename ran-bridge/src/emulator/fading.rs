//! The M-antenna channel of one tap as a function of time: direct path on a uniform line array plus scattered paths.

use super::config::{LinkConfig, TapConfig};
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
    angle_deg: f64,
    angle_deg_per_s: f64,
    angle_limit_deg: f64,
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
        let amplitude = 10.0_f64.powf(f64::from(link.gain_db + tap.power_db) / 20.0);
        let (direct, scattered) = match (index, link.rician_k_db) {
            (0, None) => (1.0, 0.0),
            (0, Some(k_db)) => {
                let k = 10.0_f64.powf(f64::from(k_db) / 10.0);
                ((k / (k + 1.0)).sqrt(), (1.0 / (k + 1.0)).sqrt())
            }
            _ => (0.0, 1.0),
        };
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
            angle_deg: link.angle_deg,
            angle_deg_per_s: link.angle_deg_per_s,
            angle_limit_deg: link.angle_limit_deg,
            paths,
            antennas,
        }
    }

    /// Whether it changes with time.
    #[must_use]
    pub fn moves(&self) -> bool {
        (self.direct > 0.0 && self.angle_deg_per_s != 0.0)
            || (self.scattered > 0.0 && self.paths.iter().any(|p| p.shift_hz.iter().any(|f| *f != 0.0)))
    }

    /// The channel from each antenna at a sample: `h[m] = a_d·e^{jπ·m·sin θ} + a_s·Σ e^{j(2πf t + φ)}/√8`.
    ///
    /// # Shapes
    /// `h`: one value for each antenna.
    pub fn at(&self, sample: u64, h: &mut [Complex32]) {
        let t_s = sample as f64 / self.rate_hz;
        let sine = self.angle_at(t_s).to_radians().sin();
        for (m, (z, paths)) in h.iter_mut().take(self.antennas).zip(&self.paths).enumerate() {
            let (im, re) = (PI * m as f64 * sine).sin_cos();
            let (mut re, mut im) = (re * self.direct, im * self.direct);
            if self.scattered > 0.0 {
                let turns = std::array::from_fn(|i| paths.shift_hz[i] * t_s + paths.phase_turns[i]);
                let (cosines, sines) = cos_sin(&turns);
                re += self.scattered * cosines.iter().sum::<f64>();
                im += self.scattered * sines.iter().sum::<f64>();
            }
            *z = Complex32::new(re as f32, im as f32);
        }
    }

    /// Direction at a time: a straight movement that turns round at the limits.
    fn angle_at(&self, t_s: f64) -> f64 {
        let angle = self.angle_deg + self.angle_deg_per_s * t_s;
        let limit = self.angle_limit_deg;
        if limit <= 0.0 {
            return angle;
        }
        let phase = (angle + limit).rem_euclid(4.0 * limit);
        if phase <= 2.0 * limit { phase - limit } else { 3.0 * limit - phase }
    }
}

/// Cosines and sines of angles in turns (below 2^50), to 1e-9: Taylor sums of half the angle, which lies in ±π/2, then doubled. Without a branch,
/// so that several are computed at once.
fn cos_sin(turns: &[f64; SINUSOIDS]) -> ([f64; SINUSOIDS], [f64; SINUSOIDS]) {
    /// Added and taken off again it rounds to a whole number: 1.5·2^52.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let (mut cosines, mut sines) = ([0.0; SINUSOIDS], [0.0; SINUSOIDS]);
    for ((turns, cosine), sine) in turns.iter().zip(&mut cosines).zip(&mut sines) {
        let half = PI * (turns - ((turns + ROUND) - ROUND));
        let x = half * half;
        // 1/n! for n = 2 … 14; what is left out is below x^15/15! = 7e-10
        let c = 1.0
            - x * (1.0 / 2.0
                - x * (1.0 / 24.0
                    - x * (1.0 / 720.0
                        - x * (1.0 / 40_320.0
                            - x * (1.0 / 3_628_800.0 - x * (1.0 / 479_001_600.0 - x / 87_178_291_200.0))))));
        let s = half
            * (1.0
                - x * (1.0 / 6.0
                    - x * (1.0 / 120.0
                        - x * (1.0 / 5_040.0
                            - x * (1.0 / 362_880.0 - x * (1.0 / 39_916_800.0 - x / 6_227_020_800.0))))));
        *cosine = c * c - s * s;
        *sine = 2.0 * s * c;
    }
    (cosines, sines)
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

    #[test]
    fn cosines_and_sines_of_any_turns() {
        for k in -400..400 {
            let turns = std::array::from_fn(|i| f64::from(k) * 0.01234 * 10f64.powi(i as i32));
            let (cosines, sines) = cos_sin(&turns);
            for i in 0..SINUSOIDS {
                let (s, c) = (TAU * turns[i].fract()).sin_cos();
                assert!((cosines[i] - c).abs() < 2e-9 && (sines[i] - s).abs() < 2e-9, "{}", turns[i]);
            }
        }
    }

    #[test]
    fn the_direction_turns_round() {
        let link =
            LinkConfig { angle_deg: 10.0, angle_deg_per_s: 10.0, angle_limit_deg: 30.0, ..LinkConfig::default() };
        let f = Fading::new(&link, TapConfig { delay_samples: 0, power_db: 0.0 }, 0, 1, 1e6, 1);
        for (t, want) in [(0.0, 10.0), (2.0, 30.0), (3.0, 20.0), (8.0, -30.0), (9.0, -20.0)] {
            assert!((f.angle_at(t) - want).abs() < 1e-9, "{t}: {}", f.angle_at(t));
        }
    }
}
