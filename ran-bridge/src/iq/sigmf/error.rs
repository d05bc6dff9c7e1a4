//! What goes wrong with a recording.

use std::path::PathBuf;

/// Why a recording cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SigmfError {
    /// The file system said no.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The metadata is no SigMF JSON.
    #[error("{path} is no SigMF metadata: {reason}")]
    Meta {
        /// Which file.
        path: PathBuf,
        /// The parser's words.
        reason: String,
    },
    /// A kind of samples that is not read here.
    #[error("{path} has samples of type {datatype}; cf32_le and ci16_le are read: convert it")]
    Datatype {
        /// Which file.
        path: PathBuf,
        /// As written there.
        datatype: String,
    },
    /// More than one channel in a file.
    #[error("{path} interleaves {channels} channels; one a file is read")]
    Channels {
        /// Which file.
        path: PathBuf,
        /// As written there.
        channels: u32,
    },
    /// The rate is missing or no positive number.
    #[error("{path} gives no positive core:sample_rate")]
    Rate {
        /// Which file.
        path: PathBuf,
    },
    /// The data file ends within a sample.
    #[error("{path} has {bytes} bytes, no whole number of samples: it is truncated")]
    Truncated {
        /// Which file.
        path: PathBuf,
        /// Its length.
        bytes: u64,
    },
    /// The data is not what the metadata was made for.
    #[error("{path} does not have the SHA-512 its metadata gives: it is damaged or another recording's")]
    Checksum {
        /// Which file.
        path: PathBuf,
    },
    /// Captures that do not follow each other.
    #[error("{path}: {reason}")]
    Captures {
        /// Which file.
        path: PathBuf,
        /// What is wrong with them.
        reason: String,
    },
    /// Too much is missing to be held as zeros.
    #[error("samples {first} to {next} are missing: too many to be zeros in memory. `sidecar iq` cuts a part out")]
    Hole {
        /// Index of the first missing one.
        first: u64,
        /// Of the first that is there again.
        next: u64,
    },
}
