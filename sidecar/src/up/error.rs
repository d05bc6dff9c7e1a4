//! What can go wrong with the supervisor itself.

/// Why the supervisor stops.
#[derive(Debug, thiserror::Error)]
pub enum UpError {
    /// The run folder cannot be had.
    #[error(transparent)]
    Record(#[from] crate::record::RecordError),
    /// Its metrics cannot be served.
    #[error(transparent)]
    Telemetry(#[from] crate::telemetry::TelemetryError),
    /// The configuration cannot be handed on.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    /// A process that the run cannot do without ended.
    #[error("`{name}` ended ({how}), and the run cannot do without it: see {log}")]
    Essential {
        /// Which.
        name: String,
        /// How.
        how: String,
        /// Its log.
        log: String,
    },
    /// The system refuses.
    #[error("cannot {doing}: {reason}")]
    System {
        /// What was tried.
        doing: String,
        /// The system's words.
        reason: String,
    },
}
