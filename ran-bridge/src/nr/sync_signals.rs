//! The synchronisation signals' sequences.

use std::sync::LazyLock;

use super::NrError;

/// Length of PSS and SSS.
pub const SYNC_LEN: usize = 127;

/// First subcarrier of PSS and SSS inside the block's 240.
//= TS 38.211 Table 7.4.3.1-1: subcarriers 56…182 of symbols 0 and 2
pub const SYNC_FIRST: usize = 56;

/// m-sequence with x(i+7) = x(i+tap) + x(i), from its first seven elements.
fn m_sequence(start: [u8; 7], tap: usize) -> [u8; SYNC_LEN] {
    let mut x = [0u8; SYNC_LEN];
    x[..7].copy_from_slice(&start);
    for i in 0..SYNC_LEN - 7 {
        x[i + 7] = x[i + tap] ^ x[i];
    }
    x
}

fn bpsk(bit: u8) -> f32 {
    1.0 - 2.0 * f32::from(bit)
}

/// The primary synchronisation signal of `N_ID(2)` = `n2`.
///
/// # Shapes
/// `[127]` values ±1, lowest subcarrier first.
///
/// # Errors
/// [`NrError::Range`] unless `n2` is 0, 1 or 2.
//= TS 38.211 §7.4.2.2.1: d(n) = 1 − 2x(m), m = (n + 43 N2) mod 127, [x(6) … x(0)] = 1110110
pub fn pss(n2: u8) -> Result<[f32; SYNC_LEN], NrError> {
    if n2 > 2 {
        return Err(NrError::Range { what: "N_ID(2)", value: n2.into(), range: "0..=2" });
    }
    let x = m_sequence([0, 1, 1, 0, 1, 1, 1], 4);
    Ok(std::array::from_fn(|n| bpsk(x[(n + 43 * usize::from(n2)) % SYNC_LEN])))
}

/// The secondary synchronisation signal of cell `pci` = 3 N_ID(1) + N_ID(2).
///
/// # Shapes
/// `[127]` values ±1, lowest subcarrier first.
///
/// # Errors
/// [`NrError::Range`] unless `pci` ≤ 1007.
//= TS 38.211 §7.4.2.3.1: m0 = 15 ⌊N1/112⌋ + 5 N2, m1 = N1 mod 112
pub fn sss(pci: u16) -> Result<[f32; SYNC_LEN], NrError> {
    if pci > 1007 {
        return Err(NrError::Range { what: "PCI", value: pci.into(), range: "0..=1007" });
    }
    let (n1, n2) = (usize::from(pci / 3), usize::from(pci % 3));
    let x0 = m_sequence([1, 0, 0, 0, 0, 0, 0], 4);
    let x1 = m_sequence([1, 0, 0, 0, 0, 0, 0], 1);
    let (m0, m1) = (15 * (n1 / 112) + 5 * n2, n1 % 112);
    Ok(std::array::from_fn(|n| bpsk(x0[(n + m0) % SYNC_LEN]) * bpsk(x1[(n + m1) % SYNC_LEN])))
}

/// Every SSS, by PCI.
///
/// # Shapes
/// `[1008]`.
pub(crate) fn every_sss() -> &'static [[f32; SYNC_LEN]] {
    static ALL: LazyLock<Vec<[f32; SYNC_LEN]>> = LazyLock::new(|| (0..1008).filter_map(|pci| sss(pci).ok()).collect());
    &ALL
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pss_starts_as_worked_by_hand() {
        // x = 0 1 1 0 1 1 1 | x(7) = x(4)+x(0) = 1, x(8) = x(5)+x(1) = 0, x(9) = x(6)+x(2) = 0, x(10) = x(7)+x(3) = 1
        let d = pss(0).unwrap();
        assert_eq!(&d[..11], &[1., -1., -1., 1., -1., -1., -1., -1., 1., 1., -1.]);
        assert_eq!(pss(1).unwrap()[0], d[43]);
        assert!(pss(3).is_err());
    }

    #[test]
    fn sss_starts_as_worked_by_hand() {
        // PCI 0: both shifts 0. x0 = 1 0 0 0 0 0 0 | x0(7) = x0(4)+x0(0) = 1; x1(7) = x1(1)+x1(0) = 1
        // d(0) = (−1)(−1) = 1, d(1…6) = 1, d(7) = 1; x0(10) = x0(7)+x0(3) = 1, x1(10) = x1(4)+x1(3) = 0 → d(10) = −1
        let d = sss(0).unwrap();
        assert_eq!(&d[..8], &[1.0; 8]);
        assert_eq!(d[10], -1.0);
        assert!(sss(1008).is_err());
    }

    #[test]
    fn sequences_are_nearly_orthogonal() {
        let dot = |a: &[f32; SYNC_LEN], b: &[f32; SYNC_LEN]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
        let p: Vec<_> = (0..3).map(|n| pss(n).unwrap()).collect();
        assert_eq!((dot(&p[0], &p[0]), dot(&p[0], &p[1]), dot(&p[1], &p[2])), (127.0, -1.0, -1.0));
        let s1 = sss(1).unwrap();
        let worst = (0..1008).filter(|&c| c != 1).map(|c| dot(&s1, &sss(c).unwrap()).abs()).fold(0.0, f32::max);
        assert!(worst < 64.0, "{worst}");
    }
}
