//! Who is connected to a control socket.

use super::header::{HEADER_BYTES, Header, WireError};
use super::limits::Limits;
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
    /// Whose it is; `None` where the system does not tell.
    pid: Option<i32>,
    /// When it was taken, host-monotonic ns.
    since_ns: u64,
}

/// The listener and its connections.
#[derive(Debug)]
pub(crate) struct Clients {
    listener: LocalListener,
    open: Vec<Client>,
    next: ClientId,
    limits: Limits,
    /// Until then the listener is not looked at, host-monotonic ns.
    deaf_until_ns: u64,
    /// Until then nothing is said of connections that are not taken, host-monotonic ns.
    mute_until_ns: u64,
}

/// Connections taken in one turn.
const ACCEPT_AT_ONCE: usize = 4;
/// Pause after the system gave no connection, ns.
const NO_SOCKET_NS: u64 = 100_000_000;
/// Pause after one was closed for want of room, ns: short, so that the next, who may have a place, does not wait.
const NO_ROOM_NS: u64 = 2_000_000;
/// Who has not said anything keeps its place for so long, ns.
const SILENT_NS: u64 = 10_000_000;
/// Of connections that are not taken is told so often, ns.
const MUTE_NS: u64 = 1_000_000_000;

impl Clients {
    /// Binds; nothing beyond the limits is taken.
    ///
    /// # Errors
    /// `InvalidInput` where the address is no `ipc://` path, else as [`LocalListener::bind`].
    pub(crate) fn bind(address: &str, limits: Limits) -> io::Result<Self> {
        let path =
            path_of(address).ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "write ipc:// and a path"))?;
        Self::bind_path(path, limits)
    }

    /// Binds; nothing beyond the limits is taken.
    ///
    /// # Errors
    /// As [`LocalListener::bind`].
    pub(crate) fn bind_path(path: &Path, limits: Limits) -> io::Result<Self> {
        Ok(Self {
            listener: LocalListener::bind(path)?,
            open: Vec::with_capacity(MAX_CLIENTS),
            next: 1,
            limits,
            deaf_until_ns: 0,
            mute_until_ns: 0,
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
        for _ in 0..ACCEPT_AT_ONCE {
            if self.is_deaf() {
                return;
            }
            let (why, pause_ns) = match self.listener.accept(self.limits) {
                Ok(None) => return,
                Ok(Some(stream)) => match self.place(stream) {
                    Ok(()) => continue,
                    Err(why) => (why, NO_ROOM_NS),
                },
                Err(error) => (error.to_string(), NO_SOCKET_NS),
            };
            let now_ns = mono_ns();
            if now_ns >= self.mute_until_ns {
                tracing::warn!(why, "a connection to the control socket is not taken");
                self.mute_until_ns = now_ns + MUTE_NS;
            }
            self.deaf_until_ns = now_ns + pause_ns;
        }
    }

    /// Gives a connection a place, or says why it has none.
    fn place(&mut self, stream: LocalStream) -> Result<(), String> {
        let (pid, since_ns) = (stream.peer().map(|p| p.pid), mono_ns());
        // One whose other end is closed counts no more, also where what it has sent is still to be read.
        let theirs = self.open.iter().filter(|c| c.pid == pid && !c.ended && !c.stream.has_hung_up()).count();
        if theirs >= self.limits.per_process {
            let who = pid.map_or_else(|| "a process that is not known".to_owned(), |pid| format!("process {pid}"));
            return Err(format!("{who} has {theirs} connections, as many as one may have"));
        }
        if self.open.len() == MAX_CLIENTS {
            let is_silent = |c: &Client| !c.known && since_ns.saturating_sub(c.since_ns) >= SILENT_NS;
            let at = self.open.iter().position(is_silent).ok_or("no room for one more")?;
            self.open.remove(at);
        }
        self.open.push(Client { id: self.next, stream, ended: false, known: false, pid, since_ns });
        self.next += 1;
        Ok(())
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

    /// Hands a connection over to somebody else.
    pub(crate) fn remove(&mut self, id: ClientId) -> Option<LocalStream> {
        let at = self.open.iter().position(|c| c.id == id)?;
        Some(self.open.remove(at).stream)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_hung_up_counts_no_more_though_nothing_of_it_was_read() {
        use std::io::Write;
        use std::os::unix::net::UnixStream;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let mut clients = Clients::bind_path(&path, Limits { per_process: 1, ..Limits::WIDEST }).unwrap();
        let mut first = UnixStream::connect(&path).unwrap();
        clients.turn();
        let _too_many = UnixStream::connect(&path).unwrap();
        clients.turn();
        assert_eq!(clients.open.len(), 1);
        // more than is read in one go, and gone
        first.set_nonblocking(true).unwrap();
        while first.write(&[0xff; 4096]).is_ok() {}
        drop(first);
        std::thread::sleep(std::time::Duration::from_nanos(2 * NO_ROOM_NS));
        let _next = UnixStream::connect(&path).unwrap();
        clients.accept();
        assert_eq!((clients.open.len(), clients.open[0].ended), (2, false));
    }
}
