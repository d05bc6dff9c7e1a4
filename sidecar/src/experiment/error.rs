//! What can go wrong in an experiment.

use crate::learn::LearnError;
use predict::PredictError;
use std::path::Path;

/// Errors of `experiment`.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// There is none of this name.
    #[error("there is no experiment {0:?}")]
    Unknown(String),
    /// Data or a model refused.
    #[error(transparent)]
    Learn(#[from] LearnError),
    /// A model refused.
    #[error(transparent)]
    Model(#[from] PredictError),
    /// A file could not be written or read.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A kept run cannot be read.
    #[error("{path}: {why}")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
}

impl ExperimentError {
    pub(super) fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File { path: path.display().to_string(), source }
    }

    pub(super) fn damaged(path: &Path, why: impl std::fmt::Display) -> Self {
        Self::Damaged { path: path.display().to_string(), why: why.to_string() }
    }
}

impl From<candle_core::Error> for ExperimentError {
    fn from(e: candle_core::Error) -> Self {
        Self::Model(e.into())
    }
}
