//! What can go wrong in learning, and what to do about it.

use crate::wire::WireError;
use predict::PredictError;

/// Errors of `learn`.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// A model refused.
    #[error(transparent)]
    Model(#[from] PredictError),
    /// A tensor operation failed.
    #[error("tensor operation: {0}")]
    Tensor(#[from] candle_core::Error),
    /// A message could not be made or read.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A message that does not fit the model of this controller or agent.
    #[error("{0}")]
    Message(String),
}

impl LearnError {
    pub(super) fn file(path: &std::path::Path, source: std::io::Error) -> Self {
        Self::File { path: path.display().to_string(), source }
    }
}
