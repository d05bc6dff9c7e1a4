//! `sidecar air`: the data plane as a process. What it does is in [`ran_bridge::air`]; here are its control socket and its record.

mod client;
mod config;
mod control;
mod hold;
mod process;
mod rows;

pub use client::{AirClient, AskError, status as ask_status};
pub use config::{AirProcessConfig, AirProcessError};
pub use control::{ControlSocket, Refusal};
pub use hold::{HoldConfig, HoldError, WorkerCommand, hold};
pub use process::run;
pub use rows::{AppliedRow, PeerRow, StatusRow, TruthRow, WorkerRow};

#[cfg(test)]
pub(crate) mod stand_in;
