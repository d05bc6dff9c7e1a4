//! Sample counts of 15 kHz numerology at a given rate.

/// Subcarrier spacing of the whole lab.
pub const SCS_HZ: u32 = 15_000;
/// Symbols in a slot with normal cyclic prefix.
pub const SYMBOLS: usize = 14;

/// Sizes in samples of one 1 ms slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numerology {
    /// Sample rate.
    pub rate_hz: u32,
    /// Carrier width in resource blocks.
    pub prb: usize,
    /// FFT size, `rate_hz / 15000`.
    pub fft: usize,
    /// Cyclic prefix of symbols 0 and 7.
    pub cp_long: usize,
    /// Cyclic prefix of the others.
    pub cp_short: usize,
    /// Samples in a slot.
    pub slot: usize,
    /// Downlink slot boundary after the uplink one, N_TA,offset = 25 600 Tc.
    pub tx_offset: usize,
}

impl Numerology {
    /// Sizes for `prb` resource blocks at `rate_hz`; `None` where the rate has no whole samples or is too slow.
    //= TS 38.211 §5.3.1
    #[must_use]
    pub fn new(rate_hz: u32, prb: usize) -> Option<Self> {
        let fft = (rate_hz / SCS_HZ) as usize;
        if !rate_hz.is_multiple_of(1_920_000) || fft < 12 * prb || prb < 20 {
            return None;
        }
        let cp_short = 144 * fft / 2048;
        let cp_long = cp_short + 16 * fft / 2048;
        //= TS 38.133 Table 7.1.2-2: N_TA,offset = 25600 Tc in FR1, Tc = 1/(480000·4096) s
        let tx_offset = (u64::from(rate_hz) * 25_600 / 1_966_080_000) as usize;
        Some(Self { rate_hz, prb, fft, cp_long, cp_short, slot: (rate_hz / 1000) as usize, tx_offset })
    }

    /// Subcarriers of the carrier.
    #[must_use]
    pub const fn subcarriers(&self) -> usize {
        12 * self.prb
    }

    /// Cyclic prefix of symbol `l`.
    #[must_use]
    pub const fn cp(&self, l: usize) -> usize {
        if l == 0 || l == 7 { self.cp_long } else { self.cp_short }
    }

    /// First sample of symbol `l` (its cyclic prefix) within the slot.
    #[must_use]
    pub const fn symbol_start(&self, l: usize) -> usize {
        let longs = if l == 0 {
            0
        } else if l <= 7 {
            1
        } else {
            2
        };
        l * (self.fft + self.cp_short) + longs * (self.cp_long - self.cp_short)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_megahertz() {
        let n = Numerology::new(7_680_000, 25).unwrap();
        assert_eq!((n.fft, n.cp_long, n.cp_short, n.slot, n.tx_offset), (512, 40, 36, 7680, 100));
        assert_eq!(n.symbol_start(2), 552 + 548);
        assert_eq!(n.symbol_start(13) + n.cp(13) + n.fft, 7680);
    }

    #[test]
    fn other_rates_fill_their_slot_too() {
        for (rate, prb, offset) in [(11_520_000, 52, 150), (23_040_000, 106, 300)] {
            let n = Numerology::new(rate, prb).unwrap();
            assert_eq!(n.symbol_start(13) + n.cp(13) + n.fft, n.slot);
            assert_eq!(n.tx_offset, offset);
        }
        assert_eq!(Numerology::new(7_680_000, 52), None);
        assert_eq!(Numerology::new(7_000_000, 25), None);
    }
}
