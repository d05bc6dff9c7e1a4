//! The air interface, transmit side: TS 38.211, 38.212 and 38.213 for one 15 kHz carrier.
mod crc;
mod gold;
mod mapper;
mod numerology;
mod ofdm;
mod pbch;
mod polar;
mod refs;
pub mod ssb;
mod sync;

pub use crc::crc24c;
pub use gold::gold;
pub use mapper::{qam16, qpsk};
pub use numerology::{Numerology, SCS_HZ, SYMBOLS};
pub use ofdm::Ofdm;
pub use pbch::{Broadcast, Mib, encode_bits, invert};
pub use refs::{csi_rs, pbch_dmrs, pdsch_dmrs};
pub use sync::{pss, sss};
