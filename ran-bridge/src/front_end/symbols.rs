//! Where OFDM symbols lie in the stream.

use crate::nr::Numerology;

/// The symbols of a slot grid, each with its cyclic prefix in front.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SymbolGrid {
    boundary: u64,
    /// First sample of each symbol, from the slot's start; then the length of a slot.
    starts: [u32; 15],
    fft: u32,
}

/// One symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Symbol {
    /// Samples of its cyclic prefix.
    pub(super) cp: usize,
    /// Samples with its cyclic prefix.
    pub(super) len: usize,
}

impl SymbolGrid {
    /// The grid of which one slot begins at `boundary`.
    //= TS 38.211 §5.3.1: the symbols l = 0 and l = 7·2^μ of a subframe have a longer prefix. At 15 kHz these are symbols 0 and 7
    //= of each slot, at 30 kHz symbol 0 of each slot: so all slots are alike, and which of them begins the subframe need not be known.
    pub(super) fn new(numerology: &Numerology, boundary: u64) -> Self {
        let mut starts = [0_u32; 15];
        for (l, start) in starts.iter_mut().enumerate() {
            *start = numerology.symbol_start(0, l) as u32;
        }
        Self { boundary, starts, fft: numerology.fft() as u32 }
    }

    fn slot_phase(&self, n: u64) -> u64 {
        let slot = u64::from(self.starts[14]);
        (n % slot + slot - self.boundary % slot) % slot
    }

    /// The first symbol start at or after sample `n`.
    pub(super) fn next_start(&self, n: u64) -> u64 {
        let into = self.slot_phase(n);
        let start = self.starts.iter().map(|&s| u64::from(s)).find(|&s| s >= into).unwrap_or(into);
        n + start - into
    }

    /// The symbol that begins at sample `start`, which must be one of [`SymbolGrid::next_start`].
    pub(super) fn symbol(&self, start: u64) -> Symbol {
        let into = self.slot_phase(start);
        let l = self.starts.iter().take(14).rposition(|&s| u64::from(s) <= into).unwrap_or(0);
        let len = (self.starts[l + 1] - self.starts[l]) as usize;
        Symbol { cp: len - self.fft as usize, len }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_of_a_15_khz_slot() {
        let n = Numerology::new(23.04e6, 15e3).unwrap();
        let grid = SymbolGrid::new(&n, 300);
        // by hand: 1536 samples, prefixes 120 (symbols 0, 7) and 108: 14·1536 + 2·120 + 12·108 = 23040
        assert_eq!(grid.symbol(300), Symbol { cp: 120, len: 1656 });
        assert_eq!((grid.next_start(301), grid.next_start(1956)), (1956, 1956));
        assert_eq!(grid.symbol(1956), Symbol { cp: 108, len: 1644 });
        assert_eq!(grid.symbol(300 + 11_520), Symbol { cp: 120, len: 1656 });
        assert_eq!(grid.next_start(0), 300);
        assert_eq!(grid.next_start(300 + 23_040 - 1643), 300 + 23_040);
        let mut at = 300;
        for _ in 0..140 {
            at += grid.symbol(at).len as u64;
            assert_eq!(grid.next_start(at), at);
        }
        assert_eq!(at, 300 + 230_400);
    }

    #[test]
    fn symbols_of_a_30_khz_slot() {
        let n = Numerology::new(23.04e6, 30e3).unwrap();
        let grid = SymbolGrid::new(&n, 0);
        // by hand: 768 samples; 54, and 54 + 12 = 66 every 0.5 ms: 14·768 + 66 + 13·54 = 11520
        assert_eq!(grid.symbol(0), Symbol { cp: 66, len: 834 });
        assert_eq!(grid.symbol(834), Symbol { cp: 54, len: 822 });
        assert_eq!(grid.symbol(11_520), Symbol { cp: 66, len: 834 });
        let middle = 834 + 6 * 822;
        assert_eq!(grid.symbol(middle), Symbol { cp: 54, len: 822 });
    }
}
