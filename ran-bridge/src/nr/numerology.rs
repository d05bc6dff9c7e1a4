//! Sample counts of OFDM symbols and slots at a given rate.

use super::NrError;

/// OFDM numerology at a sample rate (normal cyclic prefix).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Numerology {
    rate_hz: f64,
    scs_hz: f64,
    fft: usize,
    mu: u32,
}

impl Numerology {
    /// The numerology of `scs_hz` (15 000 or 30 000) at `rate_hz`.
    ///
    /// # Errors
    /// [`NrError::Rate`] if `rate_hz / scs_hz` is no multiple of 128, or is below 256 or above 8192.
    pub fn new(rate_hz: f64, scs_hz: f64) -> Result<Self, NrError> {
        let error = NrError::Rate { rate_hz, scs_hz, step_hz: scs_hz * 128.0 };
        let mu = if scs_hz == 15_000.0 {
            0
        } else if scs_hz == 30_000.0 {
            1
        } else {
            return Err(error);
        };
        let fft = rate_hz / scs_hz;
        if !fft.is_finite()
            || fft.fract() != 0.0
            || !(256.0..=8192.0).contains(&fft)
            || !(fft as usize).is_multiple_of(128)
        {
            return Err(error);
        }
        Ok(Self { rate_hz, scs_hz, fft: fft as usize, mu })
    }

    /// Sample rate in Hz.
    #[must_use]
    pub const fn rate_hz(&self) -> f64 {
        self.rate_hz
    }

    /// Subcarrier spacing in Hz.
    #[must_use]
    pub const fn scs_hz(&self) -> f64 {
        self.scs_hz
    }

    /// Samples of a symbol without its cyclic prefix.
    #[must_use]
    pub const fn fft(&self) -> usize {
        self.fft
    }

    /// Samples of the cyclic prefix of all symbols but the first of each half subframe.
    #[must_use]
    //= TS 38.211 §5.3.1: N_CP = 144 κ 2^−μ, that is 144/2048 of a symbol
    pub const fn cp(&self) -> usize {
        self.fft * 144 / 2048
    }

    /// Samples of the cyclic prefix of symbol `symbol` of slot `slot` (both may count on through the frame).
    #[must_use]
    //= TS 38.211 §5.3.1: 16 κ more for l = 0 and l = 7·2^μ of a subframe
    pub fn cp_of(&self, slot: usize, symbol: usize) -> usize {
        let in_subframe = (slot * 14 + symbol) % (14 << self.mu);
        self.cp() + if in_subframe.is_multiple_of(7 << self.mu) { (self.fft << self.mu) / 128 } else { 0 }
    }

    /// Samples of a symbol with a normal-length cyclic prefix.
    #[must_use]
    pub const fn symbol(&self) -> usize {
        self.fft + self.cp()
    }

    /// Samples of a slot (1 ms at 15 kHz; at 30 kHz both slots of a subframe have the same length).
    #[must_use]
    pub fn slot(&self) -> usize {
        (0..14).map(|l| self.fft + self.cp_of(0, l)).sum()
    }

    /// First CP sample of symbol `symbol` of slot `slot`, counted from the slot's start.
    #[must_use]
    pub fn symbol_start(&self, slot: usize, symbol: usize) -> usize {
        (0..symbol).map(|l| self.fft + self.cp_of(slot, l)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_millisecond_is_a_millisecond() {
        for (rate, fft, cp, slot) in [(7.68e6, 512, 36, 7680), (11.52e6, 768, 54, 11520), (23.04e6, 1536, 108, 23040)] {
            let n = Numerology::new(rate, 15e3).unwrap();
            assert_eq!((n.fft(), n.cp(), n.slot()), (fft, cp, slot));
        }
        let n = Numerology::new(15.36e6, 30e3).unwrap();
        assert_eq!((n.fft(), n.cp(), n.slot()), (512, 36, 7680));
        assert_eq!(n.cp_of(0, 0), 44);
        assert_eq!(n.cp_of(0, 7), 36);
    }

    #[test]
    fn long_prefixes_start_each_half_millisecond() {
        let n = Numerology::new(7.68e6, 15e3).unwrap();
        assert_eq!((n.cp_of(0, 0), n.cp_of(0, 1), n.cp_of(3, 7)), (40, 36, 40));
        assert_eq!(n.symbol_start(0, 2), 40 + 36 + 2 * 512);
    }

    #[test]
    fn refuses_what_gives_no_fft() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 10e6, 1.92e6, 7.68e6 + 1.0] {
            assert!(Numerology::new(rate, 15e3).is_err());
        }
        assert!(Numerology::new(7.68e6, 60e3).is_err());
    }
}
