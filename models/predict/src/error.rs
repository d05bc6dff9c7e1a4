//! What can go wrong in this crate, and what to do about it.

/// Errors of `predict`.
#[derive(Debug, thiserror::Error)]
pub enum PredictError {
    /// A tensor operation failed: shapes that do not fit.
    #[error("tensor operation: {0}")]
    Tensor(#[from] candle_core::Error),
    /// The text is not the CSV it should be.
    #[error("trace: {0}: give a CSV with a header row")]
    Csv(#[from] csv::Error),
    /// A column named in the specification is not in the header.
    #[error("trace has no column `{column}`; it has: {header}")]
    Column {
        /// The missing column.
        column: String,
        /// The header as read.
        header: String,
    },
    /// A cell that is neither empty nor a number.
    #[error(
        "trace line {line}, column `{column}`: `{cell}` is not a number; leave it empty where nothing was observed"
    )]
    Cell {
        /// Line, the header being 1.
        line: u64,
        /// Column.
        column: String,
        /// What stands there.
        cell: String,
    },
    /// Nothing to learn from.
    #[error("{what}: {have} windows, at least {need} are needed: give a longer trace")]
    TooFew {
        /// For what.
        what: &'static str,
        /// How many there are.
        have: usize,
        /// How many are needed.
        need: usize,
    },
    /// A configuration that cannot work.
    #[error("configuration: {0}")]
    Config(String),
    /// Weights that do not belong to this model.
    #[error("weights: {0}: they belong to another configuration, or are damaged")]
    Weights(String),
    /// A number that is not finite where one must be.
    #[error("{0} is not finite: the last good weights keep serving")]
    NotFinite(&'static str),
}
