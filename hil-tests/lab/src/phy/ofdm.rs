//! OFDM modulation and its inverse, with the per-symbol phase of upconversion.
use super::numerology::{Numerology, SYMBOLS};
use num_complex::Complex32;
use rustfft::{Fft, FftPlanner};
use std::f64::consts::TAU;
use std::sync::Arc;

/// Plans and phases for one numerology and carrier.
pub struct Ofdm {
    n: Numerology,
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
    phase: [Complex32; SYMBOLS],
    work: Vec<Complex32>,
    scratch: Vec<Complex32>,
}

impl Ofdm {
    /// Plans for `n`; `carrier_hz` > 0 applies the phase of each symbol that upconversion to that frequency asks for.
    #[must_use]
    pub fn new(n: Numerology, carrier_hz: f64) -> Self {
        let mut planner = FftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(n.fft), planner.plan_fft_inverse(n.fft));
        let scratch = forward.get_inplace_scratch_len().max(inverse.get_inplace_scratch_len());
        //= TS 38.211 §5.4: the useful part of each symbol starts at phase zero of the carrier
        let phase = std::array::from_fn(|l| {
            let t_s = (n.symbol_start(l) + n.cp(l)) as f64 / f64::from(n.rate_hz);
            let cycles = (carrier_hz * t_s).fract();
            Complex32::from_polar(1.0, (-TAU * cycles) as f32)
        });
        Self {
            n,
            forward,
            inverse,
            phase,
            work: vec![Complex32::default(); n.fft],
            scratch: vec![Complex32::default(); scratch],
        }
    }

    /// The numerology it was planned for.
    #[must_use]
    pub const fn numerology(&self) -> &Numerology {
        &self.n
    }

    /// Modulates the carrier's subcarriers `re` (lowest first) as symbol `l`, times `amplitude`, and adds nothing else.
    ///
    /// # Shapes
    /// `re`: `12·prb`; `out`: `cp(l) + fft`, overwritten.
    //= TS 38.211 §5.3.1
    pub fn modulate(&mut self, re: &[Complex32], l: usize, amplitude: f32, out: &mut [Complex32]) {
        let (half, cp) = (self.n.subcarriers() / 2, self.n.cp(l));
        self.work.fill(Complex32::default());
        let gain = self.phase[l] * amplitude;
        for (i, &value) in re.iter().enumerate() {
            self.work[(i + self.n.fft - half) % self.n.fft] = value * gain;
        }
        self.inverse.process_with_scratch(&mut self.work, &mut self.scratch);
        out[cp..cp + self.n.fft].copy_from_slice(&self.work);
        out[..cp].copy_from_slice(&self.work[self.n.fft - cp..]);
    }

    /// Subcarriers of symbol `l` from a window that starts `early` samples before its useful part.
    ///
    /// # Shapes
    /// `window`: at least `fft`; `out`: `12·prb`. Scaled by 1/√fft.
    pub fn demodulate(&mut self, window: &[Complex32], l: usize, early: usize, out: &mut [Complex32]) {
        let (half, fft) = (self.n.subcarriers() / 2, self.n.fft);
        self.work.copy_from_slice(&window[..fft]);
        self.forward.process_with_scratch(&mut self.work, &mut self.scratch);
        let gain = self.phase[l].conj() / (fft as f32).sqrt();
        let turn = (TAU * early as f64 / fft as f64) as f32;
        for (i, value) in out.iter_mut().enumerate() {
            let k = i as i32 - half as i32;
            let back = Complex32::from_polar(1.0, turn * k as f32);
            *value = self.work[(i + fft - half) % fft] * gain * back;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_subcarrier_is_one_tone_and_comes_back() {
        let n = Numerology::new(7_680_000, 25).unwrap();
        let mut ofdm = Ofdm::new(n, 1_842.5e6);
        let mut re = vec![Complex32::default(); 300];
        re[150 + 10] = Complex32::new(0.0, 1.0);
        let mut out = vec![Complex32::default(); 548];
        ofdm.modulate(&re, 2, 0.5, &mut out);
        // 10 subcarriers above the centre: 10 turns over 512 samples.
        let turn = out[37] / out[36];
        assert!((turn.arg() - std::f32::consts::TAU * 10.0 / 512.0).abs() < 1e-4);
        assert!((out[0] - out[512]).norm() < 1e-6, "cyclic prefix repeats the end");
        let mut back = vec![Complex32::default(); 300];
        ofdm.demodulate(&out[36 - 5..], 2, 5, &mut back);
        let expect = re[160] * 0.5 * (512f32).sqrt();
        assert!((back[160] - expect).norm() < 1e-3);
        assert!(back[161].norm() < 1e-3);
    }
}
