//! The thread of the fast loop: finds the cell, keeps `air` set up, answers each occasion with weights.

mod acquire;
mod others;
mod show;

use super::air_link::{AirLink, FromAir, LinkError};
use super::config::RanConfig;
use super::ear::Ear;
use super::fast::{FastConfig, FastLoop, InForce};
use super::phases::{PhaseLog, Stamps};
use super::plan::{Place, What};
use super::rows::{AppliedRow, LoopRow, Row, SsbRow};
use super::shared::{ACTIONS_QUEUE, ActError, FastEnds, MibJob, Shared};
use crate::clock::mono_ns;
use crate::guard::{Action, Guard};
use num_complex::Complex32;
use ran_bridge::air::{Command, Event, SnippetMeta};
use ran_bridge::nr::Numerology;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A clock this many samples behind is of an `air` that began anew: no snippet runs ahead of the clock by so much.
const BEGAN_ANEW: u64 = 1_000_000;
/// `air` is asked for its status this often; it also learns so that we are there.
const STATUS_NS: u64 = 500_000_000;
/// Without a word from `air` for this long it is gone, ns.
const GONE_NS: u64 = 2_000_000_000;
/// A search of which no part came for this long is begun anew, ns.
const SEARCH_NS: u64 = 3_000_000_000;
/// The others see a new view this often, ns.
const VIEW_NS: u64 = 50_000_000;
/// A MIB of a receiver is decoded once in so many of its SSBs.
const MIB_EVERY: u64 = 4;
/// Radio time of SSBs without a signal, of whichever receiver, after which the cell counts as lost, s.
const LOST_S: f64 = 2.0;
/// As [`LOST_S`], but never before so many SSBs.
const LOST_LEAST: u32 = 8;

enum Phase {
    Waiting,
    Searching { since_ns: u64, parts: Vec<Option<Vec<Complex32>>>, first: u64, sent: bool },
    Tracking { place: Place, cell: ran_bridge::nr::Cell, ears: Vec<Ear> },
}

struct Pending {
    stamps: Stamps,
    cause: u64,
    ssb: bool,
}

/// The fast loop's thread.
pub struct FastThread {
    config: RanConfig,
    shared: Arc<Shared>,
    ends: FastEnds,
    link: AirLink,
    numerology: Numerology,
    phase: Phase,
    fast: FastLoop,
    guard: Guard,
    waiting: VecDeque<(u64, Pending)>,
    pending: Option<Pending>,
    /// Actions of others that `air` has not confirmed yet.
    acting: VecDeque<others::Acting>,
    powers: others::Powers,
    occasion: (u64, usize),
    ssb_log: PhaseLog,
    loops: u64,
    drops: BTreeMap<&'static str, u64>,
    air: BTreeMap<String, u64>,
    acquisitions: u64,
    /// SSBs without a signal since the last with one.
    failures: u32,
    /// Number of the last command of a setup anew that `air` has not answered yet; 0 where it did not get out whole.
    unanswered: Option<u64>,
    sample: u64,
    /// Radio index when the last snippet came.
    snippet_sample: u64,
    heard_ns: u64,
    asked_ns: u64,
    viewed_ns: u64,
    beam_was_on: bool,
    last_weights: Vec<Complex32>,
}

impl FastThread {
    /// A thread that is not running yet.
    ///
    /// # Errors
    /// [`LinkError`], or a rate that does not fit the subcarrier spacing.
    pub fn new(config: RanConfig, shared: Arc<Shared>, ends: FastEnds) -> Result<Self, super::RanError> {
        let link = AirLink::connect(&config.air, config.run)?;
        let numerology = Numerology::new(config.rate_hz, config.cell.scs_hz)?;
        let mut fast = FastConfig::new(config.antennas, config.served(), config.eavesdropper());
        fast.null_part = config.null_part;
        fast.fresh_s = config.fresh_s;
        // receivers take turns at SSBs: silent is who misses three of its own
        fast.silent_s = fast.silent_s.max(3.0 * config.monitors.len() as f64 * config.cell.ssb_period_s);
        let mut limits = config.limits.clone();
        limits.weights = Some(config.antennas);
        Ok(Self {
            link,
            numerology,
            phase: Phase::Waiting,
            fast: FastLoop::new(fast),
            guard: Guard::new(limits),
            waiting: VecDeque::with_capacity(64),
            pending: None,
            acting: VecDeque::with_capacity(ACTIONS_QUEUE),
            powers: others::Powers::default(),
            occasion: (0, 0),
            ssb_log: PhaseLog::new(4096),
            loops: 0,
            drops: BTreeMap::new(),
            air: BTreeMap::new(),
            acquisitions: 0,
            failures: 0,
            unanswered: None,
            sample: 0,
            snippet_sample: 0,
            heard_ns: 0,
            asked_ns: 0,
            viewed_ns: 0,
            beam_was_on: false,
            last_weights: Vec::new(),
            config,
            shared,
            ends,
        })
    }

    /// Runs until told to stop.
    ///
    /// # Errors
    /// [`LinkError`] where the socket itself fails.
    pub fn run(&mut self) -> Result<(), LinkError> {
        while !self.shared.stop.load(Ordering::Relaxed) {
            self.step()?;
        }
        Ok(())
    }

    /// One turn: waits at most a millisecond.
    ///
    /// # Errors
    /// As [`FastThread::run`].
    pub fn step(&mut self) -> Result<(), LinkError> {
        if self.link.wait(1)? {
            while let Some(message) = self.link.receive() {
                let received = self.link.received_mono_ns;
                self.take(message, received);
            }
        } else if self.pending.is_some() {
            self.decide();
        }
        self.chores(mono_ns());
        Ok(())
    }

    fn take(&mut self, message: FromAir, received: u64) {
        match message {
            FromAir::Snippet(meta, sent) => {
                self.heard_ns = received;
                let stamps = Stamps {
                    arrival_mono_ns: meta.arrival_mono_ns,
                    sent_mono_ns: sent,
                    received_mono_ns: received,
                    decoded_mono_ns: mono_ns(),
                    ..Stamps::default()
                };
                self.snippet(&meta, stamps);
            }
            FromAir::Event(event) => {
                self.heard_ns = received;
                self.event(*event);
            }
            FromAir::Unusable(why) => {
                self.drop("unusable message");
                tracing::debug!(why, "air sent something of no use");
            }
        }
    }

    fn drop(&mut self, why: &'static str) {
        *self.drops.entry(why).or_default() += 1;
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Clock { sample, .. } => self.clock(sample),
            Event::Applied { seq, what, sample, new, cause, received_mono_ns, armed_mono_ns, .. } => {
                let of_weights = what == "weights";
                self.answered(seq);
                self.acted(seq, Ok(()));
                if let Some(at) = self.waiting.iter().position(|(s, _)| *s == seq) {
                    // commands are answered in order: what stands before this one will not be
                    self.waiting.drain(..at);
                    if let Some((_, mut p)) = self.waiting.pop_front() {
                        p.stamps.delivered_mono_ns = received_mono_ns;
                        p.stamps.armed_mono_ns = armed_mono_ns;
                        self.closed(&p);
                    }
                }
                if !of_weights {
                    let row = AppliedRow { mono_ns: armed_mono_ns, what, sample, cause, new: new.to_string() };
                    self.row(Row::Applied(row));
                }
            }
            Event::Status(status) => {
                self.clock(status.dl_sample);
                self.air = status.counters.named().into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
            }
            Event::Refused { seq, reason } => {
                self.drop("refused by air");
                self.answered(seq);
                self.waiting.retain(|(s, _)| *s != seq);
                tracing::warn!(reason, "air refused a command");
                self.acted(seq, Err(ActError::Refused(reason)));
            }
            Event::Peer { name, state, advice, .. } => tracing::info!(peer = name, ?state, advice, "a peer of air"),
            Event::Fault(_) | Event::Capture(_) => {}
        }
    }

    fn closed(&mut self, p: &Pending) {
        self.loops += 1;
        if p.ssb {
            self.ssb_log.push(&p.stamps);
        }
        let row = LoopRow { mono_ns: p.stamps.armed_mono_ns, cause: p.cause, ssb: p.ssb, stamps: p.stamps };
        self.row(Row::Loop(row));
    }

    fn row(&mut self, row: Row) {
        if self.ends.rows.try_send(row).is_err() {
            self.drop("row");
        }
    }

    fn clock(&mut self, sample: u64) {
        if sample.saturating_add(BEGAN_ANEW) < self.sample {
            tracing::warn!("the sample count of air began anew: the cell is searched again");
            self.restart();
            // So did its power.
            self.powers = others::Powers::default();
        }
        self.sample = self.sample.max(sample);
    }

    fn restart(&mut self) {
        self.phase = Phase::Waiting;
        self.fast.reset();
        self.waiting.clear();
        self.pending = None;
        (self.failures, self.unanswered) = (0, None);
        (self.sample, self.snippet_sample) = (0, 0);
        self.last_weights.clear();
    }

    fn snippet(&mut self, meta: &SnippetMeta, mut stamps: Stamps) {
        self.sample = self.sample.max(meta.start);
        self.snippet_sample = self.sample;
        match (&mut self.phase, What::of(meta.window)) {
            (Phase::Searching { parts, since_ns, .. }, What::Search(k)) => {
                if let Some(part) = parts.get_mut(k as usize) {
                    *since_ns = stamps.received_mono_ns.max(*since_ns);
                    *part = Some(self.link.samples.clone());
                }
                self.search_if_complete();
            }
            (Phase::Tracking { place, cell, ears }, what) => {
                let Some(ear) = ears.iter_mut().find(|e| e.stream() == meta.stream) else { return };
                let arrival = Some(meta.arrival_mono_ns);
                let heard = match what {
                    What::Ssb => ear.ssb(meta.start, &self.link.samples).map(|(s, cfo)| self.fast.ssb(&s, Some(cfo))),
                    What::Sounded | What::Beam => {
                        let slot = place.slot_of(meta.start);
                        let in_force = match (meta.wide, meta.sounding) {
                            (true, _) => InForce::Wide,
                            (_, Some(column)) => InForce::Column(column),
                            _ => InForce::Beam,
                        };
                        ear.csi_rs(what == What::Sounded, meta.start, slot, &self.link.samples)
                            .map(|s| self.fast.csi_rs(&s, in_force))
                            .inspect(|_| {
                                if in_force == InForce::Beam {
                                    ear.beam_mono_ns = arrival;
                                }
                            })
                    }
                    What::Search(_) => return,
                };
                stamps.estimated_mono_ns = mono_ns();
                let ssb = what == What::Ssb;
                if ssb {
                    // only a block tells that the cell is there: a CSI-RS gives an estimate of noise, too
                    self.failures = if heard.is_err() { self.failures + 1 } else { 0 };
                }
                if heard.is_err() {
                    *self.drops.entry("occasion without signal").or_default() += 1;
                    return;
                }
                let mut rows = None;
                if ssb {
                    ear.ssb_mono_ns = arrival;
                    let report = ear.report();
                    let mono_ns = stamps.estimated_mono_ns;
                    let row = SsbRow {
                        mono_ns,
                        stream: meta.stream,
                        sample: meta.start,
                        snr_db: report.snr_db,
                        rsrp_dbfs: report.rsrp_dbfs,
                        rsrq_db: report.rsrq_db,
                        delay_ns: report.h.delay_s * 1e9,
                        cfo_hz: report.cfo_hz,
                    };
                    let mib = ear.ssbs % MIB_EVERY == 1;
                    rows = Some((row, mib.then_some(*cell)));
                }
                if what != What::Beam {
                    let n = ears.len();
                    self.occasion =
                        if self.occasion.0 == meta.start { (meta.start, self.occasion.1 + 1) } else { (meta.start, 1) };
                    let complete = ssb || self.occasion.1 >= n;
                    self.pending = Some(Pending { stamps, cause: meta.seq, ssb });
                    if complete {
                        self.decide();
                    }
                }
                if let Some((row, mib)) = rows {
                    self.row(Row::Ssb(row));
                    if let Some(cell) = mib {
                        self.mib(meta, cell);
                    }
                }
            }
            _ => {}
        }
    }

    fn mib(&mut self, meta: &SnippetMeta, cell: ran_bridge::nr::Cell) {
        let mut iq = self.ends.buffers.try_recv().unwrap_or_default();
        iq.clear();
        iq.extend_from_slice(&self.link.samples);
        if self.ends.mibs.try_send(MibJob { stream: meta.stream, start: meta.start, cell, iq }).is_err() {
            self.drop("MIB not decoded");
        }
    }

    /// Weights for what was heard, through the guard, to `air`.
    fn decide(&mut self) {
        let Some(mut p) = self.pending.take() else { return };
        if !self.config.act {
            return;
        }
        let Some(weights) = self.fast.weights() else { return };
        let weights = weights.to_vec();
        if !self.shared.beam_on.load(Ordering::Relaxed) {
            self.last_weights = weights;
            return;
        }
        let action = Action::Beam { weights };
        let now = mono_ns();
        let age = now.saturating_sub(p.stamps.arrival_mono_ns);
        match self.guard.check(action, now, age) {
            Ok(approved) => {
                p.stamps.decided_mono_ns = mono_ns();
                match self.link.act(&approved, p.cause) {
                    Ok(Some(seq)) => {
                        p.stamps.encoded_mono_ns = mono_ns();
                        if self.waiting.len() == 64 {
                            self.waiting.pop_front();
                            self.drop("weights never confirmed");
                        }
                        self.waiting.push_back((seq, p));
                        if let Action::Beam { weights } = approved.into_action() {
                            self.last_weights = weights;
                        }
                    }
                    Ok(None) => {}
                    Err(_) => self.drop("weights not sent"),
                }
            }
            Err(refusal) => self.drop(refusal.name()),
        }
    }

    fn chores(&mut self, now: u64) {
        if self.link.take_new() {
            self.reconnected(now);
        }
        self.act_for_others(now);
        let on = self.shared.beam_on.load(Ordering::Relaxed);
        if self.beam_was_on && !on {
            self.wide_now(now);
        }
        self.beam_was_on = on;
        if now.saturating_sub(self.asked_ns) >= STATUS_NS {
            self.asked_ns = now;
            if self.link.command(&Command::Status).is_err() {
                self.drop("status not asked");
            }
        }
        if self.heard_ns > 0 && now.saturating_sub(self.heard_ns) > GONE_NS && self.sample > 0 {
            tracing::warn!("air is silent: waiting for it");
            self.restart();
        }
        self.follow_timing();
        self.resume_snippets();
        let lost = ((LOST_S / self.config.cell.ssb_period_s) as u32).max(LOST_LEAST);
        if self.failures > lost {
            tracing::warn!("the cell is lost: it is searched again");
            self.failures = 0;
            self.phase = Phase::Waiting;
            self.fast.reset();
            self.wide_now(now);
        }
        match &self.phase {
            Phase::Waiting if self.sample > 0 => self.start_search(now),
            Phase::Searching { since_ns, .. } => {
                let since = *since_ns;
                if let Ok(found) = self.ends.found.try_recv() {
                    self.found(found);
                } else if now.saturating_sub(since) > SEARCH_NS {
                    self.drop("search not complete");
                    self.phase = Phase::Waiting;
                }
            }
            _ => {}
        }
        if now.saturating_sub(self.viewed_ns) >= VIEW_NS {
            self.show(now);
        }
    }

    fn wide_now(&mut self, now: u64) {
        let action = Action::Beam { weights: self.fast.wide().to_vec() };
        if let Ok(approved) = self.guard.check(action, now, 0)
            && self.link.act(&approved, 0).is_err()
        {
            self.drop("weights not sent");
        }
    }
}

#[cfg(test)]
mod tests;
