//! Talks to a running guard.

use super::error::TxError;
use super::messages::{Answer, Ask};
use crate::air::Refusal;
use crate::clock::mono_ns;
use crate::wire::local::{LocalStream, path_of};
use crate::wire::{Agent, Kind, Message};
use num_complex::Complex32;
use std::collections::VecDeque;
use std::io;
use std::time::Duration;

/// Longest wait for a place among those who connect.
const CONNECT: Duration = Duration::from_millis(500);
/// Time between two looks.
const LOOK: Duration = Duration::from_micros(500);

/// A connection to the guard.
#[derive(Debug)]
pub struct TxClient {
    address: String,
    stream: LocalStream,
    seq: u64,
    /// What was told while something else was awaited.
    kept: VecDeque<Answer>,
}

impl TxClient {
    /// Connects; `address`: `ipc://` and a path.
    ///
    /// # Errors
    /// [`TxError::Away`].
    pub fn connect(address: &str) -> Result<Self, TxError> {
        Self::connect_within(address, CONNECT)
    }

    /// As [`TxClient::connect`], waiting no longer than this for a place among those who want to be heard.
    ///
    /// # Errors
    /// [`TxError::Away`].
    pub fn connect_within(address: &str, patience: Duration) -> Result<Self, TxError> {
        let fail = |source| TxError::Away { address: address.to_owned(), source };
        let path = path_of(address)
            .ok_or_else(|| fail(io::Error::new(io::ErrorKind::InvalidInput, "write ipc:// and a path")))?;
        let stream = LocalStream::connect_within(path, patience).map_err(fail)?;
        Ok(Self { address: address.to_owned(), stream, seq: 0, kept: VecDeque::new() })
    }

    fn silent(&self) -> TxError {
        TxError::Silent(self.address.clone())
    }

    fn send(&mut self, mut message: Message) -> Result<(), TxError> {
        self.seq += 1;
        message.header.seq = self.seq;
        match self.stream.send(&message.header.encode(), &message.payload) {
            Ok(true) => Ok(()),
            _ => Err(self.silent()),
        }
    }

    /// Says something without waiting for an answer.
    ///
    /// # Errors
    /// [`TxError::Silent`].
    pub fn tell(&mut self, ask: &Ask) -> Result<(), TxError> {
        self.send(Message::json(Kind::Command, Agent::Other, ask)?)
    }

    /// Hands over samples of a stream.
    ///
    /// # Errors
    /// [`TxError::Silent`].
    pub fn hand_over(&mut self, samples: &[Complex32]) -> Result<(), TxError> {
        self.send(Message::cf32(Kind::Snippet, Agent::Other, &[samples.len()], samples)?)
    }

    /// Says something and waits for what fits.
    ///
    /// # Errors
    /// [`TxError`].
    pub fn ask(&mut self, ask: &Ask, patience: Duration, fits: impl Fn(&Answer) -> bool) -> Result<Answer, TxError> {
        self.tell(ask)?;
        self.wait(patience, fits)?.ok_or_else(|| self.silent())
    }

    /// The next answer that fits; `None` where none came in time.
    ///
    /// # Errors
    /// [`TxError::Refused`], [`TxError::Silent`] where the guard is gone, [`TxError::Wire`].
    pub fn wait(&mut self, patience: Duration, fits: impl Fn(&Answer) -> bool) -> Result<Option<Answer>, TxError> {
        if let Some(at) = self.kept.iter().position(&fits) {
            return Ok(self.kept.remove(at));
        }
        let until = mono_ns() + u64::try_from(patience.as_nanos()).unwrap_or(u64::MAX / 2);
        loop {
            let ended = self.stream.turn().is_err();
            while let Some(frame) = self.stream.next_frame() {
                let (header, payload) = frame?;
                let message = Message::decode(header, payload.to_vec())?;
                if message.header.kind == Kind::Refuse {
                    let Refusal { code, reason, .. } = message.parse()?;
                    return Err(TxError::Refused { code, reason });
                }
                let answer: Answer = message.parse()?;
                if fits(&answer) {
                    return Ok(Some(answer));
                }
                self.kept.push_back(answer);
            }
            if ended {
                return Err(self.silent());
            }
            if mono_ns() >= until {
                return Ok(None);
            }
            std::thread::sleep(LOOK);
        }
    }
}
