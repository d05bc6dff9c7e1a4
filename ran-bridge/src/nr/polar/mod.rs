//! The polar code of the PBCH: N = 512, K = 56.

mod decoder;
mod encoder;
mod tables;

pub use decoder::PolarDecoder;
pub use encoder::encode;
pub use tables::{INFO_POSITIONS, K, N, crc_interleaver, sub_block_position};
