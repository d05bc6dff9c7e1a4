//! The gNB's WebSocket: commands and metrics.
mod command;
mod replay;
mod report;
mod server;

pub use command::{Effect, binary_reply, handle};
pub use replay::{Replay, ReplayError};
pub use report::{PeriodReport, period_report};
pub use server::{Remote, serve};
