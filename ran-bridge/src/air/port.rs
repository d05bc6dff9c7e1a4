//! The control side of the data plane as a trait, so that it runs the same behind a socket and in a test.

use super::{Command, Event, SnippetMeta};
use num_complex::Complex32;
use std::os::fd::BorrowedFd;

/// Where commands come from and what `air` tells goes to. None of its functions may block.
pub trait ControlPort {
    /// Tells what becomes readable when a command may be there.
    fn poll_fds<'a>(&'a self, each: &mut dyn FnMut(BorrowedFd<'a>));
    /// The next command with its sequence number.
    fn recv(&mut self) -> Option<(u64, Command)>;
    /// Takes a snippet: samples of a receiver after the channel.
    fn snippet(&mut self, meta: &SnippetMeta, samples: &[Complex32]);
    /// Takes an event.
    fn event(&mut self, event: &Event);
}

/// A port with nobody behind it.
#[derive(Debug, Default)]
pub struct NoControl;

impl ControlPort for NoControl {
    fn poll_fds<'a>(&'a self, _each: &mut dyn FnMut(BorrowedFd<'a>)) {}
    fn recv(&mut self) -> Option<(u64, Command)> {
        None
    }
    fn snippet(&mut self, _meta: &SnippetMeta, _samples: &[Complex32]) {}
    fn event(&mut self, _event: &Event) {}
}
