//! What can go wrong with telemetry.

use std::net::SocketAddr;

/// Why logs or metrics cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not one.
    #[error("log filter `{filter}`: {reason}; write for example SIDECAR_LOG=info,sidecar::ran=debug")]
    Filter {
        /// As given.
        filter: String,
        /// The parser's words.
        reason: String,
    },
    /// Logs were set up before.
    #[error("logs are already set up in this process")]
    LogsTwice,
    /// A metric's name breaks the rule.
    #[error("metric `{name}`: {reason}")]
    Name {
        /// The name.
        name: String,
        /// The rule.
        reason: String,
    },
    /// Would listen beyond this host with no token.
    #[error("{0} can be reached from other hosts: listen on 127.0.0.1, or set a token")]
    NeedsToken(SocketAddr),
    /// The address cannot be had.
    #[error("cannot listen on {addr}: {reason}; is another process of the same name running?")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// The system's words.
        reason: String,
    },
}
