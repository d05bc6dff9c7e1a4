//! Takes a received SS/PBCH block out of the samples, so that what lies under it shows.

use std::sync::Arc;

use num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

use super::ofdm::rotate;
use super::{NrError, Numerology, SSB_SUBCARRIERS, SSB_SYMBOLS, SsbGrid, SsbReport, SsbTracker};

/// Subtracts blocks. Plans and buffers are made once.
///
/// What is subtracted is the block as the fit of [`SsbTracker`] sees it: known values through the channel, with cyclic prefix and offset. Left
/// over is the error of the channel estimate, 10 dB and more under the block, and what the channel spreads beyond the cyclic prefix.
pub(crate) struct Canceller {
    numerology: Numerology,
    plan: Arc<dyn Fft<f32>>,
    scratch: Vec<Complex32>,
    bins: Vec<Complex32>,
    symbol: Vec<Complex32>,
    grid: SsbGrid,
    report: SsbReport,
}

impl Canceller {
    pub fn new(numerology: Numerology, planner: &mut FftPlanner<f32>) -> Self {
        let plan = planner.plan_fft_inverse(numerology.fft());
        let zero = Complex32::new(0.0, 0.0);
        Self {
            scratch: vec![zero; plan.get_inplace_scratch_len()],
            bins: vec![zero; numerology.fft()],
            symbol: vec![zero; numerology.symbol()],
            plan,
            numerology,
            grid: SsbGrid::zero(),
            report: SsbReport::default(),
        }
    }

    /// Subtracts the block of `tracker`'s cell whose first CP sample is `iq[start]`; whether there was one.
    ///
    /// # Errors
    /// [`NrError::TooShort`], [`NrError::NotFinite`].
    pub fn subtract(
        &mut self,
        iq: &mut [Complex32],
        start: usize,
        cfo_hz: f64,
        tracker: &mut SsbTracker,
    ) -> Result<bool, NrError> {
        let needed = start + SSB_SYMBOLS * self.numerology.symbol();
        let piece = iq.get(start..needed).ok_or(NrError::TooShort { got: iq.len(), needed })?;
        match tracker.process_known(start as u64, piece, cfo_hz, &mut self.report) {
            Ok(()) => {}
            Err(NrError::NoSignal) => return Ok(false),
            Err(other) => return Err(other),
        }
        let decoded = tracker.decode_mib(&mut self.report).is_some();
        tracker.expected(decoded, &mut self.grid);
        let (first_bin, residual_hz) = (tracker.demodulator().first_bin(), tracker.demodulator().residual_hz());
        let turn = (cfo_hz + residual_hz) / self.numerology.rate_hz();
        let (n, cp) = (self.numerology.fft(), self.numerology.cp());
        let scale = 1.0 / (n as f32).sqrt();
        for (l, row) in self.grid.re.iter().enumerate() {
            self.bins.fill(Complex32::new(0.0, 0.0));
            for (k, value) in row.iter().enumerate().take(SSB_SUBCARRIERS) {
                self.bins[(first_bin + k) % n] = value * scale;
            }
            self.plan.process_with_scratch(&mut self.bins, &mut self.scratch);
            self.symbol[..cp].copy_from_slice(&self.bins[n - cp..]);
            self.symbol[cp..].copy_from_slice(&self.bins);
            let from = l * self.numerology.symbol();
            rotate(&mut self.symbol, from, turn);
            iq[start + from..].iter_mut().zip(&self.symbol).for_each(|(v, s)| *v -= s);
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{Block, noise};
    use super::super::{Numerology, TrackerConfig};
    use super::*;

    #[test]
    fn a_block_with_offset_and_gain_leaves_the_noise() {
        let n = Numerology::new(7.68e6, 15e3).unwrap();
        let block = Block { pci: 9, index: 1, half_frame: false, sfn: 700, l_max: 4 };
        let mut sent = block.samples(&n, -450e3);
        rotate(&mut sent, 0, 800.0 / 7.68e6);
        let noise = noise(4000, 0.01, 3);
        let mut iq = noise.clone();
        let gain = Complex32::new(0.6, -0.8);
        iq[500..].iter_mut().zip(&sent).for_each(|(v, s)| *v += s * gain);
        let config = TrackerConfig {
            pci: 9,
            rate_hz: 7.68e6,
            scs_hz: 15e3,
            ssb_offset_hz: -450e3,
            l_max: 4,
            cfo_hz: 0.0,
            symbol_phase_rad: 0.0,
        };
        let mut tracker = SsbTracker::new(config).unwrap();
        let mut canceller = Canceller::new(n, &mut FftPlanner::new());
        assert!(canceller.subtract(&mut iq, 500, 800.0, &mut tracker).unwrap());
        let left: f32 = iq.iter().zip(&noise).map(|(a, b)| (a - b).norm_sqr()).sum::<f32>() / 2192.0;
        let was: f32 = sent.iter().map(Complex32::norm_sqr).sum::<f32>() / 2192.0;
        assert!(left / was < 1e-3, "{left} of {was}");
    }
}
