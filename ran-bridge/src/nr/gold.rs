//! The pseudo-random sequence of NR.

/// Length-31 Gold sequence `c(n)`, `n = 0, 1, …`, for `c_init`.
///
/// Yields bits as 0 or 1, without end.
#[derive(Debug, Clone)]
pub struct Gold {
    x1: u32,
    x2: u32,
}

impl Gold {
    /// The sequence of `c_init` (31 bits), from `c(0)`.
    #[must_use]
    //= TS 38.211 §5.2.1: c(n) = x1(n + 1600) + x2(n + 1600)
    pub fn new(c_init: u32) -> Self {
        let mut gold = Self { x1: 1, x2: c_init & 0x7fff_ffff };
        for _ in 0..1600 {
            gold.step();
        }
        gold
    }

    //= TS 38.211 §5.2.1: x1(n+31) = x1(n+3) + x1(n); x2(n+31) = x2(n+3) + x2(n+2) + x2(n+1) + x2(n)
    fn step(&mut self) -> u8 {
        let out = (self.x1 ^ self.x2) & 1;
        let f1 = ((self.x1 >> 3) ^ self.x1) & 1;
        let f2 = ((self.x2 >> 3) ^ (self.x2 >> 2) ^ (self.x2 >> 1) ^ self.x2) & 1;
        self.x1 = (self.x1 >> 1) | (f1 << 30);
        self.x2 = (self.x2 >> 1) | (f2 << 30);
        out as u8
    }
}

impl Iterator for Gold {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        Some(self.step())
    }
}

/// The first `count` QPSK symbols `((1 − 2c(2m)) + j(1 − 2c(2m+1)))/√2` of the sequence of `c_init`.
///
/// # Shapes
/// `[count]`, unit magnitude.
#[must_use]
//= TS 38.211 §7.4.1.4.1 and §7.4.1.5.2
pub fn qpsk_sequence(c_init: u32, count: usize) -> Vec<num_complex::Complex32> {
    let mut gold = Gold::new(c_init);
    let mut level =
        move || if gold.step() == 0 { std::f32::consts::FRAC_1_SQRT_2 } else { -std::f32::consts::FRAC_1_SQRT_2 };
    (0..count)
        .map(|_| {
            let re = level();
            num_complex::Complex32::new(re, level())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, written out once more with plain arrays.
    fn by_definition(c_init: u32, n: usize) -> Vec<u8> {
        let total = n + 1600 + 31;
        let mut x1 = vec![0u8; total];
        let mut x2 = vec![0u8; total];
        x1[0] = 1;
        for (i, x) in x2.iter_mut().take(31).enumerate() {
            *x = (c_init >> i & 1) as u8;
        }
        for i in 0..total - 31 {
            x1[i + 31] = x1[i + 3] ^ x1[i];
            x2[i + 31] = x2[i + 3] ^ x2[i + 2] ^ x2[i + 1] ^ x2[i];
        }
        (0..n).map(|i| x1[i + 1600] ^ x2[i + 1600]).collect()
    }

    #[test]
    fn equals_the_definition() {
        for c_init in [0, 1, 0x1234_5678 & 0x7fff_ffff, 0x7fff_ffff] {
            assert_eq!(Gold::new(c_init).take(300).collect::<Vec<_>>(), by_definition(c_init, 300));
        }
    }

    #[test]
    fn qpsk_has_unit_power() {
        assert!(qpsk_sequence(17, 50).iter().all(|s| (s.norm_sqr() - 1.0).abs() < 1e-6));
    }
}
