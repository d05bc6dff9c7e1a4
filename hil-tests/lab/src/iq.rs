//! Samples on the wire: interleaved little-endian float32 I and Q.
use num_complex::Complex32;

/// Bytes of one sample.
pub const SAMPLE_BYTES: usize = 8;

/// Appends `samples` as bytes.
pub fn to_bytes(samples: &[Complex32], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + samples.len() * SAMPLE_BYTES, 0);
    for (pair, s) in out[start..].as_chunks_mut::<SAMPLE_BYTES>().0.iter_mut().zip(samples) {
        let word = u64::from(s.re.to_bits()) | (u64::from(s.im.to_bits()) << 32);
        *pair = word.to_le_bytes();
    }
}

/// Appends the whole samples of `bytes`.
pub fn from_bytes(bytes: &[u8], out: &mut Vec<Complex32>) {
    out.extend(bytes.as_chunks::<SAMPLE_BYTES>().0.iter().map(|b| {
        let word = u64::from_le_bytes(*b);
        Complex32::new(f32::from_bits(word as u32), f32::from_bits((word >> 32) as u32))
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_endian_and_back() {
        let mut bytes = vec![7u8];
        to_bytes(&[Complex32::new(1.0, -2.0)], &mut bytes);
        assert_eq!(bytes, [7, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
        let mut samples = Vec::new();
        from_bytes(&bytes[1..], &mut samples);
        from_bytes(&[0; 7], &mut samples);
        assert_eq!(samples, [Complex32::new(1.0, -2.0)]);
    }
}
