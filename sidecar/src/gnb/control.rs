//! The control socket: one request, one answer.

use super::protocol::{Answer, Request};
use crate::air::Refusal;
use crate::clock::mono_ns;
use crate::wire::clients::{ClientId, Clients, Frame};
use crate::wire::local::Peer;
use crate::wire::{Agent, Kind, Limits, Message, WireError};
use std::io;
use std::os::fd::BorrowedFd;
use std::path::Path;

/// Messages that are no request, read at once; more wait for the next turn.
const GARBAGE: usize = 32;
/// A request is some hundred bytes.
const LIMITS: Limits = Limits { samples_bytes: 0, other_bytes: 64 << 10, per_process: usize::MAX };

/// Who asked, and under which number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker {
    pub(super) client: ClientId,
    pub(super) seq: u64,
    pub(super) peer: Option<Peer>,
}

/// The socket.
#[derive(Debug)]
pub(super) struct Control {
    clients: Clients,
    run: u64,
    seq: u64,
}

impl Control {
    pub(super) fn bind(path: &Path, run: u64) -> io::Result<Self> {
        Ok(Self { clients: Clients::bind_path(path, LIMITS)?, run, seq: 0 })
    }

    pub(super) fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.clients.fds()
    }

    /// Takes and gives what can be.
    pub(super) fn turn(&mut self) {
        self.clients.turn();
    }

    /// The next request.
    pub(super) fn next(&mut self) -> Option<(Asker, Request)> {
        for _ in 0..GARBAGE {
            let (client, frame) = self.clients.next()?;
            let peer = self.clients.peer(client);
            match read(frame) {
                Ok((seq, request)) => {
                    self.clients.know(client);
                    return Some((Asker { client, seq, peer }, request));
                }
                Err((code, seq, reason)) => {
                    tracing::warn!(code, reason, "message refused");
                    let refusal = Refusal { code: code.into(), seq, reason };
                    self.send(client, seq.unwrap_or(0), Message::json(Kind::Refuse, Agent::Other, &refusal));
                }
            }
        }
        None
    }

    pub(super) fn answer(&mut self, to: Asker, answer: &Answer) {
        let message = match answer {
            Answer::Status(status) => Message::json(Kind::Status, Agent::Other, status),
            Answer::Outcome(outcome) => Message::json(Kind::Outcome, Agent::Other, outcome),
        };
        self.send(to.client, to.seq, message);
    }

    pub(super) fn refuse(&mut self, to: Asker, code: &str, reason: String) {
        let refusal = Refusal { code: code.into(), seq: Some(to.seq), reason };
        self.send(to.client, to.seq, Message::json(Kind::Refuse, Agent::Other, &refusal));
    }

    /// `round` of an answer is the `seq` of what it answers.
    fn send(&mut self, to: ClientId, answers: u64, message: Result<Message, WireError>) {
        let Ok(mut message) = message else { return };
        self.seq += 1;
        message.header.run = self.run;
        message.header.seq = self.seq;
        message.header.round = answers;
        message.header.sent_mono_ns = mono_ns();
        if !self.clients.send(to, &message.header, &message.payload) {
            tracing::debug!("who asked does not read the answer");
        }
    }
}

type Wrong = (&'static str, Option<u64>, String);

fn read(frame: Result<Frame, WireError>) -> Result<(u64, Request), Wrong> {
    let message = frame.and_then(|(header, payload)| Message::decode(&header, payload)).map_err(|e| {
        let code = if matches!(e, WireError::Version { .. }) { "version" } else { "malformed" };
        (code, None, e.to_string())
    })?;
    let seq = message.header.seq;
    if message.header.kind != Kind::Command {
        let reason = format!("the console takes no message of kind {:?}", message.header.kind);
        return Err(("kind", Some(seq), reason));
    }
    let request = message.parse().map_err(|e| ("malformed", Some(seq), e.to_string()))?;
    Ok((seq, request))
}
