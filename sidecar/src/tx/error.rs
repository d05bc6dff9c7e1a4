//! What goes wrong between people and the guard.

use crate::wire::WireError;
use governor::{ChainFault, Denial};
use ran_bridge::radio::RadioError;
use std::path::PathBuf;

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum TxError {
    /// Nobody listens.
    #[error("no tx-guard listens at {address}: {source}")]
    Away {
        /// As configured.
        address: String,
        /// The system's words.
        source: std::io::Error,
    },
    /// It ended, closed the connection or does not answer in time.
    #[error("tx-guard at {0} does not answer")]
    Silent(String),
    /// It says no.
    #[error("refused ({code}): {reason}")]
    Refused {
        /// [`governor::Refusal::name`], or `malformed`.
        code: String,
        /// In words.
        reason: String,
    },
    /// Not our protocol.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The radio.
    #[error(transparent)]
    Radio(#[from] RadioError),
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// A key is not one.
    #[error("{0}: not 64 hexadecimal digits of an Ed25519 key: `sidecar tx keygen` makes a pair")]
    Key(PathBuf),
    /// The policy allows nothing.
    #[error(transparent)]
    Denied(#[from] Denial),
    /// The log was touched.
    #[error("{path}: {fault}. Nothing is sent on top of it: keep it as evidence under another name")]
    Log {
        /// Which.
        path: PathBuf,
        /// Where and why.
        fault: ChainFault,
    },
    /// The system gives no thread, socket or random bits.
    #[error("{what}: {source}")]
    System {
        /// For what.
        what: &'static str,
        /// Its words.
        source: std::io::Error,
    },
}
