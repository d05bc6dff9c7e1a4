//! PSS correlation over long pieces of signal, by FFT, at any block offset.

use std::sync::Arc;

use num_complex::{Complex32, Complex64};
use rustfft::{Fft, FftPlanner};

use super::{NrError, Numerology, SYNC_LEN, pss};
use crate::simd::{Simd, WithSimd, widest};

/// Samples of a symbol at the low rate the correlation runs at: the PSS's 127 subcarriers just fit.
pub(crate) const LOW_FFT: usize = 128;
/// Symbols in one piece; also the number of frequency steps a subcarrier has.
const PIECE: usize = 16;
const LOW_PIECE: usize = PIECE * LOW_FFT;
/// Correlation values each piece gives.
pub(crate) const HOP: usize = LOW_PIECE - LOW_FFT;

pub(crate) struct Correlator {
    numerology: Numerology,
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
    /// Conjugate spectra of the three sequences, unit energy.
    reference: [Vec<Complex32>; 3],
    scratch: Vec<Complex32>,
    band: Vec<Complex32>,
    work: Vec<Complex32>,
}

impl Correlator {
    pub fn new(numerology: Numerology) -> Result<Self, NrError> {
        Self::with_planner(numerology, &mut FftPlanner::new())
    }

    /// As [`Correlator::new`], with plans that others share.
    pub fn with_planner(numerology: Numerology, planner: &mut FftPlanner<f32>) -> Result<Self, NrError> {
        let forward = planner.plan_fft_forward(PIECE * numerology.fft());
        let inverse = planner.plan_fft_inverse(LOW_PIECE);
        let low = planner.plan_fft_forward(LOW_PIECE);
        let mut reference: [Vec<Complex32>; 3] = Default::default();
        for (n2, slot) in (0u8..).zip(&mut reference) {
            *slot = waveform(n2)?;
            slot.resize(LOW_PIECE, Complex32::new(0.0, 0.0));
            low.process(slot);
            slot.iter_mut().for_each(|v| *v = v.conj());
        }
        let zero = Complex32::new(0.0, 0.0);
        let scratch = forward.get_inplace_scratch_len().max(inverse.get_inplace_scratch_len());
        Ok(Self {
            numerology,
            forward,
            inverse,
            reference,
            scratch: vec![zero; scratch],
            band: vec![zero; LOW_PIECE],
            work: vec![zero; LOW_PIECE],
        })
    }

    /// Full-rate samples of one low-rate sample.
    pub const fn decimation(&self) -> usize {
        self.numerology.fft() / LOW_FFT
    }

    /// Number of pieces that cover `len` samples.
    pub fn pieces(&self, len: usize) -> usize {
        (len / self.decimation()).saturating_sub(LOW_FFT).div_ceil(HOP)
    }

    /// Spectrum of piece `piece` of `iq`, into `out` (resized).
    pub fn spectrum(&mut self, iq: &[Complex32], piece: usize, out: &mut Vec<Complex32>) {
        let len = PIECE * self.numerology.fft();
        let from = (piece * HOP * self.decimation()).min(iq.len());
        let to = (from + len).min(iq.len());
        out.clear();
        out.extend_from_slice(&iq[from..to]);
        out.resize(len, Complex32::new(0.0, 0.0));
        self.forward.process_with_scratch(out, &mut self.scratch);
    }

    /// Cuts the band around `offset_hz` out of `spectrum` for [`Correlator::metric`].
    pub fn tune(&mut self, spectrum: &[Complex32], offset_hz: f64) {
        let len = spectrum.len();
        let step_hz = self.numerology.scs_hz() / PIECE as f64;
        let center = ((offset_hz / step_hz).round() as i64).rem_euclid(len as i64) as usize;
        let half = LOW_PIECE / 2;
        copy_around(spectrum, center, &mut self.band[..half]);
        copy_around(spectrum, (center + len - half) % len, &mut self.band[half..]);
    }

    /// One over the energy under the sequence at each place of the tuned piece; 0 where there is next to none.
    pub fn inverse_energy(&mut self, out: &mut [f32; HOP]) {
        self.work.copy_from_slice(&self.band);
        self.inverse.process_with_scratch(&mut self.work, &mut self.scratch);
        let mut sum: f64 = self.work[..LOW_FFT].iter().map(|v| f64::from(v.norm_sqr())).sum();
        let mut most = f32::MIN_POSITIVE;
        for (e, (old, new)) in out.iter_mut().zip(self.work.iter().zip(&self.work[LOW_FFT..])) {
            *e = sum.max(0.0) as f32;
            most = most.max(*e);
            sum += f64::from(new.norm_sqr()) - f64::from(old.norm_sqr());
        }
        let floor = 1e-5 * most;
        out.iter_mut().for_each(|e| *e = if *e > floor { 1.0 / *e } else { 0.0 });
    }

    /// Squared normalised correlation with sequence `n2` at each place of the tuned piece: 0…1, the share of the energy that is PSS.
    pub fn metric(&mut self, n2: u8, inverse_energy: &[f32; HOP], out: &mut [f32; HOP]) {
        let reference = &self.reference[usize::from(n2 % 3)];
        widest(Product { out: &mut self.work, a: &self.band, b: reference });
        self.inverse.process_with_scratch(&mut self.work, &mut self.scratch);
        widest(Power { out, value: &self.work, scale: inverse_energy });
    }
}

/// Copies from the circle `from` beginning at `first`.
fn copy_around(from: &[Complex32], first: usize, to: &mut [Complex32]) {
    let straight = to.len().min(from.len() - first);
    let (a, b) = to.split_at_mut(straight);
    a.copy_from_slice(&from[first..first + straight]);
    let rest = b.len();
    b.copy_from_slice(&from[..rest]);
}

struct Product<'a> {
    out: &'a mut [Complex32],
    a: &'a [Complex32],
    b: &'a [Complex32],
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for ((o, a), b) in self.out.iter_mut().zip(self.a).zip(self.b) {
            *o = Complex32::new(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re);
        }
    }
}

struct Power<'a> {
    out: &'a mut [f32],
    value: &'a [Complex32],
    scale: &'a [f32],
}

impl WithSimd for Power<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for ((o, v), s) in self.out.iter_mut().zip(self.value).zip(self.scale) {
            *o = (v.re * v.re + v.im * v.im) * s;
        }
    }
}

/// One PSS symbol at the low rate without its prefix, unit energy.
fn waveform(n2: u8) -> Result<Vec<Complex32>, NrError> {
    let d = pss(n2)?;
    let scale = 1.0 / ((LOW_FFT * SYNC_LEN) as f64).sqrt();
    Ok((0..LOW_FFT)
        .map(|i| {
            let sum: Complex64 = d
                .iter()
                .enumerate()
                // subcarrier 56 + n of 240, counted from subcarrier 120
                .map(|(n, d)| {
                    Complex64::cis(std::f64::consts::TAU * ((n as f64 - 64.0) * i as f64 / LOW_FFT as f64))
                        * f64::from(*d)
                })
                .sum();
            Complex32::new((sum.re * scale) as f32, (sum.im * scale) as f32)
        })
        .collect())
}
