//! Asks a running `air`, for tools: one command, one answer.

use crate::clock::mono_ns;
use crate::wire::local::{LocalStream, path_of};
use crate::wire::{Agent, Kind, Message, WireError};
use ran_bridge::air::{Command, Event, Status};
use std::time::Duration;

/// Longest wait for an answer.
const PATIENCE_NS: u64 = 2_000_000_000;
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(1);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The address is no `ipc://` path.
    #[error("{0} is no address of a control socket: write ipc:// and a path")]
    Address(String),
    /// Nobody listens.
    #[error("no air listens at {address}: {source}")]
    Away {
        /// As configured.
        address: String,
        /// The system's words.
        source: std::io::Error,
    },
    /// It does not answer.
    #[error("air at {0} does not answer within 2 s")]
    Silent(String),
    /// It ended or closed the connection.
    #[error("air at {0} closed the connection")]
    Closed(String),
    /// Its answer is not what it should be.
    #[error(transparent)]
    Wire(#[from] WireError),
}

/// The state of the `air` whose control socket this is.
///
/// # Errors
/// [`AskError`].
pub fn status(address: &str) -> Result<Status, AskError> {
    let path = path_of(address).ok_or_else(|| AskError::Address(address.to_owned()))?;
    let mut stream =
        LocalStream::connect(path).map_err(|source| AskError::Away { address: address.to_owned(), source })?;
    let ask = Message::json(Kind::Command, Agent::Other, &Command::Status)?;
    if !stream.send(&ask.header.encode(), &ask.payload).unwrap_or(false) {
        return Err(AskError::Closed(address.to_owned()));
    }
    let until = mono_ns() + PATIENCE_NS;
    while mono_ns() < until {
        let ended = stream.turn().is_err();
        while let Some(frame) = stream.next_frame() {
            let (header, payload) = frame?;
            let message = Message::decode(header, payload.to_vec())?;
            if message.header.kind == Kind::Status
                && let Event::Status(status) = message.parse()?
            {
                return Ok(status);
            }
        }
        if ended {
            return Err(AskError::Closed(address.to_owned()));
        }
        std::thread::sleep(LOOK);
    }
    Err(AskError::Silent(address.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::local::LocalListener;

    #[test]
    fn what_is_missing_has_a_name() {
        assert!(matches!(status("tcp://127.0.0.1:1"), Err(AskError::Address(_))));
        let dir = tempfile::tempdir().unwrap();
        let address = format!("ipc://{}", dir.path().join("air").display());
        assert!(matches!(status(&address), Err(AskError::Away { .. })));
        let listener = LocalListener::bind(&dir.path().join("air")).unwrap();
        assert!(matches!(status(&address), Err(AskError::Silent(_))));
        drop(listener);
    }
}
