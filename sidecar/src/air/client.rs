//! Asks a running `air`, for tools: one command, one answer.

use super::control::Refusal;
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
    /// It does not follow the command.
    #[error("air refuses: {0}")]
    Refused(String),
    /// Its answer is not what it should be.
    #[error(transparent)]
    Wire(#[from] WireError),
}

/// A connection to a running `air`.
#[derive(Debug)]
pub struct AirClient {
    address: String,
    stream: LocalStream,
    seq: u64,
}

impl AirClient {
    /// Connects.
    ///
    /// # Errors
    /// [`AskError::Address`], [`AskError::Away`].
    pub fn connect(address: &str) -> Result<Self, AskError> {
        let path = path_of(address).ok_or_else(|| AskError::Address(address.to_owned()))?;
        let stream =
            LocalStream::connect(path).map_err(|source| AskError::Away { address: address.to_owned(), source })?;
        Ok(Self { address: address.to_owned(), stream, seq: 0 })
    }

    /// Sends a command and gives what `air` answers: `Applied`, `Status`, `Fault` or `Capture`.
    ///
    /// # Errors
    /// [`AskError`]; [`AskError::Refused`] with `air`'s reason.
    pub fn ask(&mut self, command: &Command) -> Result<Event, AskError> {
        self.seq += 1;
        let mut ask = Message::json(Kind::Command, Agent::Other, command)?;
        ask.header.seq = self.seq;
        if !self.stream.send(&ask.header.encode(), &ask.payload).unwrap_or(false) {
            return Err(AskError::Closed(self.address.clone()));
        }
        let seq = self.seq;
        self.wait(PATIENCE_NS, move |event| match event {
            Event::Applied { seq: of, .. } => *of == seq,
            Event::Status(_) | Event::Fault(_) | Event::Capture(_) => true,
            _ => false,
        })?
        .ok_or_else(|| AskError::Silent(self.address.clone()))
    }

    /// The next event that fits within a time; `None` where none came.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn wait(&mut self, patience_ns: u64, fits: impl Fn(&Event) -> bool) -> Result<Option<Event>, AskError> {
        let until = mono_ns() + patience_ns;
        while mono_ns() < until {
            let ended = self.stream.turn().is_err();
            while let Some(frame) = self.stream.next_frame() {
                let (header, payload) = frame?;
                let message = Message::decode(header, payload.to_vec())?;
                if message.header.kind == Kind::Refuse {
                    return Err(AskError::Refused(message.parse::<Refusal>()?.reason));
                }
                if matches!(message.header.kind, Kind::Status | Kind::Applied) {
                    let event = message.parse()?;
                    if fits(&event) {
                        return Ok(Some(event));
                    }
                }
            }
            if ended {
                return Err(AskError::Closed(self.address.clone()));
            }
            std::thread::sleep(LOOK);
        }
        Ok(None)
    }
}

/// The state of the `air` whose control socket this is.
///
/// # Errors
/// [`AskError`].
pub fn status(address: &str) -> Result<Status, AskError> {
    match AirClient::connect(address)?.ask(&Command::Status)? {
        Event::Status(status) => Ok(status),
        _ => Err(AskError::Silent(address.to_owned())),
    }
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
