//! Transmit chains against each other: what each makes of a known sequence, and the factors with which several add up in phase.
//!
//! Each chain has an oscillator and an amplifier of its own, so what leaves two connectors differs by a complex factor that nobody knows
//! until it is measured: each sends the sequence of [`Sounder`] in its turn, one receiver hears them all, [`Sounder::estimate`] says what
//! became of it, [`relate`] compares. Pure: samples in, numbers out.

mod error;
mod estimate;
mod relate;
mod sequence;
mod sounder;

pub use error::ChainFault;
pub use estimate::{ChainEstimate, LEAST_SNR_DB};
pub use relate::{Chain, factors, relate};
pub use sequence::zadoff_chu;
pub use sounder::{PERIODS, Sounder};
