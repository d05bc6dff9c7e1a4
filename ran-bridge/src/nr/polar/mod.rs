//! The polar code of the PBCH: N = 512, K = 56.

mod decoder;
mod tables;

pub use decoder::PolarDecoder;
pub use tables::{INFO_POSITIONS, K, N, crc_interleaver, sub_block_position};
