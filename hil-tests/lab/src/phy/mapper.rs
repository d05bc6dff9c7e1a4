//! Modulation of bits into complex symbols of unit mean power.
use num_complex::Complex32;
use std::f32::consts::FRAC_1_SQRT_2;

/// QPSK, two bits a symbol.
//= TS 38.211 §5.1.3
#[must_use]
pub fn qpsk(bits: &[u8]) -> Vec<Complex32> {
    bits.chunks_exact(2).map(|b| Complex32::new(sign(b[0]), sign(b[1])) * FRAC_1_SQRT_2).collect()
}

/// 16QAM, four bits a symbol.
//= TS 38.211 §5.1.4
#[must_use]
pub fn qam16(bits: &[u8]) -> Vec<Complex32> {
    let scale = 0.1f32.sqrt();
    bits.chunks_exact(4)
        .map(|b| Complex32::new(sign(b[0]) * (2.0 - sign(b[2])), sign(b[1]) * (2.0 - sign(b[3]))) * scale)
        .collect()
}

fn sign(bit: u8) -> f32 {
    1.0 - 2.0 * f32::from(bit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners() {
        assert_eq!(qpsk(&[0, 1])[0], Complex32::new(FRAC_1_SQRT_2, -FRAC_1_SQRT_2));
        // b = 0000 is 1 + j over √10, b = 1011 is -3 + 3j... bit by bit: I = -(2 - (-1)) = -3, Q = (2 - (-1)) = 3.
        let q = qam16(&[0, 0, 0, 0, 1, 0, 1, 1]);
        assert!((q[0] * 10f32.sqrt() - Complex32::new(1.0, 1.0)).norm() < 1e-6);
        assert!((q[1] * 10f32.sqrt() - Complex32::new(-3.0, 3.0)).norm() < 1e-6);
    }
}
