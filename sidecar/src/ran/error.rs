//! Why `ran` cannot run.

use super::air_link::LinkError;

/// Why `ran` cannot run; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum RanError {
    /// The wire to `air`.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// Rate and cell do not fit.
    #[error("cell: {0}")]
    Nr(#[from] ran_bridge::nr::NrError),
    /// The gNB's address.
    #[error(transparent)]
    Gnb(#[from] ran_bridge::gnb::UrlError),
    /// A thread or runtime cannot be started.
    #[error("cannot start {what}: {source}")]
    Start {
        /// What.
        what: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The record.
    #[error(transparent)]
    Record(#[from] crate::record::RecordError),
    /// `/metrics`.
    #[error(transparent)]
    Telemetry(#[from] crate::telemetry::TelemetryError),
    /// The link to the controller.
    #[error("{0}")]
    Controller(String),
}
