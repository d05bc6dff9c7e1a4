//! Reference signals: PBCH DMRS, PDSCH DMRS type 1, one-port CSI-RS.
use super::gold::gold;
use super::mapper::qpsk;
use num_complex::Complex32;

/// 144 PBCH DMRS symbols of SSB `index` in half frame `half_frame`, L_max = 4.
//= TS 38.211 §7.4.1.4.1
#[must_use]
pub fn pbch_dmrs(pci: u16, index: u8, half_frame: bool) -> Vec<Complex32> {
    let i = u32::from(index) + 4 * u32::from(half_frame);
    let pci = u32::from(pci);
    qpsk(&gold((i + 1) * (pci / 4 + 1) * (1 << 11) + ((i + 1) << 6) + pci % 4, 288))
}

/// PDSCH DMRS, configuration type 1, port 1000, n_SCID 0: six a resource block, on even subcarriers, counted from point A.
//= TS 38.211 §7.4.1.1.1
#[must_use]
pub fn pdsch_dmrs(n_id: u16, slot_in_frame: u32, l: u32, prb: usize) -> Vec<Complex32> {
    let id = u64::from(n_id);
    let c_init = ((1u64 << 17) * u64::from(14 * slot_in_frame + l + 1) * (2 * id + 1) + 2 * id) % (1 << 31);
    qpsk(&gold(c_init as u32, 12 * prb))
}

/// CSI-RS row 1 (one port, density 3), three a resource block on subcarriers `k0`, `k0 + 4`, `k0 + 8`, counted from point A.
//= TS 38.211 §7.4.1.5.2
#[must_use]
pub fn csi_rs(n_id: u16, slot_in_frame: u32, l: u32, prb: usize) -> Vec<Complex32> {
    let id = u64::from(n_id);
    let c_init = ((1u64 << 10) * u64::from(14 * slot_in_frame + l + 1) * (2 * id + 1) + id) % (1 << 31);
    qpsk(&gold(c_init as u32, 6 * prb))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_by_hand() {
        // PCI 1, slot 3, symbol 2: 2^17·45·3 + 2 = 17 694 722.
        assert_eq!(pdsch_dmrs(1, 3, 2, 25), qpsk(&gold(17_694_722, 300)));
        // PCI 1, slot 1, symbol 4: 2^10·19·3 + 1 = 58 369.
        assert_eq!(csi_rs(1, 1, 4, 25), qpsk(&gold(58_369, 150)));
        // PCI 1, index 0: 2^11·1·1 + 2^6 + 1 = 2113.
        assert_eq!(pbch_dmrs(1, 0, false), qpsk(&gold(2113, 288)));
    }
}
