//! Transmitting: the process `tx-guard`, which alone opens a transmitting radio and contains the [`governor`], and what talks to it.
//!
//! Everybody else proposes: arms, fires, feeds the dead-man, stops, over a UNIX socket. What reaches the driver passes
//! [`governor::Governor::take`] one line before it.

mod annotations;
mod book;
mod calibration;
mod client;
mod config;
mod error;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod guard;
mod keys;
mod lane;
mod log_file;
mod messages;
mod observe;
mod schema;
mod standing;
mod stop;
mod wave;

pub use annotations::annotations;
pub use book::{Book, BurstRow, StateRow};
pub use calibration::{Calibration, CalibrationReport, HoldsFor, Stale};
pub use client::TxClient;
pub use config::{GuardConfig, PolicyFiles};
pub use error::TxError;
pub use keys::{beside, generate, load_policy, policy_of, sign};
pub use lane::{Hello, Piece, lane_address};
pub use log_file::LogFile;
pub use messages::{
    Answer, ArmOrder, Ask, CalibrateOrder, ChainStatus, Ended, FireOrder, GuardStatus, Heard, OnAir, Over, Reception,
    RelayOrder,
};
pub use observe::{NoWord, Sight, look, observe};
pub use standing::{Standing, why};
pub use stop::{StopReport, Stopped, ask_stop, stop};
pub use wave::{Source, Wave};
