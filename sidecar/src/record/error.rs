//! What can go wrong with a record, each with what to do.

use std::path::PathBuf;

/// Why a record could not be written or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The file system refused.
    #[error("{path}: cannot {doing}: {reason}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// No room left; rows are counted as lost until there is room again.
    #[error("{path}: the disk is full, {lost} rows lost so far: free space, recording goes on by itself")]
    DiskFull {
        /// The log.
        path: PathBuf,
        /// Rows that could not be written.
        lost: u64,
    },
    /// The log's thread has ended.
    #[error("{0}: the log is closed")]
    Closed(PathBuf),
    /// Not a log.
    #[error("{path}: not a log of sidecar: {reason}")]
    NotALog {
        /// The file.
        path: PathBuf,
        /// What is wrong with its first bytes.
        reason: String,
    },
    /// Manifest that cannot be read.
    #[error("{path}: not a manifest of a run: {reason}")]
    Manifest {
        /// The file.
        path: PathBuf,
        /// The parser's words.
        reason: String,
    },
    /// No such run.
    #[error("no run `{wanted}` in {root}: see `sidecar run list`")]
    NoSuchRun {
        /// As asked for.
        wanted: String,
        /// Where it was looked for.
        root: PathBuf,
    },
    /// More than one run fits.
    #[error("`{wanted}` fits {count} runs, for example {first}: give more of its name")]
    Ambiguous {
        /// As asked for.
        wanted: String,
        /// How many fit.
        count: usize,
        /// One of them.
        first: String,
    },
    /// The table could not be made into a file of columns.
    #[error("table `{table}`: cannot write columns: {reason}")]
    Columns {
        /// The table.
        table: String,
        /// The library's words.
        reason: String,
    },
}

impl RecordError {
    /// Wraps an I/O error; a full disk is told apart.
    pub(super) fn io(doing: &'static str, path: &std::path::Path, e: &std::io::Error) -> Self {
        if e.kind() == std::io::ErrorKind::StorageFull || e.kind() == std::io::ErrorKind::QuotaExceeded {
            return Self::DiskFull { path: path.to_path_buf(), lost: 0 };
        }
        Self::Io { doing, path: path.to_path_buf(), reason: e.to_string() }
    }
}
