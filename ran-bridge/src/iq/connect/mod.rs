//! Connections of the wires: who binds, who dials, who has shaken hands.

mod address;
mod connector;
mod meeting;

pub use address::{Address, AddressError};
pub use connector::{Connector, End};

use super::wire::Connection;
use rustix::event::PollFlags;
use rustix::fd::BorrowedFd;

/// Where the data plane gets connections from: its own sockets, or the process that holds them.
pub trait Connections {
    /// What to poll, and for what.
    fn poll_fds<'a>(&'a self, each: &mut dyn FnMut(BorrowedFd<'a>, PollFlags));
    /// The poll says that something happened: the next turn looks at everything.
    fn wake(&mut self);
    /// Accepts, dials, shakes hands. Never blocks.
    fn turn(&mut self, now_ns: u64);
    /// A new connection of a wire that has none.
    fn take(&mut self, wire: usize) -> Option<Connection>;
    /// The connection of a wire is of no use any more.
    fn lost(&mut self, wire: usize);
}
