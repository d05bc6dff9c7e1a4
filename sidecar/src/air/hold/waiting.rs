//! While no worker works: who is at the door, and whether the worker that was started is still alive.

use ran_bridge::air::{Command, ControlPort, Event, SnippetMeta};
use ran_bridge::iq::{Channel, Door, Word};
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, Ordering};

/// A worker that said hello.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) channel: Channel,
    /// Checksum of its wires.
    pub(super) wires: u32,
}

/// The holder's side of the data plane while it gives zeros: instead of commands it listens at the door.
pub(super) struct Waiting<'a> {
    pub(super) door: &'a Door,
    pub(super) knocking: Option<Channel>,
    pub(super) caller: Option<Caller>,
    /// Set when there is nothing to wait for any more.
    pub(super) over: &'a AtomicBool,
    /// Whether there is: a worker that ended, an order to stop.
    pub(super) is_over: &'a mut dyn FnMut() -> bool,
}

impl<'a> Waiting<'a> {
    pub(super) fn new(door: &'a Door, over: &'a AtomicBool, is_over: &'a mut dyn FnMut() -> bool) -> Self {
        Self { door, knocking: None, caller: None, over, is_over }
    }

    /// Looks once.
    pub(super) fn look(&mut self) {
        if let Some(channel) = self.door.accept() {
            self.knocking = Some(channel);
        }
        if let Some(channel) = self.knocking.take() {
            match channel.recv() {
                Ok(Some(Word::Hello { wires })) => self.caller = Some(Caller { channel, wires }),
                Ok(None) => self.knocking = Some(channel),
                Ok(Some(_)) | Err(_) => {}
            }
        }
        if self.caller.is_some() || (self.is_over)() {
            self.over.store(true, Ordering::Relaxed);
        }
    }
}

impl ControlPort for Waiting<'_> {
    fn poll_fds<'a>(&'a self, each: &mut dyn FnMut(BorrowedFd<'a>)) {
        each(self.door.fd());
        self.knocking.iter().for_each(|c| each(c.fd()));
    }

    fn recv(&mut self) -> Option<(u64, Command)> {
        self.look();
        None
    }

    fn snippet(&mut self, _meta: &SnippetMeta, _samples: &[num_complex::Complex32]) {}

    fn event(&mut self, _event: &Event) {}
}
