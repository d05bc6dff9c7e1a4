//! What can go wrong with a file that is imported.

use predict::data::ResampleError;
use ran_bridge::iq::SigmfError;
use std::path::{Path, PathBuf};

/// Errors of `sidecar data import`. Whatever it is, nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// Options that do not go together, or not with such a file.
    #[error("{0}")]
    Options(String),
    /// The trace is there already.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// The file system said no.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No CSV: rows of unequal length, or bytes that are no UTF-8.
    #[error("{}: {source}", path.display())]
    Csv {
        /// Which file.
        path: PathBuf,
        /// The parser's words.
        source: csv::Error,
    },
    /// No Parquet, or a damaged one.
    #[error("{} cannot be read as Parquet: {reason}", path.display())]
    Parquet {
        /// Which file.
        path: PathBuf,
        /// The reader's words.
        reason: String,
    },
    /// A column that is named is not there.
    #[error("{} has no column `{column}`; it has: {has}", path.display())]
    Column {
        /// Which file.
        path: PathBuf,
        /// The missing column.
        column: String,
        /// Those that are there.
        has: String,
    },
    /// A column that holds no numbers, or no names.
    #[error("column `{column}` is of type {kind}: {want}")]
    Type {
        /// Which column.
        column: String,
        /// As the file says.
        kind: String,
        /// What can be read.
        want: &'static str,
    },
    /// A cell that is neither empty nor a number.
    #[error("{place}, column `{column}`: `{cell}` is not a number")]
    Cell {
        /// Line of a CSV (the header being 1) or row of a table (the first being 1).
        place: String,
        /// Which column.
        column: String,
        /// What stands there.
        cell: String,
    },
    /// A row without a time.
    #[error("{place}, column `{column}`: a row without a time has no place in the series")]
    NoTime {
        /// As in [`ImportError::Cell`].
        place: String,
        /// The column of times.
        column: String,
    },
    /// A row that the grid does not take.
    #[error("{place}: {source}")]
    Row {
        /// As in [`ImportError::Cell`].
        place: String,
        /// Why.
        source: ResampleError,
    },
    /// A grid that cannot be.
    #[error(transparent)]
    Grid(ResampleError),
    /// A recording that cannot be read.
    #[error(transparent)]
    Sigmf(#[from] SigmfError),
    /// A period that holds no sample.
    #[error("a period of {period_s} s is shorter than a sample at {rate_hz} Hz")]
    BelowSample {
        /// The period, seconds.
        period_s: f64,
        /// The recording's rate, Hz.
        rate_hz: f64,
    },
    /// No period of the recording is whole.
    #[error("{} has {samples} samples, no stretch of them as long as a period of {need}", path.display())]
    TooShort {
        /// Which recording.
        path: PathBuf,
        /// Samples in it.
        samples: u64,
        /// Samples of a period.
        need: f64,
    },
    /// No row at all.
    #[error("{} has no row", .0.display())]
    NoRow(PathBuf),
}

impl ImportError {
    pub(super) fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }

    pub(super) fn parquet(path: &Path, reason: impl std::fmt::Display) -> Self {
        Self::Parquet { path: path.to_owned(), reason: reason.to_string() }
    }

    pub(super) fn column(path: &Path, column: &str, has: &[&str]) -> Self {
        Self::Column { path: path.to_owned(), column: column.to_owned(), has: has.join(", ") }
    }
}
