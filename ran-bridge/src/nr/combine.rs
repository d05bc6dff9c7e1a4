//! Soft bits of several SS/PBCH blocks of one cell, added up: the MIB repeats, what changes from block to block is known.
//!
//! The blocks of 160 ms share the six high bits of the frame number. The rest of the payload that changes (four low bits, the half frame,
//! and the scrambling they choose) differs between two blocks by what their distance in time says, once the low bits of one are supposed.
//! Scrambling, CRC and polar code are linear, so the codewords differ by a known codeword: its ones turn the signs of the soft bits, and
//! these add up. Sixteen suppositions are tried; a good CRC that does not say what was supposed is no MIB.
//!
//! For the AWGN channel the sum of the log-likelihood ratios is the statistic of the joint maximum-likelihood decision.

use super::polar::N;
use super::{PbchDecoder, PbchPayload};

/// Blocks held.
const HELD: usize = 16;
/// Half frames in which the high bits of the frame number stay.
const SAME_MIB: i64 = 32;

#[derive(Clone)]
struct Held {
    /// Half frames since any fixed one.
    half_frames: i64,
    coded: [f32; N],
}

/// Holds the soft bits of the last blocks of one cell. Beyond what is made first, each differing codeword is allocated when it is first needed
/// (64 bytes, 1024 of them at most).
pub(crate) struct Combiner {
    held: Vec<Held>,
    next: usize,
    sum: [f32; N],
    /// `[supposition][half frames apart]`: the differing codeword as bits, made when first needed.
    differences: Vec<Option<Box<[u64; N / 64]>>>,
}

impl Combiner {
    pub fn new() -> Self {
        Self {
            held: Vec::with_capacity(HELD),
            next: 0,
            sum: [0.0; N],
            differences: vec![None; 16 * 2 * SAME_MIB as usize],
        }
    }

    pub fn clear(&mut self) {
        self.held.clear();
        self.next = 0;
    }

    /// Adds a block `half_frames` after any fixed one.
    pub fn push(&mut self, half_frames: i64, coded: &[f32; N]) {
        let new = Held { half_frames, coded: *coded };
        if self.held.len() < HELD {
            self.held.push(new);
        } else {
            self.held[self.next] = new;
        }
        self.next = (self.next + 1) % HELD;
    }

    /// Decodes the block `half_frames` with all that are held. `half_frame`: its half-frame bit, where it is known; `sfn_low`: the four
    /// low bits of its frame number, where they are known.
    pub fn decode(
        &mut self,
        decoder: &mut PbchDecoder,
        half_frames: i64,
        half_frame: Option<bool>,
        sfn_low: Option<u8>,
    ) -> Option<PbchPayload> {
        if self.held.len() < 2 {
            return None;
        }
        let halves: &[bool] = match half_frame {
            Some(true) => &[true],
            Some(false) => &[false],
            None => &[false, true],
        };
        let lows = match sfn_low {
            Some(low) => low..low + 1,
            None => 0..16,
        };
        for low in lows {
            for &half in halves {
                if self.add_up(decoder, half_frames, (low, half)) < 2 {
                    continue;
                }
                let found =
                    decoder.decode_gathered(&self.sum).filter(|p| (p.sfn % 16) as u8 == low && p.half_frame == half);
                if found.is_some() {
                    return found;
                }
            }
        }
        None
    }

    /// Sums the soft bits as those of block `anchor` of `(low, half)`; gives how many blocks took part.
    fn add_up(&mut self, decoder: &PbchDecoder, anchor: i64, (low, half): (u8, bool)) -> usize {
        self.sum.fill(0.0);
        let mut count = 0;
        // half frames since the high bits changed
        let here = 2 * i64::from(low) + i64::from(half);
        for held in &self.held {
            let there = here + held.half_frames - anchor;
            if !(0..SAME_MIB).contains(&there) {
                continue;
            }
            count += 1;
            let of = |at: i64| ((at / 2) as u8, at % 2 == 1);
            let slot = &mut self.differences[(here * SAME_MIB + there) as usize % (16 * 2 * SAME_MIB as usize)];
            let words = slot.get_or_insert_with(|| {
                let bits = decoder.difference(of(here), of(there));
                Box::new(std::array::from_fn(|w| (0..64).fold(0u64, |x, i| x | u64::from(bits[64 * w + i]) << i)))
            });
            for (n, (sum, value)) in self.sum.iter_mut().zip(&held.coded).enumerate() {
                *sum += if words[n / 64] >> (n % 64) & 1 == 0 { *value } else { -*value };
            }
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{Block, noise};
    use super::*;

    /// Soft bits of a block at `snr` (per real dimension 2·snr), none of which decodes alone.
    fn weak(decoder: &PbchDecoder, block: &Block, sigma: f32, seed: u64) -> [f32; N] {
        let bits = block.bits();
        let noise = noise(864, 2.0 * sigma * sigma, seed);
        let llr = std::array::from_fn(|i| (1.0 - 2.0 * f32::from(bits[i])) + noise[i].re);
        let mut out = [0.0; N];
        decoder.gather(&llr, block.index + 4 * u8::from(block.half_frame), &mut out);
        out
    }

    #[test]
    fn eight_blocks_that_fail_alone_give_the_mib_together() {
        let mut decoder = PbchDecoder::new(321, 4).unwrap();
        for (first, every) in [(80u16, 1usize), (1023, 2), (33, 4)] {
            let mut combiner = Combiner::new();
            let mut alone = 0;
            let mut last = None;
            for n in 0..8 {
                let half_frames = (n * every) as i64;
                let since = 2 * i64::from(first) + half_frames;
                let block =
                    Block { pci: 321, index: 1, half_frame: since % 2 == 1, sfn: (since / 2 % 1024) as u16, l_max: 4 };
                let coded = weak(&decoder, &block, 4.2, 50 * n as u64 + u64::from(first));
                alone += usize::from(decoder.decode_gathered(&coded).is_some());
                combiner.push(half_frames, &coded);
                last = combiner
                    .decode(&mut decoder, half_frames, Some(block.half_frame), None)
                    .map(|p| (p.sfn, block.sfn));
            }
            assert!(alone <= 1, "{alone}");
            let (got, sent) = last.unwrap();
            assert_eq!(got, sent);
        }
    }

    #[test]
    fn a_wrong_distance_gives_nothing() {
        let mut decoder = PbchDecoder::new(5, 4).unwrap();
        let mut combiner = Combiner::new();
        for n in 0..8u16 {
            // a block every frame, said to come every two
            let block = Block { pci: 5, index: 0, half_frame: false, sfn: 16 + n, l_max: 4 };
            let coded = weak(&decoder, &block, 4.2, u64::from(n));
            combiner.push(4 * i64::from(n), &coded);
            assert!(combiner.decode(&mut decoder, 4 * i64::from(n), Some(false), None).is_none());
        }
    }
}
