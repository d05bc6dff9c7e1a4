//! One terminal's sockets, as srsUE uses them: transmit REP bound, receive REQ connected, uplink in lockstep with the downlink.
use super::frame_number::FrameNumbers;
use super::receiver::Receiver;
use super::switch::{Power, Switch};
use crate::config::CellConfig;
use crate::iq;
use crate::uplink;
use crate::world::UeReport;
use num_complex::Complex32;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;

/// Level of a UE's uplink.
const UPLINK_DBFS: f32 = -25.0;
/// Uplink blocks that may wait for a request, beyond those it is ahead, before the terminal stops taking downlink.
const BACKLOG: usize = 3;
/// Turns, of 20 ms at most, that a terminal that is switched off takes for what is under way.
const LAST_LOOKS: u32 = 10;
/// Samples srsUE's receive ring holds.
const RING: usize = 3_072_000;

/// What a terminal thread needs.
pub struct Terminal {
    /// Terminal index.
    pub index: usize,
    /// Index among those that transmit; `None` never transmits.
    pub uplink: Option<usize>,
    /// Transmit address.
    pub tx_port: String,
    /// Receive address.
    pub rx_port: String,
    /// The cell it looks for.
    pub cell: CellConfig,
    /// Blocks of 1 ms that its transmitter is ahead of its receiver.
    pub lead_slots: usize,
    /// Report period.
    pub report_period_ms: u32,
    /// All frame numbers' broadcasts.
    pub frame_numbers: Arc<FrameNumbers>,
    /// Its power switch.
    pub power: Arc<Switch>,
    /// End.
    pub stop: Arc<AtomicBool>,
    /// Reports go here.
    pub reports: Sender<UeReport>,
}

/// A socket that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("terminal {index}: {address}: {source}; is the port free?")]
pub struct TerminalError {
    index: usize,
    address: String,
    source: zmq::Error,
}

impl Terminal {
    /// Runs until `stop`: each time it is switched on it opens fresh sockets and searches the cell anew.
    ///
    /// # Errors
    /// [`TerminalError`] where a socket cannot be opened within five seconds.
    pub fn run(&self, context: &zmq::Context) -> Result<(), TerminalError> {
        while !self.stop.load(Ordering::Relaxed) {
            if self.power.get() != Power::On {
                std::thread::sleep(std::time::Duration::from_millis(5));
                continue;
            }
            self.session(context)?;
        }
        Ok(())
    }

    fn open(&self, context: &zmq::Context) -> Result<(zmq::Socket, zmq::Socket), TerminalError> {
        let error = |address: &str, source| TerminalError { index: self.index, address: address.to_owned(), source };
        let tx = context.socket(zmq::REP).map_err(|e| error(&self.tx_port, e))?;
        let rx = context.socket(zmq::REQ).map_err(|e| error(&self.rx_port, e))?;
        for socket in [&tx, &rx] {
            socket.set_linger(0).map_err(|e| error(&self.tx_port, e))?;
        }
        let mut tries = 0;
        loop {
            match tx.bind(&self.tx_port) {
                Ok(()) => break,
                // The previous session's socket closes in the background.
                Err(zmq::Error::EADDRINUSE) if tries < 100 => tries += 1,
                Err(e) => return Err(error(&self.tx_port, e)),
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        rx.connect(&self.rx_port).map_err(|e| error(&self.rx_port, e))?;
        Ok((tx, rx))
    }

    fn session(&self, context: &zmq::Context) -> Result<(), TerminalError> {
        let (tx, rx) = self.open(context)?;
        let Some(mut body) = Body::new(self) else { return Ok(()) };
        let (mut asked, mut requested) = (false, false);
        let mut message = zmq::Message::new();
        let mut bytes = Vec::new();
        let failed = |source| TerminalError { index: self.index, address: self.tx_port.clone(), source };
        let mut looks = 0;
        while !self.stop.load(Ordering::Relaxed) {
            let on = match self.power.get() {
                Power::On => true,
                Power::Dead => return Ok(()),
                Power::Off if looks == LAST_LOOKS || !(asked || requested) => return Ok(()),
                Power::Off => {
                    looks += 1;
                    false
                }
            };
            if on && !asked && body.waiting() < RING {
                rx.send(&[0xff_u8][..], 0).map_err(failed)?;
                asked = true;
            }
            let mut items = [rx.as_poll_item(zmq::POLLIN), tx.as_poll_item(zmq::POLLIN)];
            // What is asked of it while it leaves is not taken any more.
            match zmq::poll(&mut items[..if on { 2 } else { 1 }], 20) {
                Ok(_) | Err(zmq::Error::EINTR) => {}
                Err(e) => return Err(failed(e)),
            }
            let (have, want) = (items[0].is_readable(), on && items[1].is_readable());
            if want && !requested && tx.recv(&mut message, zmq::DONTWAIT).is_ok() {
                requested = true;
            }
            if have && rx.recv(&mut message, zmq::DONTWAIT).is_ok() {
                asked = false;
                iq::from_bytes(&message, &mut body.downlink);
            }
            self.step(&mut body);
            if requested && let Some(block) = body.uplink.pop_front() {
                bytes.clear();
                iq::to_bytes(&block, &mut bytes);
                tx.send(&bytes[..], 0).map_err(failed)?;
                requested = false;
                body.spare.push(block);
                self.step(&mut body);
            }
        }
        Ok(())
    }

    /// Turns whole milliseconds of downlink into measurements and uplink.
    fn step(&self, body: &mut Body) {
        let block = body.block;
        while body.uplink.len() < BACKLOG + self.lead_slots && body.waiting() >= block {
            let heard = body.receiver.push(&body.downlink[body.used..body.used + block]);
            body.used += block;
            body.ms += 1;
            body.produce(self.uplink.is_some());
            let sinr_due = heard.sinr_db.is_some() && body.ms >= body.next_report;
            if sinr_due || heard.ssb_sinr_db.is_some() || (!body.receiver.in_sync() && body.ms.is_multiple_of(50)) {
                if sinr_due {
                    body.next_report = body.ms + u64::from(self.report_period_ms) - 1;
                }
                let report = UeReport {
                    ue: self.index,
                    in_sync: body.receiver.in_sync(),
                    sinr_db: heard.sinr_db.filter(|_| sinr_due),
                    ssb_sinr_db: heard.ssb_sinr_db,
                    moved_samples: heard.moved_samples,
                    absolute_slot: heard.absolute_slot,
                };
                // The gNB thread has ended where nobody listens; `stop` follows.
                let _ = self.reports.send(report);
            }
        }
        body.forget();
    }
}

/// Samples of one session.
struct Body {
    receiver: Receiver,
    waveform: Vec<Complex32>,
    tx_offset: u64,
    block: usize,
    downlink: Vec<Complex32>,
    /// So many of them are done with.
    used: usize,
    uplink: VecDeque<Vec<Complex32>>,
    spare: Vec<Vec<Complex32>>,
    /// Own count of the next uplink sample.
    produced: u64,
    ms: u64,
    next_report: u64,
}

impl Body {
    fn new(t: &Terminal) -> Option<Self> {
        let n = t.cell.numerology()?;
        let mut body = Self {
            receiver: Receiver::new(&t.cell, t.frame_numbers.clone())?,
            waveform: uplink::waveform(n, t.cell.pci, t.uplink.unwrap_or(0), UPLINK_DBFS),
            tx_offset: n.tx_offset as u64,
            block: n.slot,
            downlink: Vec::new(),
            used: 0,
            uplink: VecDeque::new(),
            spare: Vec::new(),
            produced: 0,
            ms: 0,
            next_report: 0,
        };
        // The transmitter is padded up to the end of the block about to be received, or farther.
        (0..t.lead_slots).for_each(|_| body.produce(false));
        Some(body)
    }

    /// Downlink samples that wait.
    fn waiting(&self) -> usize {
        self.downlink.len() - self.used
    }

    /// Gives back the room of what is done with, once that is as much as what is moved for it: who is behind would never catch up otherwise.
    fn forget(&mut self) {
        if self.used >= self.waiting() {
            self.downlink.drain(..self.used);
            self.used = 0;
        }
    }

    /// Appends one uplink block: the UE's slot waveform at its timing where it is in sync, zeros otherwise.
    fn produce(&mut self, transmits: bool) {
        let mut out = self.spare.pop().unwrap_or_else(|| vec![Complex32::default(); self.block]);
        match self.receiver.slot_start().filter(|_| transmits) {
            None => out.fill(Complex32::default()),
            Some(start) => {
                let n = self.block as u64;
                // The uplink slot begins N_TA,offset before the downlink slot.
                let phase = ((self.produced + self.tx_offset + n - start % n) % n) as usize;
                let first = self.block - phase;
                out[..first].copy_from_slice(&self.waveform[phase..]);
                out[first..].copy_from_slice(&self.waveform[..phase]);
            }
        }
        self.produced += self.block as u64;
        self.uplink.push_back(out);
    }
}
