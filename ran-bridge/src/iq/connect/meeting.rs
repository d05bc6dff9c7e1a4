//! A connection before its handshake is done.

use crate::iq::wire::WireEnd;
use crate::iq::zmtp::{Handshake, Role};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;

/// A peer that has not said all of its part after this long is sent away.
const PATIENCE_NS: u64 = 2_000_000_000;

/// A connection and how far its handshake is.
#[derive(Debug)]
pub(super) struct Meeting {
    fd: OwnedFd,
    handshake: Handshake,
    greeting: Vec<u8>,
    sent: usize,
    since_ns: u64,
}

impl Meeting {
    pub(super) fn new(fd: OwnedFd, role: Role, now_ns: u64) -> Self {
        // a UNIX socket has no such option
        rustix::net::sockopt::set_tcp_nodelay(&fd, true).ok();
        Self { fd, handshake: Handshake::new(role), greeting: Handshake::greeting(role), sent: 0, since_ns: now_ns }
    }

    /// Whether both sides have said all.
    pub(super) fn is_done(&self) -> bool {
        self.handshake.wants() == 0 && self.sent == self.greeting.len()
    }

    pub(super) fn poll_fd(&self) -> (BorrowedFd<'_>, PollFlags) {
        let flags = if self.sent < self.greeting.len() {
            PollFlags::OUT
        } else if self.is_done() {
            PollFlags::RDHUP
        } else {
            PollFlags::IN
        };
        (self.fd.as_fd(), flags)
    }

    /// Goes on as far as it can.
    ///
    /// # Errors
    /// [`WireEnd`]: it is to be dropped.
    pub(super) fn turn(&mut self, now_ns: u64) -> Result<(), WireEnd> {
        while self.sent < self.greeting.len() {
            match rustix::io::write(&self.fd, &self.greeting[self.sent..]) {
                Ok(n) => self.sent += n,
                // not connected yet
                Err(Errno::AGAIN | Errno::NOTCONN) => break,
                Err(e) => return Err(WireEnd::Failed(e)),
            }
        }
        let mut bytes = [0; 64];
        while self.handshake.wants() > 0 {
            let n = self.handshake.wants().min(bytes.len());
            match rustix::io::read(&self.fd, &mut bytes[..n]) {
                Ok(0) => return Err(WireEnd::Closed),
                Ok(n) => {
                    self.handshake.take(&bytes[..n])?;
                }
                Err(Errno::AGAIN | Errno::NOTCONN) => break,
                Err(e) => return Err(WireEnd::Failed(e)),
            }
        }
        if self.is_done() {
            // it may wait long for its turn, and its first request may be there already
            return if self.has_gone() { Err(WireEnd::Closed) } else { Ok(()) };
        }
        let is_late = now_ns.saturating_sub(self.since_ns) > PATIENCE_NS;
        if is_late { Err(WireEnd::Failed(Errno::TIMEDOUT)) } else { Ok(()) }
    }

    fn has_gone(&self) -> bool {
        self.shows(PollFlags::RDHUP)
    }

    /// Whether the peer, after its part of the handshake, has said something more: as a receiver does when it asks.
    pub(super) fn has_asked(&self) -> bool {
        self.is_done() && self.shows(PollFlags::IN)
    }

    fn shows(&self, flags: PollFlags) -> bool {
        let mut items = [PollFd::from_borrowed_fd(self.fd.as_fd(), flags)];
        poll(&mut items, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|n| n > 0)
    }

    pub(super) fn into_fd(self) -> OwnedFd {
        self.fd
    }
}
