//! OFDM demodulation.

use std::sync::Arc;

use num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

use super::{NrError, Numerology, SSB_SUBCARRIERS, SSB_SYMBOLS, SsbGrid};

/// Turns time samples into subcarriers of one block of consecutive subcarriers. Plans and buffers are made once.
///
/// The FFT is unitary: white noise of variance σ² a sample has variance σ² a resource element.
pub struct SymbolDemodulator {
    numerology: Numerology,
    plan: Arc<dyn Fft<f32>>,
    buffer: Vec<Complex32>,
    scratch: Vec<Complex32>,
    /// First bin of the block.
    first_bin: usize,
    /// Part of the block's offset that no whole bin covers, in Hz.
    residual_hz: f64,
    /// The window starts this many samples inside the cyclic prefix, so that a late window does no harm …
    backoff: usize,
    /// … and this ramp takes the delay out again, with the scale 1/√N. One value a subcarrier.
    ramp: Vec<Complex32>,
}

impl SymbolDemodulator {
    /// For `subcarriers` subcarriers of which number `subcarriers/2` lies `center_offset_hz` above the carrier centre (0 Hz of the samples).
    ///
    /// # Errors
    /// [`NrError::OutOfBand`] if the block does not fit.
    pub fn new(numerology: Numerology, center_offset_hz: f64, subcarriers: usize) -> Result<Self, NrError> {
        Self::with_planner(numerology, center_offset_hz, subcarriers, &mut FftPlanner::new())
    }

    /// As [`SymbolDemodulator::new`], with plans that others share.
    pub(crate) fn with_planner(
        numerology: Numerology,
        center_offset_hz: f64,
        subcarriers: usize,
        planner: &mut FftPlanner<f32>,
    ) -> Result<Self, NrError> {
        let n = numerology.fft();
        let width_hz = subcarriers as f64 * numerology.scs_hz();
        let inside = center_offset_hz.abs() + width_hz / 2.0 <= numerology.rate_hz() / 2.0 + 0.5;
        if !inside || subcarriers == 0 {
            return Err(NrError::OutOfBand { offset_hz: center_offset_hz, width_hz, rate_hz: numerology.rate_hz() });
        }
        let bins = (center_offset_hz / numerology.scs_hz()).round();
        let residual_hz = center_offset_hz - bins * numerology.scs_hz();
        let first = bins as i64 - (subcarriers / 2) as i64;
        let plan = planner.plan_fft_forward(n);
        let scratch = vec![Complex32::new(0.0, 0.0); plan.get_inplace_scratch_len()];
        let backoff = numerology.cp() / 4;
        let scale = 1.0 / (n as f64).sqrt();
        let ramp = (0..subcarriers as i64)
            .map(|k| {
                let phase = std::f64::consts::TAU * (first + k) as f64 * backoff as f64 / n as f64;
                Complex32::new((phase.cos() * scale) as f32, (phase.sin() * scale) as f32)
            })
            .collect();
        Ok(Self {
            numerology,
            plan,
            buffer: vec![Complex32::new(0.0, 0.0); n],
            scratch,
            first_bin: first.rem_euclid(n as i64) as usize,
            residual_hz,
            backoff,
            ramp,
        })
    }

    /// First bin of the block.
    pub(crate) const fn first_bin(&self) -> usize {
        self.first_bin
    }

    /// Part of the block's offset that no whole bin covers, in Hz.
    pub(crate) const fn residual_hz(&self) -> f64 {
        self.residual_hz
    }

    /// The numerology.
    #[must_use]
    pub const fn numerology(&self) -> &Numerology {
        &self.numerology
    }

    /// Demodulates the symbol whose useful part (after its cyclic prefix) starts at `iq[useful]`, after taking `cfo_hz` out.
    ///
    /// The phase of the frequency correction is zero at `iq[0]`.
    ///
    /// # Shapes
    /// `out[subcarriers]`, lowest first; shorter is filled as far as it goes.
    ///
    /// # Errors
    /// [`NrError::TooShort`] if the symbol is not inside `iq`.
    //= TS 38.211 §5.3.1
    pub fn demodulate(
        &mut self,
        iq: &[Complex32],
        useful: usize,
        cfo_hz: f64,
        out: &mut [Complex32],
    ) -> Result<(), NrError> {
        self.window(iq, useful, cfo_hz)?;
        self.transform(out);
        Ok(())
    }

    /// As [`SymbolDemodulator::demodulate`], each sample weighted with its time from the middle of the useful part, in useful parts
    /// (−½…½): j2π times this is how the symbol changes with a frequency offset of one subcarrier, its phase in the middle held.
    pub(crate) fn demodulate_by_time(
        &mut self,
        iq: &[Complex32],
        useful: usize,
        cfo_hz: f64,
        out: &mut [Complex32],
    ) -> Result<(), NrError> {
        self.window(iq, useful, cfo_hz)?;
        let per_sample = 1.0 / self.numerology.fft() as f32;
        let middle = 0.5 - 0.5 * per_sample;
        self.buffer.iter_mut().enumerate().for_each(|(n, v)| *v *= n as f32 * per_sample - middle);
        self.transform(out);
        Ok(())
    }

    /// Takes the samples of one symbol and turns the frequency offset out of them.
    fn window(&mut self, iq: &[Complex32], useful: usize, cfo_hz: f64) -> Result<(), NrError> {
        let n = self.numerology.fft();
        let start = useful.saturating_sub(self.backoff);
        let window = iq.get(start..start + n).ok_or(NrError::TooShort { got: iq.len(), needed: start + n })?;
        self.buffer.copy_from_slice(window);
        let shift_hz = cfo_hz + self.residual_hz;
        if shift_hz != 0.0 {
            rotate(&mut self.buffer, start, -shift_hz / self.numerology.rate_hz());
        }
        Ok(())
    }

    fn transform(&mut self, out: &mut [Complex32]) {
        self.plan.process_with_scratch(&mut self.buffer, &mut self.scratch);
        let (wrapped, from) = self.buffer.split_at(self.first_bin);
        for ((out, bin), ramp) in out.iter_mut().zip(from.iter().chain(wrapped)).zip(&self.ramp) {
            *out = bin * ramp;
        }
    }

    /// Demodulates an SS/PBCH block whose first CP sample is `iq[0]`.
    ///
    /// # Errors
    /// [`NrError::TooShort`] unless `iq` holds four symbols.
    pub fn demodulate_block(&mut self, iq: &[Complex32], cfo_hz: f64, grid: &mut SsbGrid) -> Result<(), NrError> {
        self.each_symbol(iq, grid, |demod, useful, row| demod.demodulate(iq, useful, cfo_hz, row))
    }

    /// As [`SymbolDemodulator::demodulate_block`] with the weights of [`SymbolDemodulator::demodulate_by_time`].
    pub(crate) fn demodulate_block_by_time(
        &mut self,
        iq: &[Complex32],
        cfo_hz: f64,
        grid: &mut SsbGrid,
    ) -> Result<(), NrError> {
        self.each_symbol(iq, grid, |demod, useful, row| demod.demodulate_by_time(iq, useful, cfo_hz, row))
    }

    fn each_symbol(
        &mut self,
        iq: &[Complex32],
        grid: &mut SsbGrid,
        demodulate: impl Fn(&mut Self, usize, &mut [Complex32]) -> Result<(), NrError>,
    ) -> Result<(), NrError> {
        let (symbol, cp) = (self.numerology.symbol(), self.numerology.cp());
        if iq.len() < SSB_SYMBOLS * symbol {
            return Err(NrError::TooShort { got: iq.len(), needed: SSB_SYMBOLS * symbol });
        }
        debug_assert_eq!(self.ramp.len(), SSB_SUBCARRIERS);
        grid.re.iter_mut().enumerate().try_for_each(|(l, row)| demodulate(self, l * symbol + cp, row))
    }
}

/// Multiplies `x[n]` by `exp(j 2π cycles (first + n))`.
pub(crate) fn rotate(x: &mut [Complex32], first: usize, cycles: f64) {
    // eight independent recurrences, started afresh every 512 samples: fast, and exact to 1e-6
    let step8 = num_complex::Complex64::cis(std::f64::consts::TAU * cycles * 8.0);
    let step8 = Complex32::new(step8.re as f32, step8.im as f32);
    for (block, chunk) in x.chunks_mut(512).enumerate() {
        let mut w: [Complex32; 8] = std::array::from_fn(|i| {
            let turns = (cycles * (first + block * 512 + i) as f64).fract();
            let w = num_complex::Complex64::cis(std::f64::consts::TAU * turns);
            Complex32::new(w.re as f32, w.im as f32)
        });
        for eight in chunk.chunks_mut(8) {
            for (v, w) in eight.iter_mut().zip(&mut w) {
                *v *= *w;
                *w *= step8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_falls_on_its_subcarrier() {
        let numerology = Numerology::new(7.68e6, 15e3).unwrap();
        let mut demod = SymbolDemodulator::new(numerology, -450e3, 240).unwrap();
        // subcarrier 120 + 7 of a block at −450 kHz is −345 kHz; 300 Hz of CFO on top
        let hz = -345e3 + 300.0;
        let mut iq = vec![Complex32::new(1.0, 0.0); 548];
        rotate(&mut iq, 0, hz / 7.68e6);
        let mut out = [Complex32::new(0.0, 0.0); 240];
        demod.demodulate(&iq, 36, 300.0, &mut out).unwrap();
        assert!((out[127].norm() - 512f32.sqrt()).abs() < 1e-3);
        // phase of the tone at the start of the useful part
        let expected = num_complex::Complex64::cis(std::f64::consts::TAU * -345e3 * 36.0 / 7.68e6).arg() as f32;
        assert!((out[127].arg() - expected).abs() < 1e-3);
        assert!(out.iter().enumerate().all(|(k, v)| k == 127 || v.norm() < 1e-2));
    }

    #[test]
    fn short_input_is_an_error() {
        let numerology = Numerology::new(7.68e6, 15e3).unwrap();
        let mut demod = SymbolDemodulator::new(numerology, 0.0, 240).unwrap();
        assert!(demod.demodulate_block(&[], 0.0, &mut SsbGrid::zero()).is_err());
        assert!(SymbolDemodulator::new(numerology, 3e6, 240).is_err());
    }
}
