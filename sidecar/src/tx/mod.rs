//! Transmitting: the process `tx-guard`, which alone opens a transmitting radio and contains the [`governor`], and what talks to it.
//!
//! Everybody else proposes: arms, fires, feeds the dead-man, stops, over a UNIX socket. What reaches the driver passes
//! [`governor::Governor::take`] one line before it.

mod annotations;
mod client;
mod config;
mod error;
pub mod guard;
mod keys;
mod log_file;
mod messages;
mod stop;
mod wave;

pub use annotations::annotations;
pub use client::TxClient;
pub use config::{GuardConfig, PolicyFiles};
pub use error::TxError;
pub use keys::{beside, generate, load_policy, policy_of, sign};
pub use log_file::LogFile;
pub use messages::{Answer, ArmOrder, Ask, Ended, FireOrder, GuardStatus, Heard, OnAir, Reception};
pub use stop::{StopReport, stop};
pub use wave::{Source, Wave};
