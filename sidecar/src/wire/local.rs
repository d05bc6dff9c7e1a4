//! A UNIX stream socket between two processes of one host, without a thread between them and the kernel.
//!
//! `air` and `ran` use it: a message costs one system call on each side and one wake-up. libzmq's `ipc` transport hands it
//! over between four threads, and iceoryx2's wake-up is such a socket too (both measured, docs/measurements.md). The kernel
//! says when the peer ends, and nothing is left behind by a process that is killed but the socket's name, which is taken over.

use super::header::WireError;
use super::limits::Limits;
use super::stream::{Deframer, Frame, SendQueue};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::{Timeout, set_socket_timeout, socket_peercred};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, listen, socket_with};
use std::fs::Permissions;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Connections that wait to be taken; who comes then waits in turn, so that one program that connects without end keeps nobody else out.
const BACKLOG: i32 = 8;
/// Longest wait for a place among them.
const CONNECT: Duration = Duration::from_millis(500);
/// Bytes that wait for a peer that does not read; then messages are dropped.
const QUEUE_BYTES: usize = 4 << 20;
/// Bytes taken in one go, so that a peer that never stops sending does not hold up the rest.
const READ_AT_ONCE: usize = 1 << 20;

/// The path of an `ipc://…` address.
#[must_use]
pub fn path_of(address: &str) -> Option<&Path> {
    address.strip_prefix("ipc://").filter(|p| !p.is_empty()).map(Path::new)
}

/// The process at the other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its user.
    pub uid: u32,
    /// Its pid when it connected.
    pub pid: i32,
}

/// One connection. Nothing of it blocks.
#[derive(Debug)]
pub struct LocalStream {
    stream: UnixStream,
    inbox: Deframer,
    outbox: SendQueue,
}

impl LocalStream {
    /// Connects to a listener that is there.
    ///
    /// # Errors
    /// As [`LocalStream::connect_within`], half a second.
    pub fn connect(path: &Path) -> io::Result<Self> {
        Self::connect_within(path, CONNECT)
    }

    /// Connects to a listener that is there.
    ///
    /// # Errors
    /// The system's: `NotFound` or `ConnectionRefused` where nobody listens, `TimedOut` where so many wait to be taken that there was no place.
    pub fn connect_within(path: &Path, patience: Duration) -> io::Result<Self> {
        let address = SocketAddrUnix::new(path)?;
        let fd = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        // the wait for a place is one for sending
        set_socket_timeout(&fd, Timeout::Send, Some(patience.max(Duration::from_millis(1))))?;
        let no_place = |e: io::Error| if e.kind() == ErrorKind::WouldBlock { ErrorKind::TimedOut.into() } else { e };
        connect(&fd, &address).map_err(|e| no_place(e.into()))?;
        Self::new(fd.into(), Limits::WIDEST)
    }

    fn new(stream: UnixStream, limits: Limits) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self { stream, inbox: Deframer::new(limits), outbox: SendQueue::new(QUEUE_BYTES) })
    }

    /// What to poll for reading.
    #[must_use]
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    /// Who connected, by the kernel's word; `None` where it does not tell.
    #[must_use]
    pub fn peer(&self) -> Option<Peer> {
        let credentials = socket_peercred(&self.stream).ok()?;
        Some(Peer { uid: credentials.uid.as_raw(), pid: credentials.pid.as_raw_pid() })
    }

    /// Whether the other end is closed, though what it has sent may not be read yet.
    pub(super) fn has_hung_up(&self) -> bool {
        let mut fd = [PollFd::new(&self.stream, PollFlags::empty())];
        // what the system does not tell is no end
        poll(&mut fd, Some(&Timespec::default())).is_ok() && fd[0].revents().contains(PollFlags::HUP)
    }

    /// Reads what is there, unless a whole message is held already, and writes what waits.
    ///
    /// # Errors
    /// `UnexpectedEof` where the peer has ended, else the system's. What was read before is still given out.
    pub fn turn(&mut self) -> io::Result<()> {
        let read = self.read();
        let written = self.outbox.flush(&mut self.stream);
        if written.is_err() && read.is_ok() {
            // what it said last, between the two
            return self.read().and(written);
        }
        read.and(written)
    }

    fn read(&mut self) -> io::Result<()> {
        // One that never stops sending is read as fast as it is heard, no faster.
        let mut taken = 0;
        while taken < READ_AT_ONCE && !self.inbox.has_frame() {
            let space = self.inbox.space();
            let room = space.len();
            match self.stream.read(space) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(n) => {
                    self.inbox.filled(n);
                    taken += n;
                    if n < room {
                        return Ok(());
                    }
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// The next whole message of what was read.
    ///
    /// # Errors
    /// As [`Deframer::next_frame`].
    pub fn next_frame(&mut self) -> Option<Result<Frame<'_>, WireError>> {
        self.inbox.next_frame()
    }

    /// Sends a message; `false` where the peer does not read and the queue is full.
    ///
    /// # Errors
    /// The system's, for instance `BrokenPipe`.
    pub fn send(&mut self, header: &[u8], payload: &[u8]) -> io::Result<bool> {
        self.outbox.push(&mut self.stream, header, payload)
    }
}

/// Where others connect to. Its name in the file system goes when it is dropped.
#[derive(Debug)]
pub struct LocalListener {
    listener: UnixListener,
    path: PathBuf,
}

impl LocalListener {
    /// Binds; only the own user may connect. The name that a killed process left is taken over.
    ///
    /// # Errors
    /// `AddrInUse` where another process listens, `AlreadyExists` where a file that is no socket is in the way, else the system's.
    pub fn bind(path: &Path) -> io::Result<Self> {
        if let Ok(there) = std::fs::symlink_metadata(path) {
            if !there.file_type().is_socket() {
                return Err(io::Error::new(ErrorKind::AlreadyExists, "a file that is no socket is in the way"));
            }
            let there = LocalStream::connect_within(path, CONNECT);
            if there.map_or_else(|e| e.kind() == ErrorKind::TimedOut, |_| true) {
                return Err(io::Error::new(ErrorKind::AddrInUse, "another process listens there"));
            }
            std::fs::remove_file(path)?;
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        listen(&listener, BACKLOG)?;
        Ok(Self { listener, path: path.to_path_buf() })
    }

    /// What to poll for a new connection.
    #[must_use]
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }

    /// A new connection, if there is one; nothing longer than these is read from it.
    ///
    /// # Errors
    /// The system's, for instance that this process has no more file descriptors; the connection still waits then.
    pub fn accept(&self, limits: Limits) -> io::Result<Option<LocalStream>> {
        match self.listener.accept() {
            Ok((stream, _)) => LocalStream::new(stream, limits).map(Some),
            Err(e)
                if matches!(
                    e.kind(),
                    ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::ConnectionAborted
                ) =>
            {
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }
}

impl Drop for LocalListener {
    fn drop(&mut self) {
        // A name that is left is taken over by the next one.
        let _left = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Agent, Kind, Message};
    use super::*;

    fn pair(dir: &Path) -> (LocalListener, LocalStream, LocalStream) {
        let listener = LocalListener::bind(&dir.join("s")).unwrap();
        let client = LocalStream::connect(&dir.join("s")).unwrap();
        let server = listener.accept(Limits::WIDEST).unwrap().unwrap();
        (listener, client, server)
    }

    #[test]
    fn messages_larger_than_the_kernels_buffer_arrive() {
        let dir = tempfile::tempdir().unwrap();
        let (_listener, mut client, mut server) = pair(dir.path());
        let big = Message::seal(super::super::Header::new(Kind::Snippet, Agent::Air), vec![3; 3 << 20]);
        assert!(server.send(&big.header.encode(), &big.payload).unwrap());
        let mut got = None;
        for _ in 0..10_000 {
            server.turn().unwrap();
            client.turn().unwrap();
            if let Some(frame) = client.next_frame() {
                let (header, payload) = frame.unwrap();
                got = Some(Message::decode(header, payload.to_vec()).unwrap());
                break;
            }
        }
        assert_eq!(got, Some(big));
    }

    #[test]
    fn a_peer_that_does_not_read_fills_the_queue_and_one_that_ends_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let (_listener, mut client, mut server) = pair(dir.path());
        let m = Message::seal(super::super::Header::new(Kind::Snippet, Agent::Air), vec![3; 1 << 20]);
        let sent = (0..8).filter(|_| server.send(&m.header.encode(), &m.payload).unwrap()).count();
        assert!((4..=5).contains(&sent), "{sent}");
        drop(server);
        let end = loop {
            if let Err(e) = client.turn() {
                break e;
            }
        };
        assert_eq!(end.kind(), ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_name_left_behind_is_taken_over_and_one_in_use_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let left = UnixListener::bind(&path).unwrap();
        drop(left);
        assert!(path.exists());
        let listener = LocalListener::bind(&path).unwrap();
        assert_eq!(LocalListener::bind(&path).unwrap_err().kind(), ErrorKind::AddrInUse);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        drop(listener);
        assert!(!path.exists());
        std::fs::write(&path, "x").unwrap();
        assert_eq!(LocalListener::bind(&path).unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"x");
    }

    #[test]
    fn where_too_many_wait_one_more_gives_up_in_time() {
        let dir = tempfile::tempdir().unwrap();
        let listener = LocalListener::bind(&dir.path().join("s")).unwrap();
        let patience = Duration::from_millis(30);
        let connect = || LocalStream::connect_within(&dir.path().join("s"), patience).map_err(|e| e.kind());
        let waiting: Vec<LocalStream> = std::iter::from_fn(|| connect().ok()).take(100).collect();
        assert_eq!(waiting.len(), BACKLOG as usize + 1);
        assert_eq!(connect().unwrap_err(), ErrorKind::TimedOut);
        listener.accept(Limits::WIDEST).unwrap().unwrap();
        assert!(connect().is_ok());
        drop(listener);
        assert_eq!(connect().unwrap_err(), ErrorKind::NotFound);
    }

    #[test]
    fn addresses() {
        assert_eq!(path_of("ipc:///tmp/a.sock"), Some(Path::new("/tmp/a.sock")));
        assert_eq!((path_of("tcp://127.0.0.1:1"), path_of("ipc://")), (None, None));
    }
}
