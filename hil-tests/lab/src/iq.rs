//! Samples on the wire: interleaved little-endian float32 I and Q.
use num_complex::Complex32;

/// Bytes of one sample.
pub const SAMPLE_BYTES: usize = 8;

/// Appends `samples` as bytes.
pub fn to_bytes(samples: &[Complex32], out: &mut Vec<u8>) {
    out.reserve(samples.len() * SAMPLE_BYTES);
    for s in samples {
        let mut pair = [0u8; SAMPLE_BYTES];
        pair[..4].copy_from_slice(&s.re.to_le_bytes());
        pair[4..].copy_from_slice(&s.im.to_le_bytes());
        out.extend_from_slice(&pair);
    }
}

/// Appends the whole samples of `bytes`.
pub fn from_bytes(bytes: &[u8], out: &mut Vec<Complex32>) {
    out.extend(bytes.chunks_exact(SAMPLE_BYTES).map(|b| {
        let part = |i: usize| f32::from_le_bytes([b[i], b[i + 1], b[i + 2], b[i + 3]]);
        Complex32::new(part(0), part(4))
    }));
}
