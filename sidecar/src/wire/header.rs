//! The fixed header: 96 bytes, little-endian, the same in every version.
//!
//! | offset | bytes | field |
//! | --- | --- | --- |
//! | 0 | 4 | magic `SDCR` |
//! | 4 | 2 | version |
//! | 6 | 2 | kind |
//! | 8 | 8 | run |
//! | 16 | 2 | agent |
//! | 18 | 1 | dtype |
//! | 19 | 1 | rank (0…6) |
//! | 20 | 4 | micro-batch |
//! | 24 | 8 | round |
//! | 32 | 8 | sequence number of the sender |
//! | 40 | 8 | sender's host-monotonic time, ns |
//! | 48 | 24 | shape, 6 × u32 |
//! | 72 | 4 | payload bytes |
//! | 76 | 4 | CRC-32 of the payload |
//! | 80 | 16 | aux, 2 × u64: what they mean is said at each kind, else zero |

use super::kind::{Agent, Dtype, Kind};

/// Bytes of the header.
pub const HEADER_BYTES: usize = 96;
/// `SDCR` as it stands on the wire.
pub const MAGIC: [u8; 4] = *b"SDCR";
/// The version this build speaks.
pub const VERSION: u16 = 1;
/// Dimensions a tensor may have.
pub const MAX_RANK: usize = 6;
/// Largest payload that is accepted: 64 MiB.
pub const MAX_PAYLOAD_BYTES: usize = 64 << 20;

/// Why bytes are not a message of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The frame is not 96 bytes.
    #[error("header has {0} bytes, not {HEADER_BYTES}: the peer does not speak sidecar's protocol")]
    HeaderLength(usize),
    /// The first four bytes are not `SDCR`.
    #[error("header does not begin with SDCR: the peer does not speak sidecar's protocol")]
    Magic,
    /// Another version.
    #[error("peer speaks wire version {peer}, this is {VERSION}: install the same release on both sides")]
    Version {
        /// What the peer said.
        peer: u16,
    },
    /// A kind this version does not know.
    #[error("unknown message kind {0}")]
    Kind(u16),
    /// An agent this version does not know.
    #[error("unknown agent {0}")]
    Agent(u16),
    /// An element type this version does not know.
    #[error("unknown element type {0}")]
    Dtype(u8),
    /// More dimensions than the header has room for.
    #[error("tensor of rank {0}, at most {MAX_RANK} fit")]
    Rank(u8),
    /// Payload longer than allowed.
    #[error("payload of {said} bytes, at most {most} are taken")]
    TooLong {
        /// As announced.
        said: usize,
        /// What is taken.
        most: usize,
    },
    /// The frame's length is not what the header says.
    #[error("payload has {got} bytes, the header says {said}")]
    Length {
        /// As announced.
        said: usize,
        /// As received.
        got: usize,
    },
    /// Shape and element type do not give the payload's length.
    #[error("shape {shape:?} of {dtype:?} needs {want} bytes, the payload has {got}")]
    Shape {
        /// As announced.
        shape: Vec<u32>,
        /// As announced.
        dtype: Dtype,
        /// Elements × bytes of one, saturating.
        want: usize,
        /// As received.
        got: usize,
    },
    /// Damaged payload.
    #[error("payload's checksum is {got:08x}, the header says {said:08x}")]
    Checksum {
        /// As announced.
        said: u32,
        /// As computed.
        got: u32,
    },
    /// Wrong number of frames.
    #[error("message has {0} frames, not 2")]
    Frames(usize),
    /// JSON payload that does not fit its type.
    #[error("payload of {kind:?} is not what it should be: {reason}")]
    Json {
        /// The message.
        kind: Kind,
        /// The parser's words.
        reason: String,
    },
}

/// The header of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What it is.
    pub kind: Kind,
    /// Run it belongs to; 0 where there is none yet.
    pub run: u64,
    /// Who sent it.
    pub agent: Agent,
    /// Element type of the payload.
    pub dtype: Dtype,
    /// Number of dimensions in use.
    pub rank: u8,
    /// Dimensions; those beyond `rank` are 0.
    pub shape: [u32; MAX_RANK],
    /// Coordination round, or the sample index a message of `air` is about.
    pub round: u64,
    /// Micro-batch within the round, or the stream a message of `air` is about.
    pub micro_batch: u32,
    /// Counts the sender's messages; gaps show losses.
    pub seq: u64,
    /// Sender's `CLOCK_MONOTONIC`, ns. Only hosts compare it with themselves.
    pub sent_mono_ns: u64,
    /// Bytes of the payload.
    pub payload_bytes: u32,
    /// CRC-32 (IEEE) of the payload.
    pub payload_crc32: u32,
    /// Two words whose meaning the kind gives; 0 elsewhere.
    pub aux: [u64; 2],
}

impl Header {
    /// A header with no shape and no payload.
    #[must_use]
    pub const fn new(kind: Kind, agent: Agent) -> Self {
        Self {
            kind,
            run: 0,
            agent,
            dtype: Dtype::Bytes,
            rank: 0,
            shape: [0; MAX_RANK],
            round: 0,
            micro_batch: 0,
            seq: 0,
            sent_mono_ns: 0,
            payload_bytes: 0,
            payload_crc32: 0,
            aux: [0; 2],
        }
    }

    /// The dimensions in use.
    #[must_use]
    pub fn dims(&self) -> &[u32] {
        &self.shape[..usize::from(self.rank).min(MAX_RANK)]
    }

    /// Time on the way of a message received at `now_mono_ns` on the same host, ns; 0 where it bears no stamp or one of the future.
    #[must_use]
    pub const fn transit_ns(&self, now_mono_ns: u64) -> u64 {
        if self.sent_mono_ns == 0 { 0 } else { now_mono_ns.saturating_sub(self.sent_mono_ns) }
    }

    /// The 96 bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut b = [0_u8; HEADER_BYTES];
        b[0..4].copy_from_slice(&MAGIC);
        b[4..6].copy_from_slice(&VERSION.to_le_bytes());
        b[6..8].copy_from_slice(&self.kind.code().to_le_bytes());
        b[8..16].copy_from_slice(&self.run.to_le_bytes());
        b[16..18].copy_from_slice(&self.agent.code().to_le_bytes());
        b[18] = self.dtype.code();
        b[19] = self.rank;
        b[20..24].copy_from_slice(&self.micro_batch.to_le_bytes());
        b[24..32].copy_from_slice(&self.round.to_le_bytes());
        b[32..40].copy_from_slice(&self.seq.to_le_bytes());
        b[40..48].copy_from_slice(&self.sent_mono_ns.to_le_bytes());
        for (i, d) in self.shape.iter().enumerate() {
            b[48 + 4 * i..52 + 4 * i].copy_from_slice(&d.to_le_bytes());
        }
        b[72..76].copy_from_slice(&self.payload_bytes.to_le_bytes());
        b[76..80].copy_from_slice(&self.payload_crc32.to_le_bytes());
        b[80..88].copy_from_slice(&self.aux[0].to_le_bytes());
        b[88..96].copy_from_slice(&self.aux[1].to_le_bytes());
        b
    }

    /// Reads 96 bytes.
    ///
    /// # Errors
    /// Any deviation is a [`WireError`]; nothing is guessed.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let b: &[u8; HEADER_BYTES] = bytes.try_into().map_err(|_| WireError::HeaderLength(bytes.len()))?;
        if b[0..4] != MAGIC {
            return Err(WireError::Magic);
        }
        let version = u16_at(b, 4);
        if version != VERSION {
            return Err(WireError::Version { peer: version });
        }
        let kind = u16_at(b, 6);
        let agent = u16_at(b, 16);
        let rank = b[19];
        if usize::from(rank) > MAX_RANK {
            return Err(WireError::Rank(rank));
        }
        let payload_bytes = u32_at(b, 72);
        if payload_bytes as usize > MAX_PAYLOAD_BYTES {
            return Err(WireError::TooLong { said: payload_bytes as usize, most: MAX_PAYLOAD_BYTES });
        }
        let mut shape = [0_u32; MAX_RANK];
        for (i, d) in shape.iter_mut().enumerate().take(usize::from(rank)) {
            *d = u32_at(b, 48 + 4 * i);
        }
        Ok(Self {
            kind: Kind::from_code(kind).ok_or(WireError::Kind(kind))?,
            run: u64_at(b, 8),
            agent: Agent::from_code(agent).ok_or(WireError::Agent(agent))?,
            dtype: Dtype::from_code(b[18]).ok_or(WireError::Dtype(b[18]))?,
            rank,
            shape,
            round: u64_at(b, 24),
            micro_batch: u32_at(b, 20),
            seq: u64_at(b, 32),
            sent_mono_ns: u64_at(b, 40),
            payload_bytes,
            payload_crc32: u32_at(b, 76),
            aux: [u64_at(b, 80), u64_at(b, 88)],
        })
    }
}

fn u16_at(b: &[u8; HEADER_BYTES], at: usize) -> u16 {
    u16::from_le_bytes([b[at], b[at + 1]])
}

fn u32_at(b: &[u8; HEADER_BYTES], at: usize) -> u32 {
    u32::from_le_bytes([b[at], b[at + 1], b[at + 2], b[at + 3]])
}

fn u64_at(b: &[u8; HEADER_BYTES], at: usize) -> u64 {
    u64::from(u32_at(b, at)) | u64::from(u32_at(b, at + 4)) << 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_header_worked_by_hand() {
        let mut h = Header::new(Kind::Embedding, Agent::Core);
        h.run = 0x0102_0304_0506_0708;
        h.dtype = Dtype::F32;
        h.rank = 3;
        h.shape[..3].copy_from_slice(&[32, 15, 128]);
        h.round = 7;
        h.payload_bytes = 32 * 15 * 128 * 4;
        let b = h.encode();
        assert_eq!(&b[0..8], b"SDCR\x01\x00\x10\x00");
        assert_eq!(&b[8..16], &[8, 7, 6, 5, 4, 3, 2, 1]);
        assert_eq!(&b[16..20], &[3, 0, 1, 3]);
        assert_eq!(b[24], 7);
        assert_eq!(&b[48..60], &[32, 0, 0, 0, 15, 0, 0, 0, 128, 0, 0, 0]);
        assert_eq!(&b[72..76], &245_760_u32.to_le_bytes());
        assert_eq!(Header::decode(&b), Ok(h));
    }

    #[test]
    fn another_version_is_a_typed_refusal() {
        let mut b = Header::new(Kind::Hello, Agent::Ran).encode();
        b[4] = 2;
        assert_eq!(Header::decode(&b), Err(WireError::Version { peer: 2 }));
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_header_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..128)) {
            let _ = Header::decode(&bytes);
        }

        #[test]
        fn any_96_bytes_after_a_good_prefix_round_trip_or_fail(mut bytes in proptest::collection::vec(any::<u8>(), 96)) {
            bytes[0..8].copy_from_slice(b"SDCR\x01\x00\x01\x00");
            if let Ok(h) = Header::decode(&bytes) {
                let again = Header::decode(&h.encode());
                prop_assert_eq!(again, Ok(h));
            }
        }
    }
}
