//! A synthetic gNB (the calling thread) and its UEs (a thread each) on one path.

use super::figures::Rounds;
use super::path::{Gather, Path, SLOT, Slots};
use super::run::BenchError;
use super::ue::Ue;
use ran_bridge::clock::mono_ns;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

/// Longest wait for a message; a peer that waits longer ends the bench with an error. Long enough for a flowgraph to start.
const TIMEOUT_MS: i32 = 30_000;
/// Slots under way where throughput is measured: as many as a gNB's downlink is ahead of its uplink.
const UNDER_WAY: usize = 4;

/// What the peers may expect of what stands between them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// It changes no sample, so that each is compared; else they are counted.
    pub exact: bool,
}

/// The peers of a path.
pub(super) struct Peers {
    tx: zmq::Socket,
    rx: zmq::Socket,
    kind: Kind,
    sends: Slots,
    wants: Slots,
    gather: Gather,
    /// When the slots under way were sent.
    sent_ns: VecDeque<u64>,
    /// Slots sent, for others to see.
    slots: Arc<AtomicU64>,
    faults: u64,
    trips_ns: Vec<u64>,
    rounds: Rounds,
    stop: Arc<AtomicBool>,
    ues: Vec<JoinHandle<Result<u64, zmq::Error>>>,
}

impl Peers {
    /// Opens the gNB's sockets and starts the UEs.
    ///
    /// # Errors
    /// [`BenchError`] when a socket or a thread cannot be had.
    pub fn start(path: &Path, kind: Kind) -> Result<Self, BenchError> {
        let context = zmq::Context::new();
        let tx = socket(&context, zmq::REP, TIMEOUT_MS)?;
        tx.bind(&path.gnb_tx)?;
        let rx = socket(&context, zmq::REQ, TIMEOUT_MS)?;
        rx.connect(&path.gnb_rx)?;
        request(&rx)?;
        let stop = Arc::new(AtomicBool::new(false));
        let start = |ue| {
            let (ue, stop) = (Ue::open(ue, kind)?, Arc::clone(&stop));
            let thread = std::thread::Builder::new().name("ue".into());
            thread.spawn(move || ue.run(&stop)).map_err(|e| BenchError::Thread(e.to_string()))
        };
        let ues = path.ues.iter().map(start).collect::<Result<_, _>>()?;
        Ok(Self {
            tx,
            rx,
            kind,
            sends: Slots::new(),
            wants: Slots::new(),
            gather: Gather::default(),
            sent_ns: VecDeque::with_capacity(UNDER_WAY),
            slots: Arc::default(),
            faults: 0,
            trips_ns: Vec::with_capacity(1 << 14),
            rounds: Rounds::default(),
            stop,
            ues,
        })
    }

    /// Slots sent so far, as they are sent.
    pub fn slots(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.slots)
    }

    /// Some slots that are not measured.
    ///
    /// # Errors
    /// [`BenchError`] when a message does not come.
    pub fn warm_up(&mut self, slots: u64) -> Result<(), BenchError> {
        for _ in 0..slots {
            self.slot(UNDER_WAY)?;
        }
        self.drain()?;
        self.trips_ns.clear();
        Ok(())
    }

    /// A round: half the time slots one after the other, which gives round trips, then as many under way as a gNB has, which gives the
    /// throughput. Without `trips` the latter only.
    ///
    /// # Errors
    /// [`BenchError`] when a message does not come.
    pub fn round(&mut self, time_ns: u64, trips: bool) -> Result<(), BenchError> {
        let parts = if trips { 2 } else { 1 };
        if trips {
            self.slots_for(time_ns / parts, 1)?;
        }
        let mut trips_ns = std::mem::take(&mut self.trips_ns);
        let (slots, wall_ns) = self.slots_for(time_ns / parts, UNDER_WAY)?;
        self.trips_ns.clear();
        self.rounds.add(&trips_ns, slots, wall_ns);
        trips_ns.clear();
        self.trips_ns = trips_ns;
        Ok(())
    }

    /// Slots for a time, at least one: how many came back, and until when the last of them did. Those that are under way then are
    /// waited for, but count for nothing: a peer that keeps the last samples of a slot until the next one comes loses nothing by it.
    fn slots_for(&mut self, time_ns: u64, under_way: usize) -> Result<(u64, u64), BenchError> {
        let begin = mono_ns();
        let first = self.slots.load(Ordering::Relaxed);
        self.slot(under_way)?;
        while mono_ns() < begin + time_ns {
            self.slot(under_way)?;
        }
        let took_ns = mono_ns() - begin;
        let back = self.slots.load(Ordering::Relaxed) - first - self.sent_ns.len() as u64;
        self.drain()?;
        Ok((back, took_ns))
    }

    /// Waits for the slots that are under way.
    fn drain(&mut self) -> Result<(), BenchError> {
        while !self.sent_ns.is_empty() {
            self.slot(0)?;
        }
        Ok(())
    }

    /// Until one more slot is back: replies to requests with slots, at most `under_way` ahead; takes replies, asks again.
    fn slot(&mut self, under_way: usize) -> Result<(), BenchError> {
        let before = self.trips_ns.len();
        while self.trips_ns.len() == before {
            let may_send = self.sent_ns.len() < under_way;
            let mut items = [self.rx.as_poll_item(zmq::POLLIN), self.tx.as_poll_item(zmq::POLLIN)];
            let watched = if may_send { 2 } else { 1 };
            if zmq::poll(&mut items[..watched], i64::from(TIMEOUT_MS))? == 0 {
                return Err(zmq::Error::EAGAIN.into());
            }
            let (comes, asked) = (items[0].is_readable(), may_send && items[1].is_readable());
            if comes {
                self.take()?;
            }
            if asked {
                self.give()?;
            }
        }
        Ok(())
    }

    fn give(&mut self) -> Result<(), BenchError> {
        let slot = self.sends.next();
        self.slots.fetch_add(1, Ordering::Relaxed);
        self.tx.recv_msg(0)?;
        self.sent_ns.push_back(mono_ns());
        self.tx.send(slot, 0)?;
        Ok(())
    }

    fn take(&mut self) -> Result<(), BenchError> {
        let got = self.rx.recv_msg(0)?;
        request(&self.rx)?;
        let now = mono_ns();
        let Self { gather, sent_ns, trips_ns, wants, faults, kind, .. } = self;
        gather.take(&got, |slot| {
            trips_ns.push(now - sent_ns.pop_front().unwrap_or(now));
            *faults += wants.differing(slot, kind.exact);
            Ok(())
        })
    }

    /// Ends the UEs and gives what was measured, with the samples of both directions that did not arrive as they were sent.
    ///
    /// # Errors
    /// [`BenchError`] of a UE.
    pub fn end(self) -> Result<Rounds, BenchError> {
        self.stop.store(true, Ordering::Relaxed);
        let mut rounds = self.rounds;
        rounds.faults = self.faults;
        for ue in self.ues {
            rounds.faults += ue.join().map_err(|_| BenchError::Thread("a UE panicked".into()))??;
        }
        Ok(rounds)
    }
}

/// A socket that gives up waiting.
pub(super) fn socket(
    context: &zmq::Context,
    kind: zmq::SocketType,
    timeout_ms: i32,
) -> Result<zmq::Socket, zmq::Error> {
    let socket = context.socket(kind)?;
    socket.set_linger(0)?;
    socket.set_rcvtimeo(timeout_ms)?;
    Ok(socket)
}

/// Asks for samples. srsRAN sends one byte, of which `air` and the relay look at none; GNU Radio reads four, the most items that it may send.
pub(super) fn request(socket: &zmq::Socket) -> Result<(), zmq::Error> {
    socket.send(&(SLOT as u32).to_le_bytes()[..], 0)
}
