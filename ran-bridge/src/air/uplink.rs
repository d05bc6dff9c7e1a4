//! Uplink: the sum of what the receivers send, on the gNB's time line.

use super::capture::Tap;
use super::config::MAX_PORTS;
use super::engine::Engine;
use super::fault::{Direction, FaultStatus};
use super::msg::{Event, PeerState};
use super::stats::{AirStats, add};
use super::ue::Ue;
use crate::clock::mono_ns;
use crate::iq::{MAX_REPLY_SAMPLES, Wire};
use num_complex::Complex32;

/// Longest wait for the rest of a message of a receiver, ns.
const REST_NS: u64 = 5_000_000;

impl Engine<'_> {
    /// Index up to which uplink may be given now: what everyone present has sent, at most the lead beyond the
    /// downlink taken; without anybody, as much as downlink was taken.
    pub(super) fn uplink_limit(&self) -> u64 {
        let sent = self.ues.iter().filter(|u| u.owes_uplink()).map(super::ue::Ue::uplink_end).min();
        match sent {
            None => self.dl + self.front_end.held_samples() as u64,
            Some(end) => u64::try_from(end).unwrap_or(0).min(self.dl + self.config.uplink_lead_samples),
        }
    }

    /// Answers the gNB's request with the sum of all uplinks. Never with zero samples.
    pub(super) fn give_uplink(&mut self) {
        self.push_uplink();
        let limit = self.uplink_limit();
        if limit <= self.ul || !self.gnb.asks() || self.rest_is_coming() {
            return;
        }
        let n = ((limit - self.ul) as usize).min(MAX_REPLY_SAMPLES);
        self.mix_uplink(n);
        for wire in self.gnb.wires.iter_mut().flat_map(|w| &mut w.rx) {
            wire.begin_reply(n);
        }
        self.ul += n as u64;
        self.progress_ns = mono_ns();
        add(&self.stats.ul_samples, n as u64);
        self.push_uplink();
    }

    /// Whether a receiver is in the middle of a message whose rest comes in a moment: an answer with a part of it would cost the gNB one
    /// more request. One that stands still there is not waited for.
    fn rest_is_coming(&self) -> bool {
        let in_message = |u: &Ue| u.owes_uplink() && u.tx.as_ref().is_some_and(Wire::is_in_message);
        mono_ns().saturating_sub(self.heard_ns) < REST_NS && self.ues.iter().any(in_message)
    }

    /// Writes what the gNB's sockets take.
    fn push_uplink(&mut self) {
        let mut gone = 0;
        if let Some(wires) = &mut self.gnb.wires {
            for (wire, fifo) in wires.rx.iter_mut().zip(&mut self.gnb.mixed) {
                if let Err(why) = wire.push(fifo) {
                    gone |= Self::ended(wire, Err(why));
                }
            }
        }
        self.end_wires(gone);
    }

    /// Sums the next `n` samples of every uplink, each through its channel and the combining weights, for the gNB's receive ports.
    fn mix_uplink(&mut self, n: usize) {
        let mut y: [&mut [Complex32]; MAX_PORTS] = Default::default();
        let ports = self.gnb.mixed.len().min(MAX_PORTS);
        for (y, fifo) in y.iter_mut().zip(&mut self.gnb.mixed) {
            let Some(space) = fifo.grow(n) else { return };
            space.fill(Complex32::ZERO);
            *y = space;
        }
        let y = &mut y[..ports];
        let mut at = 0;
        while at < n {
            self.combiner.plan(n - at, &mut self.ul_plan);
            let len = self.ul_plan.len;
            if let Some(capture) = &mut self.capture {
                capture.note(Direction::Uplink, &self.ul_plan, false);
            }
            let mut piece: [&mut [Complex32]; MAX_PORTS] = Default::default();
            for (piece, y) in piece.iter_mut().zip(&mut *y) {
                *piece = &mut y[at..at + len];
            }
            let mut touched = 0;
            for (stream, ue) in (0_u32..).zip(&mut self.ues).filter(|(_, u)| u.owes_uplink()) {
                touched += 1;
                let mut part = Part { ul: self.ul + at as u64, n: len, stats: self.stats, works: self.works };
                let span = part.of(ue);
                if !self.faults.is_idle() {
                    let port = &mut self.port;
                    let told = |status: &FaultStatus| port.event(&Event::Fault(status.clone()));
                    self.faults.apply(
                        stream as usize,
                        Direction::Uplink,
                        span.first,
                        ue.uplink.front_mut(span.count),
                        told,
                    );
                }
                let x = &ue.uplink.samples()[..span.count];
                if let Some(capture) = &mut self.capture {
                    capture.take(Tap::UeTx { stream }, span.first, x);
                    capture.hear(stream, span.first, x.len());
                }
                if self.works {
                    let x = if span.skip == 0 { x } else { later(&mut self.ul_late, span.skip, x) };
                    ue.sends.process_add(&self.ul_plan, x, &mut piece[..ports]);
                }
                ue.uplink.drop_front(span.count);
            }
            if touched == 0 {
                add(&self.stats.absent_zero_samples, len as u64);
            }
            at += len;
        }
        for (port, y) in (0..).zip(y) {
            add(&self.stats.clipped_samples, clip(y));
            if let Some(capture) = &mut self.capture {
                capture.take(Tap::GnbRx { port }, self.ul, y);
            }
        }
        self.end_capture();
    }

    /// Answers receivers with all that is ready for them. In the middle of a message of the gNB no answer begins: the rest of it comes in a
    /// moment, and an answer with a part of it would cost the receiver one more request.
    pub(super) fn give_downlink(&mut self) {
        let mut gone = 0;
        let waits = self.gnb.wires.iter().flat_map(|w| &w.tx).any(Wire::is_in_message);
        for ue in &mut self.ues {
            if ue.asks() {
                ue.trim();
            }
            let Some(wire) = &mut ue.rx else { continue };
            let is_due = wire.requested() && wire.unwritten() == 0 && !ue.out.is_empty();
            if is_due && !waits && ue.state == PeerState::Present {
                wire.begin_reply(ue.out.len().min(MAX_REPLY_SAMPLES));
            }
            if let Err(why) = wire.push(&mut ue.out) {
                gone |= Self::ended(wire, Err(why));
            }
        }
        self.end_wires(gone);
    }
}

/// A stretch of uplink, and what a receiver has for it.
struct Part<'a> {
    ul: u64,
    n: usize,
    stats: &'a AirStats,
    works: bool,
}

/// What a receiver has for a stretch: `count` samples from its own front on, after `skip` that it never sent.
struct Has {
    first: u64,
    skip: usize,
    count: usize,
}

impl Part<'_> {
    /// Drops what comes too late, and counts what is missing.
    fn of(&mut self, ue: &mut Ue) -> Has {
        let (ul, n) = (self.ul, self.n);
        add(&self.stats.late_samples, ue.drop_late(ul));
        let own = ul as i64 - ue.base;
        let skip = (ue.uplink.first() as i64 - own).clamp(0, n as i64) as usize;
        let count = (n - skip).min(ue.uplink.len());
        let invented = n - count - (ue.joined_at.saturating_sub(ul) as usize).min(n - count);
        add(&self.stats.invented_samples, invented as u64);
        add(&self.stats.held_ul_samples, if self.works { 0 } else { count as u64 });
        Has { first: ul + skip as u64, skip, count }
    }
}

/// `x` after `skip` zeros: a receiver that joins within the stretch.
fn later<'a>(space: &'a mut [Complex32], skip: usize, x: &[Complex32]) -> &'a [Complex32] {
    space[..skip].fill(Complex32::ZERO);
    space[skip..skip + x.len()].copy_from_slice(x);
    &space[..skip + x.len()]
}

/// Keeps each part within ±1, as the gNB's conversion to 16 bit does; gives how many samples were beyond.
fn clip(samples: &mut [Complex32]) -> u64 {
    let beyond = |z: &Complex32| z.re.abs() > 1.0 || z.im.abs() > 1.0;
    let (blocks, rest) = bytemuck::cast_slice::<Complex32, f32>(samples).as_chunks::<8>();
    let mut any = [false; 8];
    for block in blocks {
        for (any, x) in any.iter_mut().zip(block) {
            *any |= x.abs() > 1.0;
        }
    }
    if !any.contains(&true) && rest.iter().all(|x| x.abs() <= 1.0) {
        return 0;
    }
    let mut n = 0;
    for z in samples.iter_mut().filter(|z| beyond(z)) {
        *z = Complex32::new(z.re.clamp(-1.0, 1.0), z.im.clamp(-1.0, 1.0));
        n += 1;
    }
    n
}
