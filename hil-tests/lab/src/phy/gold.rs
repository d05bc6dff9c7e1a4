//! The length-31 Gold sequence that scrambles everything in NR.

/// Bits `c(0..len)` of the Gold sequence of `c_init`.
//= TS 38.211 §5.2.1
#[must_use]
pub fn gold(c_init: u32, len: usize) -> Vec<u8> {
    let mut x1: u32 = 1;
    let mut x2: u32 = c_init & 0x7fff_ffff;
    let step = |x1: &mut u32, x2: &mut u32| {
        let bit = ((*x1 ^ *x2) & 1) as u8;
        let f1 = ((*x1 >> 3) ^ *x1) & 1;
        let f2 = ((*x2 >> 3) ^ (*x2 >> 2) ^ (*x2 >> 1) ^ *x2) & 1;
        *x1 = (*x1 >> 1) | (f1 << 30);
        *x2 = (*x2 >> 1) | (f2 << 30);
        bit
    };
    for _ in 0..1600 {
        step(&mut x1, &mut x2);
    }
    (0..len).map(|_| step(&mut x1, &mut x2)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The recursion of the standard written out over whole arrays, as a second way to the same bits.
    fn by_the_book(c_init: u32, len: usize) -> Vec<u8> {
        let n = 1600 + len + 31;
        let (mut x1, mut x2) = (vec![0u8; n], vec![0u8; n]);
        x1[0] = 1;
        for (i, bit) in x2.iter_mut().enumerate().take(31) {
            *bit = ((c_init >> i) & 1) as u8;
        }
        for i in 0..n - 31 {
            x1[i + 31] = x1[i + 3] ^ x1[i];
            x2[i + 31] = x2[i + 3] ^ x2[i + 2] ^ x2[i + 1] ^ x2[i];
        }
        (0..len).map(|i| x1[i + 1600] ^ x2[i + 1600]).collect()
    }

    #[test]
    fn two_ways_agree() {
        for c_init in [1, 2, 63, 0x1234_5678, 0x7fff_ffff] {
            assert_eq!(gold(c_init, 300), by_the_book(c_init, 300), "c_init {c_init:#x}");
        }
    }
}
