//! Streams of artificial noise, white or in a band.

use super::change::PrbRange;
use crate::emulator::{NoiseTable, mix};
use num_complex::Complex32;
use rustfft::FftPlanner;
use std::sync::Arc;

/// Samples of a table of noise in a band.
const TABLE: usize = 1 << 14;
/// Samples from one window to the next; a window has twice as many.
const HOP: usize = 512;
/// Streams of the white table begin here, so that none is that of a receiver.
const FIRST_STREAM: u64 = 1 << 32;

/// Where noise streams come from: power 1, sample `n` of stream `k` depends on seed, `k` and `n` only.
#[derive(Debug, Clone)]
pub(super) struct NoiseSource {
    pub(super) band: Option<PrbRange>,
    white: NoiseTable,
    shaped: Option<Arc<Shaped>>,
}

/// A periodic table of noise in a band, read in windows of 1024 samples from random places. Windows overlap by half and
/// their squares sum to 1, so the power is constant and there is no jump. The window is half a period of a sine: its
/// sidelobes fall with 12 dB an octave, so outside the band the density is 30 dB down from 4/1024 of the rate on (90 kHz at
/// 23.04 MS/s) and 50 dB from 20/1024 on.
#[derive(Debug)]
struct Shaped {
    table: Vec<Complex32>,
    /// Rising half of the window; the falling half is its mirror image.
    window: Vec<f32>,
    seed: u64,
}

impl NoiseSource {
    pub(super) fn white(table: &NoiseTable) -> Self {
        Self { band: None, white: table.clone(), shaped: None }
    }

    /// Noise in a band that [fits](PrbRange::fits) the carrier and the rate.
    pub(super) fn shaped(
        table: &NoiseTable,
        seed: u64,
        band: PrbRange,
        rate_hz: f64,
        planner: &mut FftPlanner<f32>,
    ) -> Self {
        let mut samples = vec![Complex32::ZERO; TABLE];
        table.stream(FIRST_STREAM - 1).add(&mut samples, 0, 1.0);
        planner.plan_fft_forward(TABLE).process(&mut samples);
        let (first, end) = band.subcarriers();
        // a subcarrier reaches half its spacing to each side
        let bin = |k: i32| ((f64::from(k) - 0.5) * f64::from(band.scs_hz) / rate_hz * TABLE as f64).round() as i64;
        let (low, high) = (bin(first), bin(end));
        for (i, z) in samples.iter_mut().enumerate() {
            let i = i as i64;
            let k = if i >= TABLE as i64 / 2 { i - TABLE as i64 } else { i };
            // random phases, but the same power in each bin: the density is flat and not that of one draw
            *z = if k < low || k >= high { Complex32::ZERO } else { *z / z.norm().max(f32::MIN_POSITIVE) };
        }
        planner.plan_fft_inverse(TABLE).process(&mut samples);
        let power = samples.iter().map(|z| f64::from(z.norm_sqr())).sum::<f64>() / TABLE as f64;
        samples.iter_mut().for_each(|z| *z /= power.sqrt() as f32);
        samples.extend_from_within(..2 * HOP);
        let window = (0..HOP).map(|i| ((i as f32 + 0.5) * std::f32::consts::FRAC_PI_2 / HOP as f32).sin()).collect();
        Self { band: Some(band), white: table.clone(), shaped: Some(Arc::new(Shaped { table: samples, window, seed })) }
    }

    /// Writes the samples of stream `k` whose first has index `first`.
    pub(super) fn fill(&self, k: usize, samples: &mut [Complex32], first: u64) {
        if let Some(shaped) = &self.shaped {
            shaped.fill(k as u64, samples, first);
        } else {
            samples.fill(Complex32::ZERO);
            self.white.stream(FIRST_STREAM + k as u64).add(samples, first, 1.0);
        }
    }
}

impl Shaped {
    fn fill(&self, k: u64, samples: &mut [Complex32], first: u64) {
        let mut at = 0;
        while at < samples.len() {
            let n = first + at as u64;
            let (block, into) = (n / HOP as u64, (n % HOP as u64) as usize);
            let len = (HOP - into).min(samples.len() - at);
            let fades = self.place(k, block.wrapping_sub(1)) + HOP + into;
            let comes = self.place(k, block) + into;
            let rising = &self.window[into..into + len];
            let falling = self.window[HOP - into - len..HOP - into].iter().rev();
            let old = &self.table[fades..fades + len];
            let new = &self.table[comes..comes + len];
            let windows = rising.iter().zip(falling);
            for ((y, (old, new)), (up, down)) in samples[at..at + len].iter_mut().zip(old.iter().zip(new)).zip(windows)
            {
                *y = old * down + new * up;
            }
            at += len;
        }
    }

    fn place(&self, k: u64, block: u64) -> usize {
        (mix(self.seed ^ mix(k.wrapping_add(mix(block)))) % TABLE as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE_HZ: f64 = 23.04e6;

    fn source() -> NoiseSource {
        // 20 of 106 blocks: subcarriers -396 … -157
        let band = PrbRange { scs_hz: 15_000, carrier_prbs: 106, first_prb: 20, prbs: 20 };
        NoiseSource::shaped(&NoiseTable::new(5), 9, band, RATE_HZ, &mut FftPlanner::new())
    }

    #[test]
    fn flat_in_the_band_and_nothing_outside() {
        let source = source();
        let mut x = vec![Complex32::ZERO; 2_048 * 400];
        source.fill(0, &mut x, 12_345);
        let power = x.iter().map(|z| f64::from(z.norm_sqr())).sum::<f64>() / x.len() as f64;
        assert!((power - 1.0).abs() < 0.03, "{power}");
        // density by averaged periodograms behind a Blackman-Harris window: 2048 bins of 11.25 kHz, sidelobes −92 dB
        let fft = FftPlanner::<f64>::new().plan_fft_forward(2048);
        let mut density = vec![0.0_f64; 2048];
        for piece in x.chunks(2048) {
            let mut z: Vec<num_complex::Complex64> = piece
                .iter()
                .enumerate()
                .map(|(i, z)| {
                    let t = std::f64::consts::TAU * i as f64 / 2048.0;
                    let w = 0.35875 - 0.48829 * t.cos() + 0.14128 * (2.0 * t).cos() - 0.01168 * (3.0 * t).cos();
                    num_complex::Complex64::new(f64::from(z.re) * w, f64::from(z.im) * w)
                })
                .collect();
            fft.process(&mut z);
            density.iter_mut().zip(&z).for_each(|(d, z)| *d += z.norm_sqr());
        }
        let at_hz = |hz: f64| density[((hz / 11_250.0).round() as i64).rem_euclid(2048) as usize];
        let (low, high) = (-396.5 * 15e3, -156.5 * 15e3);
        let inside: Vec<f64> =
            (0..).map(|i| low + 60e3 + 11_250.0 * f64::from(i)).take_while(|hz| *hz < high - 60e3).map(at_hz).collect();
        let mean = inside.iter().sum::<f64>() / inside.len() as f64;
        // bands of 16 bins: 400·16 independent values scatter by 1 to 2 %
        for some in inside.chunks_exact(16) {
            let ratio = some.iter().sum::<f64>() / 16.0 / mean;
            assert!((0.93..1.07).contains(&ratio), "{ratio}");
        }
        let db = |d: f64| 10.0 * (d / mean).log10();
        let transition = 4.0 / 1024.0 * RATE_HZ + 4.0 * 11_250.0; // the four bins are those of the window that looks
        let (mut worst, mut far) = (f64::MIN, f64::MIN);
        for i in -1024..1024 {
            let hz = 11_250.0 * f64::from(i);
            let away = (low - hz).max(hz - high);
            if away > transition {
                worst = worst.max(db(at_hz(hz)));
            }
            if away > 20.0 / 1024.0 * RATE_HZ + 45e3 {
                far = far.max(db(at_hz(hz)));
            }
        }
        assert!(worst < -30.0, "{worst}");
        assert!(far < -50.0, "{far}");
    }

    #[test]
    fn independent_of_the_cut_and_of_the_other_streams() {
        for source in [source(), NoiseSource::white(&NoiseTable::new(5))] {
            let mut whole = vec![Complex32::ZERO; 100_000];
            source.fill(1, &mut whole, 77);
            let mut cut = whole.clone();
            cut.fill(Complex32::ONE);
            let (a, b) = cut.split_at_mut(1234);
            source.fill(1, a, 77);
            source.fill(1, b, 77 + 1234);
            assert_eq!(whole, cut);
            let mut other = whole.clone();
            source.fill(2, &mut other, 77);
            let inner: Complex32 = whole.iter().zip(&other).map(|(a, b)| a * b.conj()).sum();
            assert!(inner.norm() / 100_000.0 < 0.03, "{inner}");
        }
    }
}
