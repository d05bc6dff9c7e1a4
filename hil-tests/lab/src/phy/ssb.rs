//! One SS/PBCH block as four symbols of 240 subcarriers.
use super::pbch::{self, Broadcast};
use super::refs::pbch_dmrs;
use super::sync::{pss, sss};
use num_complex::Complex32;

/// Subcarriers of a block.
pub const WIDTH: usize = 240;
/// First subcarrier of PSS and SSS within the block.
pub const SYNC_START: usize = 56;
/// Slot symbol of the PSS of block 0, case A.
//= TS 38.213 §4.1: {2, 8} + 14 n
pub const FIRST_SYMBOL: usize = 2;

/// Subcarriers of symbol `l` (0..4) that carry PBCH or its DMRS.
pub fn pbch_subcarriers(l: usize) -> impl Iterator<Item = usize> {
    (0..WIDTH).filter(move |&k| match l {
        1 | 3 => true,
        2 => !(48..192).contains(&k),
        _ => false,
    })
}

/// The block of `broadcast` in cell `pci`.
///
/// # Shapes
/// `[symbol][subcarrier]`, 4 × 240, subcarrier 0 lowest.
//= TS 38.211 Table 7.4.3.1-1
#[must_use]
pub fn grid(broadcast: &Broadcast, pci: u16, index: u8) -> [[Complex32; WIDTH]; 4] {
    let mut out = [[Complex32::default(); WIDTH]; 4];
    for (n, (p, s)) in pss(pci % 3).into_iter().zip(sss(pci)).enumerate() {
        out[0][SYNC_START + n] = p.into();
        out[2][SYNC_START + n] = s.into();
    }
    let mut data = pbch::encode(broadcast, pci, index).into_iter();
    let mut dmrs = pbch_dmrs(pci, index, broadcast.half_frame).into_iter();
    for (l, symbol) in out.iter_mut().enumerate() {
        for k in pbch_subcarriers(l) {
            let source = if k % 4 == usize::from(pci % 4) { dmrs.next() } else { data.next() };
            symbol[k] = source.unwrap_or_default();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phy::Mib;

    #[test]
    fn counts_of_the_standard() {
        let mib = Mib {
            scs_common_30khz: false,
            k_ssb: 0,
            dmrs_type_a_pos3: false,
            pdcch_config_sib1: 0,
            cell_barred: false,
            intra_freq_reselection: true,
        };
        let g = grid(&Broadcast { mib, sfn: 5, half_frame: false }, 1, 0);
        let used: Vec<usize> = g.iter().map(|s| s.iter().filter(|v| v.norm() > 0.0).count()).collect();
        assert_eq!(used, [127, 240, 127 + 96, 240]);
        assert!(g.iter().flatten().all(|v| v.norm() == 0.0 || (v.norm() - 1.0).abs() < 1e-6));
    }
}
