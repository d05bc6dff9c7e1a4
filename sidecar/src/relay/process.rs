//! The relay's loop: one thread over the legs' wires and the guard's sockets.

use super::config::RelayConfig;
use super::error::RelayError;
use super::grid::{Grid, Offset};
use super::guard::Guard;
use super::leg::Leg;
use super::line::Line;
use super::margin::Margins;
use super::status::{Gauges, RelayStatus};
use super::wires::{Wired, connector};
use crate::telemetry::{Metrics, serve_metrics};
use crate::tx::{Hello, Piece};
use num_complex::Complex32;
use ran_bridge::iq::{Connections, Connector};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Longest and shortest sleep, ns.
const LOOK_NS: i64 = 1_000_000;
const SHORT_LOOK_NS: i64 = 50_000;
/// Samples go to the guard this long before their time at most, ns; with what it has it stays below 20 ms.
const AHEAD_NS: u64 = 4_000_000;
/// A chain whose legs have all gone ends after this long, ns.
const ALONE_NS: u64 = 2_000_000_000;
/// Status is told this often, ns.
const TELL_NS: u64 = 500_000_000;

/// Runs until `stop`, or until the guard ends the chain. `tell` gets the status now and then, and at the end.
///
/// # Errors
/// [`RelayError`]. Peers that come, go, stand still or send nonsense are no errors.
pub fn run(
    config: &RelayConfig,
    now_ns: fn() -> u64,
    stop: &AtomicBool,
    tell: &mut dyn FnMut(&RelayStatus),
) -> Result<RelayStatus, RelayError> {
    let (guard, status) = Guard::connect(config)?;
    config.check(status.transmit_channels, status.receive_channels)?;
    let metrics = Metrics::new("relay").map_err(|e| RelayError::Metrics(e.to_string()))?;
    let gauges = Gauges::new(&metrics).map_err(|e| RelayError::Metrics(e.to_string()))?;
    let _server = serve_metrics(&config.metrics, &metrics).map_err(|e| RelayError::Metrics(e.to_string()))?;
    let leg = |(i, l)| Wired::new(l, i, Leg::new(&l.name, config.transmit_delay, config.time_alignment));
    let piece = ((config.piece_ns as f64 * 1e-9 * status.rate_hz) as usize).max(1);
    let mut relay = Relay {
        config,
        now_ns,
        guard,
        connector: connector(&config.legs)?,
        legs: config.legs.iter().enumerate().map(leg).collect(),
        ears: Line::open(&config.guard, &Hello::Receive)?,
        rate_hz: status.rate_hz,
        channels: status.transmit_channels,
        piece,
        line: None,
        offset: Offset::default(),
        next: 0,
        front: 0,
        lost: 0,
        refused: 0,
        skipped: 0,
        margins: Margins::default(),
        began_ns: None,
        alone_ns: None,
    };
    tracing::info!(legs = config.legs.len(), rate_hz = status.rate_hz, radio = status.radio, "the relay is ready");
    let mut tell_ns = 0;
    let result = loop {
        if stop.load(Relaxed) {
            break relay.guard.end();
        }
        if let Err(error) = relay.wait().and_then(|()| relay.turn()) {
            let error = if relay.guard.on_air.is_some() { relay.guard.why().unwrap_or(error) } else { error };
            // whoever ended it: nothing more is sent
            let _ = relay.guard.end();
            break Err(error);
        }
        let now_ns = (relay.now_ns)();
        if now_ns >= tell_ns {
            tell_ns = now_ns + TELL_NS;
            let status = relay.status();
            gauges.show(&status);
            tell(&status);
        }
    };
    let status = relay.status();
    tell(&status);
    result.map(|()| status)
}

struct Relay<'a> {
    config: &'a RelayConfig,
    now_ns: fn() -> u64,
    guard: Guard<'a>,
    connector: Connector,
    legs: Vec<Wired>,
    /// What the radio receives.
    ears: Line,
    rate_hz: f64,
    channels: usize,
    /// Samples of a piece.
    piece: usize,
    /// The radio's time line, and the host's place on it; `None` before the first block.
    line: Option<Grid>,
    offset: Offset,
    /// Index of the next piece to send.
    next: u64,
    /// Index after the last block that was received.
    front: u64,
    lost: u64,
    refused: u64,
    skipped: u64,
    margins: Margins,
    began_ns: Option<u64>,
    /// Since when no leg's peer is there.
    alone_ns: Option<u64>,
}

impl Relay<'_> {
    /// Sleeps until something can be moved.
    fn wait(&self) -> Result<(), RelayError> {
        let mut fds = vec![PollFd::from_borrowed_fd(self.ears.fd(), PollFlags::IN)];
        self.legs.iter().for_each(|l| l.poll_fds(&mut fds));
        self.connector.poll_fds(&mut |fd, flags| fds.push(PollFd::from_borrowed_fd(fd, flags)));
        // what comes wakes it; what is due does not
        let due_ns = self.guard.on_air.as_ref().and_then(|_| self.left_ns(self.next));
        let tv_nsec = due_ns.unwrap_or(LOOK_NS).clamp(SHORT_LOOK_NS, LOOK_NS);
        match poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec })) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(e) => Err(RelayError::Poll(e.into())),
        }
    }

    fn turn(&mut self) -> Result<(), RelayError> {
        self.hear()?;
        self.connector.turn((self.now_ns)());
        let at = self.line.is_some().then_some(self.front);
        for i in 0..self.legs.len() {
            let due = self.legs[i].leg.next_out();
            let was_sent = self.legs[i].leg.status.sent_samples > 0;
            if self.legs[i].turn(&mut self.connector, at)
                && was_sent
                && let Some(left_ns) = due.and_then(|due| self.left_ns(due))
            {
                self.margins.add(left_ns);
            }
        }
        let now_ns = (self.now_ns)();
        self.guard.turn(now_ns)?;
        self.begin_or_end(now_ns)?;
        self.send()
    }

    /// Takes what the radio has received.
    fn hear(&mut self) -> Result<(), RelayError> {
        let Self { ears, legs, config, line, offset, front, lost, rate_hz, now_ns, .. } = self;
        ears.take(&mut |piece: &Piece| {
            let grid = *line.get_or_insert_with(|| Grid::at(piece.first, piece.time_ns, *rate_hz));
            let end = piece.first + piece.len() as u64;
            offset.note(grid.time_ns(end), now_ns());
            *lost += piece.lost;
            *front = end;
            for (wired, config) in legs.iter_mut().zip(&config.legs) {
                if let Some(samples) = piece.each().nth(config.receive) {
                    wired.leg.hear(piece.first, samples);
                }
            }
        })?;
        Ok(())
    }

    /// Time until what goes out at this index is due at the guard, ns; negative = it is too late.
    fn left_ns(&self, index: u64) -> Option<i64> {
        let due_ns = self.line?.time_ns(index) - self.config.lead_ns.cast_signed();
        Some(due_ns - self.offset.radio_ns((self.now_ns)())?)
    }

    /// A chain begins with the first peer and ends with the last.
    fn begin_or_end(&mut self, now_ns: u64) -> Result<(), RelayError> {
        let is_alone = !self.legs.iter().any(|l| l.leg.is_there());
        self.alone_ns = self.alone_ns.filter(|_| is_alone).or_else(|| is_alone.then_some(now_ns));
        let for_long = self.alone_ns.is_some_and(|since| now_ns - since > ALONE_NS);
        if self.guard.on_air.is_some() {
            return if for_long { self.guard.end() } else { Ok(()) };
        }
        if let (false, Some(line)) = (is_alone, self.line) {
            if !self.guard.begin(now_ns)? {
                return Ok(());
            }
            self.began_ns.get_or_insert(now_ns);
            let lead_ns = (self.config.lead_ns + AHEAD_NS).cast_signed();
            let first_ns = self.offset.radio_ns((self.now_ns)()).unwrap_or(0) + lead_ns;
            self.next = line.index(first_ns).next_multiple_of(self.piece as u64);
        }
        Ok(())
    }

    /// Sends each piece that is whole, or due.
    fn send(&mut self) -> Result<(), RelayError> {
        while self.guard.on_air.is_some()
            && let (Some(line), Some(left_ns)) = (self.line, self.left_ns(self.next))
        {
            if left_ns < -self.config.lead_ns.cast_signed() {
                // this process stood still: what would have gone out by now is over, and what comes for it is late
                let now_ns = self.offset.radio_ns((self.now_ns)()).unwrap_or(0);
                let next = line.index(now_ns + self.config.lead_ns.cast_signed()).next_multiple_of(self.piece as u64);
                self.skipped += next.saturating_sub(self.next);
                self.next = self.next.max(next);
                continue;
            }
            let is_whole = self.legs.iter().all(|l| l.leg.has(self.next, self.piece));
            let is_near = left_ns <= AHEAD_NS.cast_signed();
            if !(is_near && is_whole) && left_ns > 0 {
                break;
            }
            let (first, n) = (self.next, self.piece);
            let mut samples = vec![Complex32::ZERO; self.channels * n];
            for (wired, config) in self.legs.iter_mut().zip(&self.config.legs) {
                wired.leg.give(first, &mut samples[config.transmit * n..(config.transmit + 1) * n]);
            }
            let piece = Piece { first, time_ns: line.time_ns(first), lost: 0, channels: self.channels, samples };
            if let Some((_, line)) = &mut self.guard.on_air {
                self.refused += u64::from(!line.send(&piece)?);
            }
            self.next += n as u64;
        }
        Ok(())
    }

    fn status(&self) -> RelayStatus {
        RelayStatus {
            on_air: self.guard.on_air.as_ref().map(|(id, _)| *id),
            guard: self.guard.chain,
            for_s: self.began_ns.map_or(0.0, |at| ((self.now_ns)() - at) as f64 * 1e-9),
            radio_lost_samples: self.lost,
            refused_pieces: self.refused,
            skipped_samples: self.skipped,
            margin: self.margins.read(),
            legs: self.legs.iter().map(|l| l.leg.status.clone()).collect(),
        }
    }
}
