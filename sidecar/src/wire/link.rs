//! What both ends of a link share: counters, errors, the bounded way in from async code.

use super::message::Message;
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Why a link could not be made.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// libzmq said no.
    #[error("{endpoint}: {reason}; is another process of this kind running?")]
    Socket {
        /// Address.
        endpoint: String,
        /// libzmq's words.
        reason: zmq::Error,
    },
    /// Reachable from other hosts.
    #[error("{0} is reachable from other hosts: use tcp://127.0.0.1:PORT or ipc://PATH")]
    NotLoopback(String),
    /// The system gave no thread or no pipe.
    #[error("cannot start the thread of a link: {0}")]
    System(#[from] std::io::Error),
}

/// Counters of one end of a link.
#[derive(Debug, Default)]
pub struct LinkStats {
    /// Messages sent.
    pub sent: AtomicU64,
    /// Messages received whole.
    pub received: AtomicU64,
    /// Messages that did not leave: the queue was full, or the peer away for long. Oldest first.
    pub dropped_out: AtomicU64,
    /// Messages that were received and not taken: the reader was slow.
    pub dropped_in: AtomicU64,
    /// Messages that could not be read, refusals sent and received.
    pub refused: AtomicU64,
    /// Times the link came up.
    pub ups: AtomicU64,
    /// Times the link went down.
    pub downs: AtomicU64,
}

impl LinkStats {
    /// Name and value of each counter, for `/metrics`.
    #[must_use]
    pub fn snapshot(&self) -> [(&'static str, u64); 7] {
        [
            ("sent", self.sent.load(Relaxed)),
            ("received", self.received.load(Relaxed)),
            ("dropped_out", self.dropped_out.load(Relaxed)),
            ("dropped_in", self.dropped_in.load(Relaxed)),
            ("refused", self.refused.load(Relaxed)),
            ("ups", self.ups.load(Relaxed)),
            ("downs", self.downs.load(Relaxed)),
        ]
    }
}

/// A refusal, as the payload of `Kind::Refuse`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Refusal {
    /// `version`, `malformed`, `unknown_peer`.
    pub code: String,
    /// For people.
    pub reason: String,
}

/// Bounded queue into a socket's thread; a byte through a pipe wakes its poll.
#[derive(Debug)]
pub(super) struct Outbox<T> {
    items: Mutex<VecDeque<T>>,
    room: usize,
    wake: UnixStream,
    stop: AtomicBool,
    pub(super) stats: LinkStats,
}

impl<T> Outbox<T> {
    /// The queue, and the end of the pipe that the socket's thread polls.
    pub(super) fn new(room: usize) -> std::io::Result<(Self, UnixStream)> {
        let (wake, woken) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        let room = room.max(1);
        let outbox = Self {
            items: Mutex::new(VecDeque::new()),
            room,
            wake,
            stop: AtomicBool::new(false),
            stats: LinkStats::default(),
        };
        Ok((outbox, woken))
    }

    /// Puts in; `false` where an older item had to go for it.
    pub(super) fn push(&self, item: T) -> bool {
        let mut items = self.lock();
        let full = items.len() >= self.room;
        if full {
            items.pop_front();
            self.stats.dropped_out.fetch_add(1, Relaxed);
        }
        items.push_back(item);
        drop(items);
        self.wake();
        !full
    }

    pub(super) fn pop(&self) -> Option<T> {
        self.lock().pop_front()
    }

    pub(super) fn stop(&self) {
        self.stop.store(true, Relaxed);
        self.wake();
    }

    pub(super) fn stopped(&self) -> bool {
        self.stop.load(Relaxed)
    }

    fn wake(&self) {
        // A full pipe wakes as well as one more byte would.
        let _ = (&self.wake).write(&[1]);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Empties the pipe after a wake.
pub(super) fn drain(woken: &mut UnixStream) {
    let mut sink = [0_u8; 256];
    while matches!(woken.read(&mut sink), Ok(n) if n == sink.len()) {}
}

/// Whether only this host reaches the endpoint.
pub(super) fn check_endpoint(endpoint: &str) -> Result<(), LinkError> {
    let local = endpoint.starts_with("ipc://")
        || endpoint.starts_with("inproc://")
        || ["tcp://127.", "tcp://localhost:", "tcp://[::1]:"].iter().any(|p| endpoint.starts_with(p));
    if local { Ok(()) } else { Err(LinkError::NotLoopback(endpoint.to_owned())) }
}

/// Fills in what only the sender knows.
pub(super) fn stamp(message: &mut Message, run: u64, seq: u64, mono_ns: u64) {
    if message.header.run == 0 {
        message.header.run = run;
    }
    message.header.seq = seq;
    message.header.sent_mono_ns = mono_ns;
}
