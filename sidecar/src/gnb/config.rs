//! What the process is told, and why it may not start.

use super::guard::ConsoleLimits;
use crate::record::RecordError;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Configuration of the process.
#[derive(Debug, Clone)]
pub struct GnbProcessConfig {
    /// The gNB: program and arguments.
    pub command: Vec<OsString>,
    /// This program, which ties the gNB to us.
    pub sidecar: PathBuf,
    /// Where the control socket is.
    pub socket: PathBuf,
    /// Run the messages belong to.
    pub run: u64,
    /// What may be said to the console.
    pub limits: ConsoleLimits,
    /// How long the answer to a command is awaited.
    pub reply_timeout: Duration,
    /// Time between two questions to a console that does not answer.
    pub question_every: Duration,
    /// Time between SIGTERM and SIGKILL at the end.
    pub stop_grace: Duration,
    /// Table that the gNB shows from the start.
    pub table: Option<ran_bridge::gnb::console::Table>,
}

/// Why the process ends with an error of its own.
#[derive(Debug, thiserror::Error)]
pub enum GnbError {
    /// Terminal, program or socket cannot be had.
    #[error("cannot {doing}: {source}")]
    System {
        /// What.
        doing: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The record cannot be opened.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The metrics cannot be made.
    #[error(transparent)]
    Telemetry(#[from] crate::telemetry::TelemetryError),
}

impl GnbError {
    /// For `map_err`.
    pub(super) fn doing(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::System { doing: what.into(), source }
    }
}
