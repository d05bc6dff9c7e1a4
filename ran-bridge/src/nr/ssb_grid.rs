//! Where the parts of an SS/PBCH block lie, and the block as resource elements.

use num_complex::Complex32;

use super::{NrError, gold::qpsk_sequence};

/// Subcarriers of an SS/PBCH block.
pub const SSB_SUBCARRIERS: usize = 240;
/// OFDM symbols of an SS/PBCH block.
pub const SSB_SYMBOLS: usize = 4;
/// DMRS symbols of the PBCH.
pub const DMRS_LEN: usize = 144;
/// Data symbols of the PBCH.
pub const PBCH_LEN: usize = 432;

/// The resource elements of one SS/PBCH block, `[symbol][subcarrier]`.
#[derive(Debug, Clone, PartialEq)]
pub struct SsbGrid {
    /// Symbol 0 is the PSS; subcarrier 0 the lowest.
    pub re: [[Complex32; SSB_SUBCARRIERS]; SSB_SYMBOLS],
}

impl SsbGrid {
    /// A grid of zeros.
    #[must_use]
    pub const fn zero() -> Self {
        Self { re: [[Complex32::new(0.0, 0.0); SSB_SUBCARRIERS]; SSB_SYMBOLS] }
    }
}

/// Whether subcarrier `k` of symbol `l` belongs to the PBCH (data or DMRS).
#[must_use]
//= TS 38.211 Table 7.4.3.1-1
pub const fn is_pbch(l: usize, k: usize) -> bool {
    match l {
        1 | 3 => k < SSB_SUBCARRIERS,
        2 => k < 48 || (k >= 192 && k < SSB_SUBCARRIERS),
        _ => false,
    }
}

/// Places of the PBCH DMRS of cell `pci` in the order of its sequence, as (symbol, subcarrier).
///
/// # Shapes
/// `[144]`.
#[must_use]
//= TS 38.211 §7.4.1.4.2: k = 4m + v, v = N_ID mod 4, increasing k first, then l
pub fn dmrs_positions(pci: u16) -> Vec<(usize, usize)> {
    let v = usize::from(pci % 4);
    positions(|l, k| is_pbch(l, k) && k % 4 == v)
}

/// Places of the PBCH data of cell `pci` in mapping order, as (symbol, subcarrier).
///
/// # Shapes
/// `[432]`.
#[must_use]
//= TS 38.211 §7.3.3.3
pub fn pbch_positions(pci: u16) -> Vec<(usize, usize)> {
    let v = usize::from(pci % 4);
    positions(|l, k| is_pbch(l, k) && k % 4 != v)
}

fn positions(wanted: impl Fn(usize, usize) -> bool) -> Vec<(usize, usize)> {
    let wanted = &wanted;
    (0..SSB_SYMBOLS).flat_map(|l| (0..SSB_SUBCARRIERS).filter(move |&k| wanted(l, k)).map(move |k| (l, k))).collect()
}

/// The PBCH DMRS of cell `pci` for the block index `i_bar` of §7.4.1.4.1 (0…7).
///
/// With at most four blocks a half frame, `i_bar` = block index + 4 · half-frame bit; else the block index's three low bits.
///
/// # Errors
/// [`NrError::Range`] unless `pci` ≤ 1007 and `i_bar` ≤ 7.
//= TS 38.211 §7.4.1.4.1: c_init = 2^11 (ī+1)(⌊N_ID/4⌋+1) + 2^6 (ī+1) + N_ID mod 4
pub fn pbch_dmrs(pci: u16, i_bar: u8) -> Result<Vec<Complex32>, NrError> {
    if pci > 1007 {
        return Err(NrError::Range { what: "PCI", value: pci.into(), range: "0..=1007" });
    }
    if i_bar > 7 {
        return Err(NrError::Range { what: "SSB index for DMRS", value: i_bar.into(), range: "0..=7" });
    }
    let (id, i) = (u32::from(pci), u32::from(i_bar));
    Ok(qpsk_sequence((i + 1) * (id / 4 + 1) * 2048 + (i + 1) * 64 + id % 4, DMRS_LEN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_the_standard() {
        for pci in 0..8 {
            assert_eq!(dmrs_positions(pci).len(), DMRS_LEN);
            assert_eq!(pbch_positions(pci).len(), PBCH_LEN);
        }
        assert_eq!(dmrs_positions(1)[..2], [(1, 1), (1, 5)]);
        // 60 in symbol 1, then 12 below the SSS (1, 5 … 45), then 12 above it from 193
        assert_eq!((dmrs_positions(1)[71], dmrs_positions(1)[72]), ((2, 45), (2, 193)));
    }
}
