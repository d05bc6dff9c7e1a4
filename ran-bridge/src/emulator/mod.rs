//! The channel emulator of ZMQ labs: from M antennas to each receiver, with noise. A stage of `air`.
//!
//! Because the front end's coefficients and the channel are both known, an M-antenna link collapses to one complex
//! coefficient for each tap and port, `g = Σ_m h_m·w_m` (the effective channel), so its cost does not grow with M.

mod config;
mod fading;
mod noise;
mod receiver;

pub use config::{EmulatorConfig, LinkConfig, TapConfig};
pub use fading::Fading;
pub use noise::NoiseTable;
pub use receiver::ReceiverChannel;

#[cfg(test)]
mod cost_tests;
