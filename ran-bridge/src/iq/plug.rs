//! One wire with its connections, for who has no other.

use super::Ledger;
use super::connect::{Connections, Connector, End};
use super::stream::StreamError;
use super::wire::{Wire, WireEnd};
use super::zmtp::Role;
use crate::clock::mono_ns;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Longest sleep: so often it is looked after, whatever the poll says, ns.
const SLEEP_NS: u64 = 10_000_000;

/// A wire and what connects it.
#[derive(Debug)]
pub(super) struct Plug {
    pub(super) wire: Wire,
    connector: Connector,
    role: Role,
    /// Why it is over.
    over: Option<String>,
}

impl Plug {
    /// REQ dials, now and until there is somebody; REP binds.
    ///
    /// # Errors
    /// [`StreamError::Address`], [`StreamError::Bind`].
    pub(super) fn open(role: Role, address: &str) -> Result<Self, StreamError> {
        let end = End { role, address: address.parse()? };
        let connector = Connector::open(vec![end])
            .map_err(|(_, source)| StreamError::Bind { address: address.to_owned(), source })?;
        Ok(Self { wire: Wire::new(role, address, 0, Ledger::default()), connector, role, over: None })
    }

    /// Takes a connection that is there, the first and no other. Of receivers it is the first that asks: one that libzmq has connected anew for an
    /// owner who wants nothing more keeps nobody out.
    ///
    /// # Errors
    /// [`StreamError::Gone`].
    pub(super) fn turn(&mut self) -> Result<(), StreamError> {
        if let Some(why) = &self.over {
            return Err(StreamError::Gone(why.clone()));
        }
        if !self.wire.is_up() {
            self.connector.turn(mono_ns());
            let taken = match self.role {
                Role::Req => self.connector.take(0),
                Role::Rep => self.connector.take_asking(0),
            };
            if let Some(connection) = taken {
                self.wire.plug(connection);
            }
        }
        Ok(())
    }

    /// Gives the connection up for good; what is to be said of it.
    pub(super) fn end(&mut self, why: WireEnd) -> StreamError {
        self.close(&why.to_string());
        match why {
            WireEnd::Protocol(fault) => fault.into(),
            why => StreamError::Gone(why.to_string()),
        }
    }

    /// As [`Plug::end`], in words.
    pub(super) fn close(&mut self, why: &str) {
        self.wire.unplug();
        self.over = Some(why.to_owned());
    }

    /// Looks what can be moved; sleeps until something can, at most a few ms and not beyond this time, which may be past.
    pub(super) fn wait(&mut self, until_ns: u64) {
        let ns = until_ns.saturating_sub(mono_ns()).min(SLEEP_NS);
        let mut items = Vec::new();
        if let Some((fd, reads)) = self.wire.socket() {
            let mut flags = PollFlags::RDHUP;
            flags.set(PollFlags::IN, reads);
            flags.set(PollFlags::OUT, self.wire.unwritten() > 0);
            items.push(PollFd::from_borrowed_fd(fd, flags));
        } else {
            self.connector.poll_fds(&mut |fd, flags| items.push(PollFd::from_borrowed_fd(fd, flags)));
        }
        // what went wrong shows in the next read or write
        let _ = poll(&mut items, Some(&Timespec { tv_sec: 0, tv_nsec: ns as i64 }));
        let got = items.iter().fold(PollFlags::empty(), |all, item| all | item.revents());
        drop(items);
        let is_over = got.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::RDHUP | PollFlags::NVAL);
        self.wire.readable |= is_over || got.contains(PollFlags::IN);
        self.wire.writable |= is_over || got.contains(PollFlags::OUT);
        self.connector.wake();
    }
}
