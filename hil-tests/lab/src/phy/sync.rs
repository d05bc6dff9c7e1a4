//! Primary and secondary synchronisation sequences.

/// PSS of `n_id_2` in 0..=2, values ±1.
//= TS 38.211 §7.4.2.2.1
#[must_use]
pub fn pss(n_id_2: u16) -> [f32; 127] {
    let mut x = [0u8; 127];
    x[..7].copy_from_slice(&[0, 1, 1, 0, 1, 1, 1]);
    for i in 0..120 {
        x[i + 7] = x[i + 4] ^ x[i];
    }
    std::array::from_fn(|n| 1.0 - 2.0 * f32::from(x[(n + 43 * usize::from(n_id_2)) % 127]))
}

/// SSS of physical cell identity `pci` in 0..=1007, values ±1.
//= TS 38.211 §7.4.2.3.1
#[must_use]
pub fn sss(pci: u16) -> [f32; 127] {
    let (n1, n2) = (usize::from(pci / 3), usize::from(pci % 3));
    let (mut x0, mut x1) = ([0u8; 127], [0u8; 127]);
    x0[0] = 1;
    x1[0] = 1;
    for i in 0..120 {
        x0[i + 7] = x0[i + 4] ^ x0[i];
        x1[i + 7] = x1[i + 1] ^ x1[i];
    }
    let m0 = 15 * (n1 / 112) + 5 * n2;
    let m1 = n1 % 112;
    std::array::from_fn(|n| (1.0 - 2.0 * f32::from(x0[(n + m0) % 127])) * (1.0 - 2.0 * f32::from(x1[(n + m1) % 127])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pss_begins_as_the_register_says() {
        // x = 0 1 1 0 1 1 1 …, d = 1 - 2x.
        assert_eq!(pss(0)[..7], [1.0, -1.0, -1.0, 1.0, -1.0, -1.0, -1.0]);
    }

    #[test]
    fn m_sequences_have_their_two_valued_correlation() {
        let correlate = |a: &[f32; 127], b: &[f32; 127]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
        for n in 0..3 {
            assert_eq!(correlate(&pss(n), &pss(n)), 127.0);
            assert_eq!(correlate(&pss(n), &pss((n + 1) % 3)), -1.0);
        }
        for pci in [0, 1, 500, 1007] {
            assert_eq!(correlate(&sss(pci), &sss(pci)), 127.0);
            // Gold-like: another cell's sequence stays far below.
            assert!(correlate(&sss(pci), &sss((pci + 3) % 1008)).abs() < 40.0);
        }
    }
}
