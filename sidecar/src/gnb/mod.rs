//! `sidecar gnb`: runs a gNB that owns its radio, and drives its console. The gNB's standard input and output are a pseudo-terminal of ours; what is
//! asked over the control socket of the run folder passes the guard, is written, and is answered with what the gNB said. Nothing is assumed.

mod child;
mod client;
mod config;
mod control;
mod counters;
mod find;
pub mod guard;
mod log_file;
mod output;
mod process;
mod protocol;
mod pty;
mod rows;
mod table;

pub use client::{AskError, Console};
pub use config::{GnbError, GnbProcessConfig};
pub use counters::Counters;
pub use find::{FindError, SOCKET, find, socket_in};
pub use process::{Ended, run};
pub use protocol::{Answer, Outcome, Request, Status, ValueStatus};
pub use rows::{CommandRow, StateRow};
