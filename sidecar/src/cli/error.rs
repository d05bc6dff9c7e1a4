//! Errors as the person in front of the terminal sees them: one `error:` line, one `help:` line, an exit code.

use super::exit::Exit;
use crate::bench::BenchError;
use crate::config::ConfigError;
use crate::record::RecordError;
use crate::telemetry::TelemetryError;
use crate::up::UpError;

/// An error with its exit code and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CliError {
    /// The exit code.
    pub exit: Exit,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl CliError {
    /// An error of this kind; the help may be empty.
    pub fn new(exit: Exit, message: impl ToString, help: impl Into<String>) -> Self {
        Self { exit, message: message.to_string(), help: help.into() }
    }

    /// The lines for standard error.
    #[must_use]
    pub fn lines(&self) -> String {
        let help = if self.help.is_empty() { String::new() } else { format!("help: {}\n", self.help) };
        format!("error: {}\n{help}", self.message)
    }
}

impl From<ConfigError> for CliError {
    fn from(e: ConfigError) -> Self {
        Self::new(Exit::Config, e, "`sidecar config schema` tells every key, `sidecar config show` what is in force")
    }
}

impl From<RecordError> for CliError {
    fn from(e: RecordError) -> Self {
        let help = match &e {
            RecordError::NoSuchRun { .. } | RecordError::Ambiguous { .. } => {
                "name a run by any part of its name, by its folder, or as `last`; `--set run.root=DIR` looks elsewhere"
            }
            RecordError::DiskFull { .. } => "`sidecar run list` shows how much each run takes",
            _ => "is the folder there, and is it yours to write?",
        };
        Self::new(Exit::Record, e, help)
    }
}

impl From<TelemetryError> for CliError {
    fn from(e: TelemetryError) -> Self {
        let (exit, help) = match &e {
            TelemetryError::Filter { .. } => (Exit::Usage, "SIDECAR_LOG=info is a good start"),
            TelemetryError::NeedsToken(_) => (Exit::Config, "set `token` beside `listen`"),
            TelemetryError::Listen { .. } => {
                (Exit::System, "`ss -ltnp` tells who has the port; `listen` under `metrics` moves it, port 0 takes any")
            }
            TelemetryError::LogsTwice | TelemetryError::Name { .. } => (Exit::Internal, "please report this"),
        };
        Self::new(exit, e, help)
    }
}

impl From<UpError> for CliError {
    fn from(e: UpError) -> Self {
        match e {
            UpError::Record(e) => e.into(),
            UpError::Telemetry(e) => e.into(),
            UpError::Config(e) => e.into(),
            e @ UpError::Essential { .. } => Self::new(Exit::Peer, e, "the end of its log tells why"),
            e @ UpError::System { .. } => Self::new(Exit::System, e, ""),
        }
    }
}

impl From<BenchError> for CliError {
    fn from(e: BenchError) -> Self {
        match e {
            e @ BenchError::Unknown { .. } => Self::new(Exit::Usage, e, "`sidecar bench list` names them"),
            e @ BenchError::Failed(_) => Self::new(Exit::System, e, ""),
        }
    }
}
