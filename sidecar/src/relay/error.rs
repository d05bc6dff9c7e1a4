//! Why the relay does not start, or ends.

use crate::tx::{Ended, TxError};
use std::io;

/// See there.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The section `relay` makes no sense.
    #[error("{0}")]
    Config(String),
    /// The guard says no, or is away.
    #[error(transparent)]
    Guard(#[from] TxError),
    /// An address cannot be bound or dialled.
    #[error("leg `{name}`, {address}: {source}")]
    Socket {
        /// Which leg.
        name: String,
        /// Where.
        address: String,
        /// The system's words.
        source: io::Error,
    },
    /// The system said no.
    #[error("cannot wait for sockets: {0}")]
    Poll(io::Error),
    /// The guard has ended the chain.
    #[error("the guard has ended the chain: {}", .0.why.map_or("it is over".to_owned(), |w| format!("{w:?}")))]
    Ended(Ended),
    /// Metrics cannot be served.
    #[error("metrics: {0}")]
    Metrics(String),
}
