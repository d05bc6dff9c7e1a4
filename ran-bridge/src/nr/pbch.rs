//! From soft bits of the PBCH to its payload.

use super::NrError;
use super::crc::crc24c;
use super::gold::Gold;
use super::mib::{PAYLOAD_BITS, PbchPayload, first_scrambling_phase, is_unscrambled, payload_interleaver};
use super::polar::{K, N, PolarDecoder, crc_interleaver, encode, sub_block_position};

/// Coded bits of a PBCH.
pub const PBCH_BITS: usize = 864;

/// Decoder of one cell's PBCH. Holds its scrambling sequences and its working memory.
pub struct PbchDecoder {
    /// `[ν][864]` signs of the second scrambling.
    signs: Vec<[f32; PBCH_BITS]>,
    /// First-scrambling sequence.
    first: Vec<u8>,
    crc_order: [u8; K],
    payload_order: [u8; PAYLOAD_BITS],
    /// Plain successive cancellation, tried first because it is eight times faster.
    quick: PolarDecoder,
    list: PolarDecoder,
    phases: usize,
    /// Information bits decoded last.
    word: Option<u64>,
}

impl PbchDecoder {
    /// A decoder for cell `pci` with at most `l_max` (4 or 8) blocks a half frame.
    ///
    /// # Errors
    /// [`NrError::Range`] unless `pci` ≤ 1007 and `l_max` is 4 or 8.
    pub fn new(pci: u16, l_max: u8) -> Result<Self, NrError> {
        if pci > 1007 {
            return Err(NrError::Range { what: "PCI", value: pci.into(), range: "0..=1007" });
        }
        if l_max != 4 && l_max != 8 {
            return Err(NrError::Range { what: "L_max", value: l_max.into(), range: "4 or 8" });
        }
        let phases = usize::from(l_max);
        //= TS 38.211 §7.3.3.1: b̃(i) = b(i) + c(i + ν·864), c_init = N_ID
        let mut gold = Gold::new(pci.into());
        let signs =
            (0..phases).map(|_| std::array::from_fn(|_| if gold.next() == Some(1) { -1.0 } else { 1.0 })).collect();
        //= TS 38.212 §7.1.2: c_init = N_ID; at most 4 · 29 bits are used
        let first = Gold::new(pci.into()).take(4 * (PAYLOAD_BITS - 3)).collect();
        Ok(Self {
            signs,
            first,
            crc_order: crc_interleaver(),
            payload_order: payload_interleaver(),
            quick: PolarDecoder::new(1),
            list: PolarDecoder::new(8),
            phases,
            word: None,
        })
    }

    /// Decodes the block of DMRS index `i_bar`. `None`: no codeword with a good CRC.
    ///
    /// # Shapes
    /// `llr[864]`, positive where 0 is more likely, in the order of the coded bits.
    #[must_use]
    pub fn decode(&mut self, llr: &[f32; PBCH_BITS], i_bar: u8) -> Option<PbchPayload> {
        let mut coded = [0f32; N];
        self.gather(llr, i_bar, &mut coded);
        self.decode_gathered(&coded)
    }

    /// Soft bits of the mother code: the second scrambling undone, repetitions added.
    ///
    /// # Shapes
    /// `llr[864]`, `out[512]`.
    //= TS 38.212 §5.4.1.2: E ≥ N is repetition, e(k) = y(k mod N)
    pub(crate) fn gather(&self, llr: &[f32; PBCH_BITS], i_bar: u8, out: &mut [f32; N]) {
        out.fill(0.0);
        for (i, (value, sign)) in llr.iter().zip(&self.signs[usize::from(i_bar) % self.phases]).enumerate() {
            out[sub_block_position(i % N)] += value * sign;
        }
    }

    /// Decodes soft bits of the mother code.
    pub(crate) fn decode_gathered(&mut self, coded: &[f32; N]) -> Option<PbchPayload> {
        if !coded.iter().all(|v| v.is_finite()) || coded.iter().all(|v| *v == 0.0) {
            return None;
        }
        let order = self.crc_order;
        let good = |word: u64| word != 0 && crc_is_good(&order, word);
        let word = self.quick.decode(coded, good).or_else(|| self.list.decode(coded, good))?;
        self.word = Some(word);
        self.payload(word)
    }

    /// The coded and scrambled bits of the block decoded last, as sent with DMRS index `i_bar`; none if nothing was decoded.
    pub(crate) fn sent_bits(&self, i_bar: u8) -> Option<[u8; PBCH_BITS]> {
        let d = encode(self.word?);
        let signs = &self.signs[usize::from(i_bar) % self.phases];
        Some(std::array::from_fn(|i| d[sub_block_position(i % N)] ^ u8::from(signs[i] < 0.0)))
    }

    /// The codeword that the coded bits of two blocks of one MIB differ by, where only the frame number's low bits and the half frame
    /// differ: scrambling, CRC and code are linear.
    ///
    /// # Shapes
    /// `a`, `b`: the four low bits of the frame number, and the half frame bit; `[512]`, each 0 or 1.
    pub(crate) fn difference(&self, a: (u8, bool), b: (u8, bool)) -> [u8; N] {
        let (a, b) = (self.timing_bits(a), self.timing_bits(b));
        let plain: [u8; PAYLOAD_BITS] = std::array::from_fn(|i| a[i] ^ b[i]);
        let crc = crc24c(plain);
        let bit = |place: usize| {
            if place < PAYLOAD_BITS { plain[place] } else { (crc >> (K - 1 - place) & 1) as u8 }
        };
        let word = self.crc_order.iter().fold(0u64, |word, &place| word << 1 | u64::from(bit(usize::from(place))));
        encode(word)
    }

    /// The scrambled payload with only its timing bits.
    fn timing_bits(&self, (sfn_low, half_frame): (u8, bool)) -> [u8; PAYLOAD_BITS] {
        let mut out = [0u8; PAYLOAD_BITS];
        //= TS 38.212 §7.1.1: payload bits 24…27 are the four low bits of the frame number, 28 is the half frame
        for n in 0..4 {
            out[usize::from(self.payload_order[24 + n])] = sfn_low >> (3 - n) & 1;
        }
        out[usize::from(self.payload_order[28])] = u8::from(half_frame);
        self.scramble(&mut out);
        out
    }

    /// Applies or undoes the first scrambling.
    //= TS 38.212 §7.1.2: a(i) = a'(i) + s(i), s(i) = c(j + ν M), M = 29
    fn scramble(&self, bits: &mut [u8; PAYLOAD_BITS]) {
        let sequence = self.first.iter().skip(first_scrambling_phase(bits) * (PAYLOAD_BITS - 3));
        let places = (0..PAYLOAD_BITS).filter(|&place| !is_unscrambled(place));
        for (place, bit) in places.zip(sequence) {
            bits[place] ^= bit;
        }
    }

    fn payload(&self, word: u64) -> Option<PbchPayload> {
        let plain = deinterleave(&self.crc_order, word);
        let mut scrambled = [0u8; PAYLOAD_BITS];
        scrambled.copy_from_slice(&plain[..PAYLOAD_BITS]);
        self.scramble(&mut scrambled);
        let bits = self.payload_order.map(|place| scrambled[usize::from(place)]);
        PbchPayload::from_bits(&bits)
    }
}

fn deinterleave(order: &[u8; K], word: u64) -> [u8; K] {
    let mut plain = [0u8; K];
    for (k, &place) in order.iter().enumerate() {
        plain[usize::from(place)] = (word >> (K - 1 - k) & 1) as u8;
    }
    plain
}

fn crc_is_good(order: &[u8; K], word: u64) -> bool {
    crc24c(deinterleave(order, word)) == 0
}
