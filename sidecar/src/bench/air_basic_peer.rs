//! A synthetic gNB (the calling thread) and a synthetic UE (a thread of its own) on one path.

use super::air_basic::BenchError;
use crate::free_ports::FreePorts;
use ran_bridge::clock::mono_ns;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Longest wait for a message; a peer that waits longer ends the bench with an error.
const TIMEOUT_MS: i32 = 10_000;
/// How often the UE looks whether it shall end.
const LOOK_MS: i32 = 200;

/// Addresses of one path. The peers bind `gnb_tx` and `ue_tx`, what stands between binds the others.
#[derive(Debug, Clone)]
pub(super) struct Path {
    /// gNB transmit.
    pub gnb_tx: String,
    /// gNB receive.
    pub gnb_rx: String,
    /// UE transmit.
    pub ue_tx: String,
    /// UE receive.
    pub ue_rx: String,
}

impl Path {
    /// Four free loopback TCP ports, as the gNB's radio takes no other transport.
    ///
    /// # Errors
    /// [`BenchError::Ports`] when there is none.
    pub fn free() -> Result<Self, BenchError> {
        let mut ports = FreePorts::stock(4)?;
        Ok(Self { gnb_tx: ports.wire()?, gnb_rx: ports.wire()?, ue_tx: ports.wire()?, ue_rx: ports.wire()? })
    }
}

/// A slot as bytes: sample `i` is `(i/2^15, −i/2^15)`, the first one carries the slot's number.
fn template(samples: usize) -> Vec<u8> {
    (0..samples)
        .flat_map(|i| {
            let x = i as f32 / 32_768.0;
            [x.to_le_bytes(), (-x).to_le_bytes()].concat()
        })
        .collect()
}

/// Writes the number of a slot into its first sample, as two values below 1 that a float holds exactly.
fn number(slot: &mut [u8], k: u64) {
    let part = |x: u64| ((x % 8192) as f32 / 8192.0).to_le_bytes();
    slot[..4].copy_from_slice(&part(k));
    slot[4..8].copy_from_slice(&part(k / 8192));
}

/// Samples of a received slot that differ from what was sent.
fn differing(got: &[u8], want: &[u8]) -> u64 {
    if got == want {
        return 0;
    }
    let differ = got.chunks(8).zip(want.chunks(8)).filter(|(a, b)| a != b).count();
    (differ + got.len().abs_diff(want.len()).div_ceil(8)) as u64
}

/// What a path has given.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// One value a slot.
    pub round_trip_ns: Vec<u64>,
    /// Samples that did not arrive as they were sent, both directions.
    pub faults: u64,
}

/// The two peers of a path.
pub(super) struct Peers {
    tx: zmq::Socket,
    rx: zmq::Socket,
    slot: Vec<u8>,
    want: Vec<u8>,
    next: u64,
    outcome: Outcome,
    stop: Arc<AtomicBool>,
    ue: JoinHandle<Result<u64, zmq::Error>>,
}

impl Peers {
    /// Opens the gNB's sockets and starts the UE. `exact`: the path does not change the downlink, so the UE compares it.
    ///
    /// # Errors
    /// [`BenchError`] when a socket or the thread cannot be had.
    pub fn start(path: &Path, samples: usize, exact: bool) -> Result<Self, BenchError> {
        let context = zmq::Context::new();
        let tx = socket(&context, zmq::REP, TIMEOUT_MS)?;
        tx.bind(&path.gnb_tx)?;
        let rx = socket(&context, zmq::REQ, TIMEOUT_MS)?;
        rx.connect(&path.gnb_rx)?;
        rx.send(&[0_u8][..], 0)?;
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let ends = ue_ends(path)?;
        let ue = std::thread::Builder::new()
            .name("ue".into())
            .spawn(move || ue(&ends, samples, exact, &flag))
            .map_err(|e| BenchError::Thread(e.to_string()))?;
        let slot = template(samples);
        Ok(Self { tx, rx, want: slot.clone(), slot, next: 0, outcome: Outcome::default(), stop, ue })
    }

    /// Some slots that are not measured.
    ///
    /// # Errors
    /// [`BenchError`] when a message does not come.
    pub fn warm_up(&mut self, slots: u64) -> Result<(), BenchError> {
        for _ in 0..slots {
            self.turn()?;
        }
        self.outcome.round_trip_ns.clear();
        Ok(())
    }

    /// Slots, one after the other, for a time.
    ///
    /// # Errors
    /// [`BenchError`] when a message does not come.
    pub fn pump(&mut self, time_ns: u64) -> Result<(), BenchError> {
        let end = mono_ns() + time_ns;
        while mono_ns() < end {
            self.turn()?;
        }
        Ok(())
    }

    /// One slot down and one up, as the gNB's radio does it: reply to the request that waits, take the reply that comes, ask again.
    fn turn(&mut self) -> Result<(), BenchError> {
        number(&mut self.slot, self.next);
        self.tx.recv_msg(0)?;
        let sent_ns = mono_ns();
        self.tx.send(&self.slot[..], 0)?;
        let mut got = self.rx.recv_msg(0)?;
        let mut rest = Vec::new();
        self.rx.send(&[0_u8][..], 0)?;
        while got.len() + rest.len() < self.slot.len() {
            let more = self.rx.recv_msg(0)?;
            self.rx.send(&[0_u8][..], 0)?;
            rest.extend_from_slice(&more);
        }
        let took = mono_ns() - sent_ns;
        self.outcome.round_trip_ns.push(took);
        if !rest.is_empty() {
            got = zmq::Message::from([&got[..], &rest[..]].concat());
        }
        number(&mut self.want, self.next);
        self.outcome.faults += differing(&got, &self.want);
        self.next += 1;
        Ok(())
    }

    /// Ends the UE and gives what was measured.
    ///
    /// # Errors
    /// [`BenchError`] of the UE.
    pub fn end(mut self) -> Result<Outcome, BenchError> {
        self.stop.store(true, Ordering::Relaxed);
        let faults = self.ue.join().map_err(|_| BenchError::Thread("the UE panicked".into()))??;
        self.outcome.faults += faults;
        Ok(self.outcome)
    }
}

fn socket(context: &zmq::Context, kind: zmq::SocketType, timeout_ms: i32) -> Result<zmq::Socket, zmq::Error> {
    let socket = context.socket(kind)?;
    socket.set_linger(0)?;
    socket.set_rcvtimeo(timeout_ms)?;
    Ok(socket)
}

/// The UE's transmit and receive sockets. An address that is taken is an error here, not a silence later.
fn ue_ends(path: &Path) -> Result<(zmq::Socket, zmq::Socket), zmq::Error> {
    let context = zmq::Context::new();
    let tx = socket(&context, zmq::REP, LOOK_MS)?;
    tx.bind(&path.ue_tx)?;
    let rx = socket(&context, zmq::REQ, LOOK_MS)?;
    rx.connect(&path.ue_rx)?;
    Ok((tx, rx))
}

/// The UE: asks for downlink, sends a slot of uplink for each slot it gets, compares afterwards.
fn ue(
    (tx, rx): &(zmq::Socket, zmq::Socket),
    samples: usize,
    exact: bool,
    stop: &AtomicBool,
) -> Result<u64, zmq::Error> {
    rx.send(&[0xff_u8][..], 0)?;
    let mut slot = template(samples);
    let mut want = slot.clone();
    let mut pending: Vec<u8> = Vec::with_capacity(slot.len());
    let (mut next, mut faults) = (0_u64, 0_u64);
    while !stop.load(Ordering::Relaxed) {
        let got = match rx.recv_msg(0) {
            Ok(got) => got,
            Err(zmq::Error::EAGAIN) => continue,
            Err(e) => return Err(e),
        };
        rx.send(&[0xff_u8][..], 0)?;
        let whole = pending.is_empty() && got.len() == slot.len();
        if !whole {
            pending.extend_from_slice(&got);
            if pending.len() < slot.len() {
                continue;
            }
        }
        number(&mut slot, next);
        loop {
            match tx.recv_msg(0) {
                Ok(_) => break,
                Err(zmq::Error::EAGAIN) if !stop.load(Ordering::Relaxed) => {}
                Err(zmq::Error::EAGAIN) => return Ok(faults),
                Err(e) => return Err(e),
            }
        }
        tx.send(&slot[..], 0)?;
        let got = if whole { &got[..] } else { &pending[..] };
        number(&mut want, next);
        faults += if exact { differing(got, &want) } else { got.len().abs_diff(want.len()).div_ceil(8) as u64 };
        next += 1;
        pending.clear();
    }
    Ok(faults)
}
