//! The channel emulator of ZMQ labs: from M antennas to each receiver, with noise. A stage of `air`.
//!
//! Because the front end's coefficients and the channel are both known, an M-antenna link collapses to one complex
//! coefficient for each tap and port, `g = Σ_m h_m·w_m` (the effective channel), so its cost does not grow with M.

mod check;
mod config;
mod csi_trace;
mod direction;
mod dispersive;
mod fading;
mod fir;
mod lines;
mod motion;
mod noise;
mod offset;
mod path_loss;
mod paths;
mod profile;
mod receiver;
pub mod reference;
mod response;
mod sinc;
mod sinusoids;
mod spread;
pub mod statistics;
mod stream;
mod trig;
mod uplink;
mod whole;

pub use config::{EmulatorConfig, ExactTap, LinkConfig, TapConfig};
pub use csi_trace::CsiTrace;
pub use fading::Fading;
pub use motion::{Motion, Place, TraceConfig};
pub use noise::NoiseTable;
pub(crate) use noise::mix;
pub use path_loss::{PathLoss, PathLossModel};
pub use paths::PathSpec;
pub use profile::TdlProfile;
pub use receiver::ReceiverChannel;
pub use response::LATENCY_SAMPLES;
pub use sinc::fractional_delay;
pub use uplink::UplinkChannel;

#[cfg(test)]
mod cost_tests;
#[cfg(test)]
mod model_tests;
