//! Scattered paths as sums of sinusoids, with Clarke's Doppler spectrum.

use super::trig::cos_sin;
use crate::simd::{Simd, WithSimd, full_width, widest};
use num_complex::{Complex32, Complex64};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::TAU;

/// Sinusoids of one scattered path.
pub const SINUSOIDS: usize = 32;
const LANES: usize = 8;
/// Steps from one exact value of a sinusoid to the next; between them it is turned on in single precision.
const ANCHOR: u64 = 64;

/// The sinusoids of one scattered path: `Σ_i e^{j2π(f_i·t + φ_i)}/√32` with `f_i = f_D·cos α_i`.
#[derive(Debug, Clone, PartialEq)]
pub struct Wave {
    /// `cos α_i`.
    pub shift: [f64; SINUSOIDS],
    /// `φ_i` in turns.
    pub phase_turns: [f64; SINUSOIDS],
}

impl Wave {
    /// Draws one for each antenna of a path, each with `α_i = 2π(i + u_i)/32`, `u_i` and `φ_i` uniform in [0, 1): for each antenna
    /// and each i, first `u_i`, then `φ_i`, from ChaCha8 of the link's seed on stream `2^32 + 2^16·receive + path`.
    #[must_use]
    pub fn draw(seed: u64, receive: u64, path: u64, antennas: usize) -> Vec<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream((1 << 32) + (receive << 16) + path);
        (0..antennas)
            .map(|_| {
                let mut wave = Self { shift: [0.0; SINUSOIDS], phase_turns: [0.0; SINUSOIDS] };
                for i in 0..SINUSOIDS {
                    let u: f64 = rng.random();
                    wave.shift[i] = (TAU * (i as f64 + u) / SINUSOIDS as f64).cos();
                    wave.phase_turns[i] = rng.random();
                }
                wave
            })
            .collect()
    }

    /// Its value when the largest Doppler shift has made `turns` turns (`f_D·t`); mean power 1.
    #[must_use]
    pub fn at(&self, turns: f64) -> Complex64 {
        widest(Sum(std::array::from_fn(|i| turns * self.shift[i] + self.phase_turns[i]))) / (SINUSOIDS as f64).sqrt()
    }
}

/// One part of 32 sinusoids.
type Part = [[f32; LANES]; SINUSOIDS / LANES];

/// Many waves at the multiples of one time step.
///
/// A wave is exact at every 64th step (each wave at other ones) and turned on step by step between, so that a value depends
/// on the step alone, not on which were asked for before; its error is below 2e-5.
#[derive(Debug)]
pub struct Bank {
    waves: Vec<Wave>,
    /// Turns of the largest Doppler shift in one step.
    turns: f64,
    now: Vec<(Part, Part)>,
    step: Vec<(Part, Part)>,
    at: Option<u64>,
}

impl Bank {
    /// A bank whose largest Doppler shift makes `turns` turns a step.
    #[must_use]
    pub fn new(waves: Vec<Wave>, turns: f64) -> Self {
        let zero = [[0.0; LANES]; SINUSOIDS / LANES];
        let step = waves.iter().map(|w| widest(Phasors(std::array::from_fn(|i| turns * w.shift[i])))).collect();
        Self { now: vec![(zero, zero); waves.len()], waves, turns, step, at: None }
    }

    /// The waves at a step.
    ///
    /// # Shapes
    /// `sums`: one value a wave.
    pub fn at(&mut self, step: u64, sums: &mut [Complex32]) {
        let from = match self.at {
            Some(at) if at <= step && step - at <= ANCHOR => at,
            _ => {
                self.begin(step);
                step
            }
        };
        for next in from + 1..=step {
            full_width(Turn { now: &mut self.now, step: &self.step });
            for j in ((next % ANCHOR) as usize..self.waves.len()).step_by(ANCHOR as usize) {
                self.anchor(j, next);
            }
        }
        self.at = Some(step);
        widest(Totals { now: &self.now, sums });
    }

    /// Every wave from its last exact value at or before `step`.
    fn begin(&mut self, step: u64) {
        for j in 0..self.waves.len() {
            let since = (step + ANCHOR - j as u64 % ANCHOR) % ANCHOR;
            self.anchor(j, step.saturating_sub(since));
            for _ in 0..since.min(step) {
                full_width(Turn { now: &mut self.now[j..=j], step: &self.step[j..=j] });
            }
        }
    }

    fn anchor(&mut self, j: usize, step: u64) {
        let (wave, turns) = (&self.waves[j], self.turns * step as f64);
        self.now[j] = widest(Phasors(std::array::from_fn(|i| turns * wave.shift[i] + wave.phase_turns[i])));
    }
}

/// Cosines and sines of angles in turns.
struct Phasors([f64; SINUSOIDS]);

impl WithSimd for Phasors {
    type Output = (Part, Part);

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Self::Output {
        let (cosines, sines) = cos_sin(&self.0);
        let part = |x: &[f64; SINUSOIDS]| std::array::from_fn(|row| std::array::from_fn(|l| x[row * LANES + l] as f32));
        (part(&cosines), part(&sines))
    }
}

/// The waves' values from their sinusoids.
struct Totals<'a> {
    now: &'a [(Part, Part)],
    sums: &'a mut [Complex32],
}

impl WithSimd for Totals<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let scale = 1.0 / (SINUSOIDS as f32).sqrt();
        for (sum, (re, im)) in self.sums.iter_mut().zip(self.now) {
            *sum = Complex32::new(total(re), total(im)) * scale;
        }
    }
}

#[inline(always)]
fn total(part: &Part) -> f32 {
    let eight: [f32; 8] = std::array::from_fn(|l| (part[0][l] + part[1][l]) + (part[2][l] + part[3][l]));
    let four: [f32; 4] = std::array::from_fn(|l| eight[l] + eight[l + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// Sum of all sinusoids at angles in turns, to 1e-9 each.
struct Sum([f64; SINUSOIDS]);

impl WithSimd for Sum {
    type Output = Complex64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Complex64 {
        let (cosines, sines) = cos_sin(&self.0);
        Complex64::new(cosines.iter().sum(), sines.iter().sum())
    }
}

/// Turns every sinusoid on by one step.
struct Turn<'a> {
    now: &'a mut [(Part, Part)],
    step: &'a [(Part, Part)],
}

impl WithSimd for Turn<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for ((re, im), (c, s)) in self.now.iter_mut().zip(self.step) {
            let (re, im) = (S::as_mut_simd_f32s(re.as_flattened_mut()).0, S::as_mut_simd_f32s(im.as_flattened_mut()).0);
            let (c, s) = (S::as_simd_f32s(c.as_flattened()).0, S::as_simd_f32s(s.as_flattened()).0);
            for ((re, im), (c, s)) in re.iter_mut().zip(im).zip(c.iter().zip(s)) {
                let (a, b) = (*re, *im);
                *re = simd.sub_f32s(simd.mul_f32s(a, *c), simd.mul_f32s(b, *s));
                *im = simd.add_f32s(simd.mul_f32s(a, *s), simd.mul_f32s(b, *c));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bank_gives_what_its_waves_are_whatever_was_asked_before() {
        let waves = Wave::draw(7, 0, 3, 70);
        let turns = 70.0 * 68e-6;
        let mut bank = Bank::new(waves.clone(), turns);
        let mut straight = vec![Complex32::ZERO; 70];
        for step in 0..=1000 {
            bank.at(step, &mut straight);
        }
        for (z, wave) in straight.iter().zip(&waves) {
            let want = wave.at(1000.0 * turns);
            assert!((f64::from(z.re) - want.re).hypot(f64::from(z.im) - want.im) < 2e-5, "{z} {want}");
        }
        let mut jumped = vec![Complex32::ZERO; 70];
        for before in [0, 5, 990, 1003, 40_000] {
            let mut bank = Bank::new(waves.clone(), turns);
            bank.at(before, &mut jumped);
            bank.at(1000, &mut jumped);
            assert_eq!(straight, jumped, "after {before}");
        }
    }

    #[test]
    fn waves_have_unit_mean_power_and_shifts_within_one() {
        let waves = Wave::draw(1, 0, 0, 200);
        let power = waves.iter().map(|w| w.at(0.0).norm_sqr()).sum::<f64>() / 200.0;
        assert!((power - 1.0).abs() < 0.25, "{power}");
        assert!(waves.iter().all(|w| w.shift.iter().all(|s| s.abs() <= 1.0)));
    }
}
