//! A radio's receiver as a source of samples.

use super::streams::Receive;
use crate::iq::{Next, Source, StreamError, Stretch, zero_nonfinite};
use num_complex::Complex32;

/// What a receiver hears. What it could not keep is lost, told by the device's time.
pub struct RadioSource {
    rx: Box<dyn Receive>,
    rate_hz: f64,
    frequency_hz: f64,
}

impl RadioSource {
    /// A receiver of one channel that was set to this rate and centre.
    #[must_use]
    pub fn new(rx: Box<dyn Receive>, rate_hz: f64, frequency_hz: f64) -> Self {
        Self { rx, rate_hz, frequency_hz }
    }
}

impl Source for RadioSource {
    fn rate_hz(&self) -> f64 {
        self.rate_hz
    }

    fn frequency_hz(&self) -> Option<f64> {
        Some(self.frequency_hz)
    }

    fn read(&mut self, samples: &mut [Complex32]) -> Result<Next, StreamError> {
        let Some(block) = self.rx.read(&mut [&mut *samples])? else { return Ok(Next::Nothing) };
        let nonfinite = zero_nonfinite(&mut samples[..block.len]);
        Ok(Next::Samples(Stretch { len: block.len, first: block.first, lost: block.lost, nonfinite }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::RadioError;
    use super::super::streams::Block;
    use super::*;

    /// A receiver of floats: one block with what no number is, then it is gone.
    struct Floats(bool);

    impl Receive for Floats {
        fn channels(&self) -> usize {
            1
        }

        fn packet(&self) -> usize {
            1
        }

        fn read(&mut self, samples: &mut [&mut [Complex32]]) -> Result<Option<Block>, RadioError> {
            if std::mem::replace(&mut self.0, true) {
                return Err(RadioError::Gone("unplugged".into()));
            }
            samples[0][..3].copy_from_slice(&[Complex32::ONE, Complex32::new(0.0, f32::NAN), Complex32::I]);
            Ok(Some(Block { len: 3, time_ns: 7, first: 10, lost: 10 }))
        }

        fn lower_gain(&mut self) -> Result<(), RadioError> {
            Ok(())
        }
    }

    #[test]
    fn what_is_no_number_is_zero_and_counted_and_a_radio_that_is_gone_is_said_to_be() {
        let mut source = RadioSource::new(Box::new(Floats(false)), 1e6, 3.5e9);
        let mut samples = [Complex32::ZERO; 5];
        let next = source.read(&mut samples).unwrap();
        assert_eq!(next, Next::Samples(Stretch { len: 3, first: 10, lost: 10, nonfinite: 1 }));
        assert_eq!(samples[..3], [Complex32::ONE, Complex32::ZERO, Complex32::I]);
        assert_eq!(source.read(&mut samples).unwrap_err().to_string(), "the other side is gone: unplugged");
    }
}
