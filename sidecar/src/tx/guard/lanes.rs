//! The second socket: samples to be sent from who relays, received samples to who listens.

use super::core::Shared;
use crate::tx::lane::{Hello, Piece, lane_address};
use crate::wire::clients::Clients;
use crate::wire::local::LocalStream;
use crate::wire::{Limits, Message};
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::mpsc::Sender;
use std::sync::{Mutex, PoisonError};

/// Listeners at once.
const MAX_LISTENERS: usize = 4;

/// Who listens.
#[derive(Default)]
pub(super) struct Listeners(Mutex<Vec<LocalStream>>);

impl Listeners {
    /// Whether anybody does.
    pub(super) fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn add(&self, stream: LocalStream) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room = all.len() < MAX_LISTENERS;
        if has_room {
            all.push(stream);
        }
        has_room
    }

    /// Gives each of them a piece. Who does not read does without, and sees it by the index; who is gone is forgotten.
    pub(super) fn tell(&self, piece: &Piece) {
        let Ok(message) = piece.message() else { return };
        let head = message.header.encode();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain_mut(|stream| stream.turn().is_ok() && stream.send(&head, &message.payload).is_ok());
    }
}

/// The listener of the second socket.
pub(super) struct Lanes {
    clients: Clients,
    lines: Sender<(u64, LocalStream)>,
}

impl Lanes {
    /// Binds beside the guard's socket. Who may send goes to `lines`.
    pub(super) fn bind(control: &str, limits: Limits, lines: Sender<(u64, LocalStream)>) -> io::Result<Self> {
        Ok(Self { clients: Clients::bind(&lane_address(control), limits)?, lines })
    }

    pub(super) fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.clients.fds()
    }

    /// Hears who has come and what for.
    pub(super) fn turn(&mut self, shared: &Shared) {
        self.clients.turn();
        while let Some((from, frame)) = self.clients.next() {
            let hello = frame.and_then(|(header, payload)| Message::decode(&header, payload)?.parse::<Hello>());
            // whoever says something else is closed, as who may not
            let Some(stream) = self.clients.remove(from) else { continue };
            let why = match hello {
                Ok(Hello::Receive) => {
                    if shared.listeners.add(stream) {
                        continue;
                    }
                    "there are enough listeners".to_owned()
                }
                Ok(Hello::Send { id, token }) => {
                    let mut core = shared.core();
                    if core.chain.take_if(|chain| *chain == (id, token)).is_some() {
                        drop(core);
                        // the sender is there as long as the desk is, or the radio is lost
                        let _ = self.lines.send((id, stream));
                        continue;
                    }
                    "no chain waits for these samples".to_owned()
                }
                Err(error) => error.to_string(),
            };
            tracing::warn!(from, why, "a connection for samples is refused");
        }
    }
}
