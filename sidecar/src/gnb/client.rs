//! Asks a running `sidecar gnb`: one request, one answer.

use super::protocol::{Answer, Request};
use crate::air::Refusal;
use crate::clock::mono_ns;
use crate::wire::local::LocalStream;
use crate::wire::{Agent, Kind, Message, WireError};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest wait for an answer: that of the console, and a moment.
const PATIENCE_NS: u64 = 35_000_000_000;
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(1);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody listens.
    #[error("no gNB is run by `sidecar gnb` at {path}: {source}")]
    Away {
        /// The socket.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// It does not answer.
    #[error("`sidecar gnb` does not answer within 35 s: what was asked may or may not have been done")]
    Silent,
    /// It ended or closed the connection.
    #[error("`sidecar gnb` ended: what was asked may or may not have been done")]
    Closed,
    /// It does not do it.
    #[error("refused ({code}): {reason}")]
    Refused {
        /// Why, as a word.
        code: String,
        /// Why.
        reason: String,
    },
    /// Its answer is not what it should be.
    #[error(transparent)]
    Wire(#[from] WireError),
}

/// A connection to a running `sidecar gnb`.
#[derive(Debug)]
pub struct Console {
    stream: LocalStream,
    seq: u64,
}

impl Console {
    /// Connects to the socket at a path.
    ///
    /// # Errors
    /// [`AskError::Away`].
    pub fn connect(path: &Path) -> Result<Self, AskError> {
        let stream =
            LocalStream::connect(path).map_err(|source| AskError::Away { path: path.to_path_buf(), source })?;
        Ok(Self { stream, seq: 0 })
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// [`AskError`]; [`AskError::Refused`] with the reason. Nothing was said to the gNB then.
    pub fn ask(&mut self, request: &Request) -> Result<Answer, AskError> {
        self.seq += 1;
        let mut ask = Message::json(Kind::Command, Agent::Other, request)?;
        ask.header.seq = self.seq;
        if !self.stream.send(&ask.header.encode(), &ask.payload).unwrap_or(false) {
            return Err(AskError::Closed);
        }
        let until = mono_ns() + PATIENCE_NS;
        while mono_ns() < until {
            let ended = self.stream.turn().is_err();
            while let Some(frame) = self.stream.next_frame() {
                let (header, payload) = frame?;
                let message = Message::decode(header, payload.to_vec())?;
                if message.header.round != self.seq {
                    continue;
                }
                match message.header.kind {
                    Kind::Refuse => {
                        let Refusal { code, reason, .. } = message.parse()?;
                        return Err(AskError::Refused { code, reason });
                    }
                    Kind::Status => return Ok(Answer::Status(Box::new(message.parse()?))),
                    Kind::Outcome => return Ok(Answer::Outcome(message.parse()?)),
                    _ => {}
                }
            }
            if ended {
                return Err(AskError::Closed);
            }
            std::thread::sleep(LOOK);
        }
        Err(AskError::Silent)
    }
}
