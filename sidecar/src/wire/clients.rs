//! Who is connected to a control socket.

use super::header::{HEADER_BYTES, Header, WireError};
use super::local::{LocalListener, LocalStream, Peer, path_of};
use crate::clock::mono_ns;
use std::io::{self, ErrorKind};
use std::os::fd::BorrowedFd;
use std::path::Path;

/// Connections at once; one more takes the place of one that never said anything, or is closed.
pub(crate) const MAX_CLIENTS: usize = 8;

/// Number of a connection; never used twice.
pub(crate) type ClientId = u64;

/// A message that was read: header and payload.
pub(crate) type Frame = ([u8; HEADER_BYTES], Vec<u8>);

#[derive(Debug)]
struct Client {
    id: ClientId,
    stream: LocalStream,
    /// It sends no more; what it has sent is still obeyed.
    ended: bool,
    /// It has said something understood.
    known: bool,
}

/// The listener and its connections.
#[derive(Debug)]
pub(crate) struct Clients {
    listener: LocalListener,
    open: Vec<Client>,
    next: ClientId,
    /// Until then the listener is not looked at, host-monotonic ns.
    deaf_until_ns: u64,
}

/// Pause after the system gave no connection, or after one was closed for want of room, ns.
const DEAF_NS: u64 = 100_000_000;

impl Clients {
    /// Binds.
    ///
    /// # Errors
    /// `InvalidInput` where the address is no `ipc://` path, else as [`LocalListener::bind`].
    pub(crate) fn bind(address: &str) -> io::Result<Self> {
        let path =
            path_of(address).ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "write ipc:// and a path"))?;
        Self::bind_path(path)
    }

    /// Binds.
    ///
    /// # Errors
    /// As [`LocalListener::bind`].
    pub(crate) fn bind_path(path: &Path) -> io::Result<Self> {
        Ok(Self {
            listener: LocalListener::bind(path)?,
            open: Vec::with_capacity(MAX_CLIENTS),
            next: 1,
            deaf_until_ns: 0,
        })
    }

    /// What to poll.
    pub(crate) fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let open = self.open.iter().filter(|c| !c.ended).map(|c| c.stream.fd());
        std::iter::once(self.listener.fd()).filter(|_| !self.is_deaf()).chain(open)
    }

    /// Takes new connections, and reads and writes what can be.
    pub(crate) fn turn(&mut self) {
        self.accept();
        for client in self.open.iter_mut().filter(|c| !c.ended) {
            if let Err(error) = client.stream.turn() {
                tracing::debug!(client.id, %error, "a connection to the control socket ended");
                client.ended = true;
            }
        }
    }

    fn is_deaf(&self) -> bool {
        mono_ns() < self.deaf_until_ns
    }

    fn accept(&mut self) {
        while !self.is_deaf() {
            let why = match self.listener.accept() {
                Ok(None) => return,
                Ok(Some(stream)) => {
                    let silent = self.open.iter().position(|c| !c.known);
                    if let Some(at) = silent.filter(|_| self.open.len() == MAX_CLIENTS) {
                        self.open.remove(at);
                    }
                    if self.open.len() < MAX_CLIENTS {
                        self.open.push(Client { id: self.next, stream, ended: false, known: false });
                        self.next += 1;
                        continue;
                    }
                    "no room for one more".to_owned()
                }
                Err(error) => error.to_string(),
            };
            tracing::warn!(why, "a connection to the control socket is not taken");
            self.deaf_until_ns = mono_ns() + DEAF_NS;
        }
    }

    /// The next message of whoever has one, in turns, or why there will be none any more: bytes that are no message close their connection.
    pub(crate) fn next(&mut self) -> Option<(ClientId, Result<Frame, WireError>)> {
        let mut got = None;
        self.open.retain_mut(|client| {
            if got.is_some() {
                return true;
            }
            match client.stream.next_frame() {
                None => !client.ended,
                Some(Ok((header, payload))) => {
                    let mut head = [0; HEADER_BYTES];
                    head.copy_from_slice(header);
                    got = Some((client.id, Ok((head, payload.to_vec()))));
                    true
                }
                Some(Err(error)) => {
                    got = Some((client.id, Err(error)));
                    client.ended = true;
                    true
                }
            }
        });
        if let Some((id, _)) = &got
            && let Some(at) = self.open.iter().position(|c| c.id == *id)
        {
            // The next look begins with the others.
            self.open[at..].rotate_left(1);
        }
        got
    }

    /// Whose process it is; `None` where the system does not tell, or it is gone.
    pub(crate) fn peer(&self, id: ClientId) -> Option<Peer> {
        self.open.iter().find(|c| c.id == id)?.stream.peer()
    }

    /// Whether it is still connected.
    pub(crate) fn is_open(&self, id: ClientId) -> bool {
        self.open.iter().any(|c| c.id == id && !c.ended)
    }

    /// It has said something understood: it gets events from now on.
    pub(crate) fn know(&mut self, id: ClientId) {
        self.open.iter_mut().filter(|c| c.id == id).for_each(|c| c.known = true);
    }

    /// Who gets events, by its place; `None` after the last.
    pub(crate) fn known(&self, at: usize) -> Option<ClientId> {
        self.open.iter().filter(|c| c.known && !c.ended).nth(at).map(|c| c.id)
    }

    /// Sends to one; `false` where it is gone or does not read.
    pub(crate) fn send(&mut self, to: ClientId, header: &Header, payload: &[u8]) -> bool {
        let Some(client) = self.open.iter_mut().find(|c| c.id == to) else { return false };
        client.stream.send(&header.encode(), payload).unwrap_or(false)
    }
}
