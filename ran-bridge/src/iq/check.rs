//! The rules of the ZMQ radio for one message, without a socket.

use crate::simd::{Simd, WithSimd, widest};
use num_complex::Complex32;

/// Bytes of one sample: two little-endian 32-bit floats, I then Q.
pub const BYTES_PER_SAMPLE: usize = 8;
/// Most samples one reply may have: the size of the gNB's ring. One more stops its receive channel for good.
pub const MAX_REPLY_SAMPLES: usize = 614_400;

/// Why a message is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageFault {
    /// No byte at all.
    #[error("message has no byte: the peer must send at least one request byte or one sample")]
    Empty,
    /// Not whole samples.
    #[error(
        "message of {bytes} bytes is no whole number of {BYTES_PER_SAMPLE}-byte samples: set the peer's wire format to fc32"
    )]
    OddSize {
        /// As received.
        bytes: u64,
    },
    /// More than the gNB's ring holds.
    #[error("message of {samples} samples is longer than {MAX_REPLY_SAMPLES}: make the peer send smaller blocks")]
    Oversize {
        /// As received.
        samples: u64,
    },
}

/// Checks the length of a reply (samples) and gives its number of samples.
///
/// # Errors
/// [`MessageFault`], one variant for each rule: a good one has `8·n` bytes, 1 ≤ n ≤ 614 400.
pub const fn check_reply(bytes: u64) -> Result<usize, MessageFault> {
    if bytes == 0 {
        return Err(MessageFault::Empty);
    }
    if !bytes.is_multiple_of(BYTES_PER_SAMPLE as u64) {
        return Err(MessageFault::OddSize { bytes });
    }
    let samples = bytes / BYTES_PER_SAMPLE as u64;
    if samples > MAX_REPLY_SAMPLES as u64 {
        return Err(MessageFault::Oversize { samples });
    }
    Ok(samples as usize)
}

/// Samples with a NaN or infinite part become zero; gives how many.
pub fn zero_nonfinite(samples: &mut [Complex32]) -> u64 {
    if widest(AllFinite(samples)) {
        return 0;
    }
    let mut zeroed = 0;
    for z in samples.iter_mut().filter(|z| !(z.re.is_finite() && z.im.is_finite())) {
        *z = Complex32::ZERO;
        zeroed += 1;
    }
    zeroed
}

/// Copies samples; a sample with a NaN or infinite part becomes zero. Returns how many became zero.
///
/// # Shapes
/// `bytes`: `8·n` bytes of any alignment; `to`: `n` samples. What is longer of the two is not touched.
pub fn copy_finite(bytes: &[u8], to: &mut [Complex32]) -> u64 {
    let n = to.len().min(bytes.len() / BYTES_PER_SAMPLE);
    let to = &mut to[..n];
    bytemuck::cast_slice_mut::<Complex32, u8>(to).copy_from_slice(&bytes[..n * BYTES_PER_SAMPLE]);
    zero_nonfinite(to)
}

#[cfg(target_endian = "big")]
compile_error!("samples on the wire are little-endian and are copied as they are");

/// Whether no part is NaN or infinite: neither has all exponent bits set.
struct AllFinite<'a>(&'a [Complex32]);

impl WithSimd for AllFinite<'_> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> bool {
        const EXPONENT: u32 = 0x7f80_0000;
        let (blocks, rest) = bytemuck::cast_slice::<Complex32, u32>(self.0).as_chunks::<16>();
        let mut bad = [0_u32; 16];
        for block in blocks {
            for (bad, bits) in bad.iter_mut().zip(block) {
                *bad |= u32::from(bits & EXPONENT == EXPONENT);
            }
        }
        bad.iter().all(|b| *b == 0) && rest.iter().all(|bits| bits & EXPONENT != EXPONENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_rule_has_its_own_fault() {
        assert_eq!(check_reply(0), Err(MessageFault::Empty));
        assert_eq!(check_reply(12), Err(MessageFault::OddSize { bytes: 12 }));
        assert_eq!(check_reply(8), Ok(1));
        assert_eq!(check_reply(4_915_200), Ok(MAX_REPLY_SAMPLES));
        assert_eq!(check_reply(4_915_208), Err(MessageFault::Oversize { samples: 614_401 }));
    }

    #[test]
    fn nan_and_infinity_become_zero_and_are_counted() {
        let mut bytes = Vec::new();
        for x in [1.0_f32, -2.0, f32::NAN, 3.0, 4.0, f32::NEG_INFINITY, 5.0, 6.0] {
            bytes.extend_from_slice(&x.to_le_bytes());
        }
        let mut to = [Complex32::ONE; 4];
        assert_eq!(copy_finite(&bytes, &mut to), 2);
        assert_eq!(to, [Complex32::new(1.0, -2.0), Complex32::ZERO, Complex32::ZERO, Complex32::new(5.0, 6.0)]);
    }

    proptest! {
        #[test]
        fn any_bytes_give_finite_samples(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
            if let Ok(n) = check_reply(bytes.len() as u64) {
                prop_assert_eq!(n * 8, bytes.len());
                let mut to = vec![Complex32::ZERO; n];
                let zeroed = copy_finite(&bytes, &mut to);
                prop_assert!(to.iter().all(|z| z.re.is_finite() && z.im.is_finite()));
                let bad = bytes.chunks_exact(8).filter(|c| {
                    let f = |o: usize| f32::from_le_bytes([c[o], c[o + 1], c[o + 2], c[o + 3]]);
                    !(f(0).is_finite() && f(4).is_finite())
                }).count() as u64;
                prop_assert_eq!(zeroed, bad);
            } else {
                prop_assert!(bytes.is_empty() || bytes.len() % 8 != 0);
            }
        }
    }
}
