//! The world: everything but samples, moved one slot at a time.
use super::report::UeReport;
use super::ue::Ue;
use crate::config::{LabConfig, PowerEvent};
use crate::mac::{self, Candidate, Slice};
use crate::traffic::{Source, TraceError};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;

/// A change of a UE's context in the gNB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellEvent {
    /// `ue_create`, `ue_reconf` or `ue_rem`.
    pub kind: &'static str,
    /// Who.
    pub rnti: u16,
    /// Absolute slot.
    pub absolute: u64,
}

/// Counters the core shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct CoreCounters {
    /// Initial registrations.
    pub registrations: u64,
    /// PDU sessions created.
    pub sessions: u64,
}

/// The world.
pub struct World {
    /// Its configuration.
    pub config: LabConfig,
    /// Slots since start.
    pub slot: u64,
    /// Absolute slot of slot 0.
    pub absolute0: u64,
    /// Terminals.
    pub ues: Vec<Ue>,
    /// Slices.
    pub slices: Vec<Slice>,
    /// Advertised SSB power.
    pub ssb_block_power_dbm: i64,
    /// Events of the running metrics period.
    pub events: Vec<CellEvent>,
    /// PRBs used in the running metrics period.
    pub prb_used: u64,
    /// Core counters.
    pub core: CoreCounters,
    /// Bits an eavesdropper could read, since start.
    pub leaked_bits: f64,
    /// Bits it could read in the running 100 ms and in the last.
    pub leak_window: (f64, f64),
    /// Posts of application rates that found nobody, or a full queue.
    pub rates_lost: u64,
    pending: VecDeque<(u64, UeReport)>,
    power_events: Vec<(usize, PowerEvent)>,
    next_rnti: u16,
    next_ngap: u32,
    rng: ChaCha8Rng,
}

impl World {
    /// A world at slot 0, whose absolute number is `absolute0`.
    ///
    /// # Errors
    /// [`TraceError`] where a terminal's trace cannot be read.
    pub fn new(config: &LabConfig, absolute0: u64) -> Result<Self, TraceError> {
        let mut ues = Vec::new();
        let mut power_events = Vec::new();
        let mut slices: Vec<Slice> = Vec::new();
        for (index, ue) in config.ues.iter().enumerate() {
            let source = Source::open(&ue.traffic, config.seed, index)?;
            ues.push(Ue::new(index, ue, source));
            power_events.extend(ue.events.iter().map(|&e| (index, e)));
            if !ue.eavesdropper && !slices.iter().any(|s| (s.sst, s.sd) == (ue.sst, ue.sd)) {
                slices.push(Slice::open(config.cell.plmn.clone(), ue.sst, ue.sd));
            }
        }
        let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
        rng.set_stream(0x4a51);
        Ok(Self {
            config: config.clone(),
            slot: 0,
            absolute0,
            ues,
            slices,
            ssb_block_power_dbm: -16,
            events: Vec::new(),
            prb_used: 0,
            core: CoreCounters::default(),
            leaked_bits: 0.0,
            leak_window: (0.0, 0.0),
            rates_lost: 0,
            pending: VecDeque::new(),
            power_events,
            next_rnti: 17_921,
            next_ngap: 0,
            rng,
        })
    }

    /// Radio time.
    #[must_use]
    pub fn time_s(&self) -> f64 {
        self.slot as f64 / 1000.0
    }

    /// Absolute slot now.
    #[must_use]
    pub fn absolute(&self) -> u64 {
        (self.absolute0 + self.slot) % 10_240
    }

    /// Takes a report; the scheduler learns of it a fixed number of slots after it was measured.
    pub fn report(&mut self, report: UeReport) {
        let age = report.absolute_slot.map_or(0, |a| (self.absolute() + 10_240 - a) % 10_240);
        // A frame number from the future or from long ago is one misread.
        let measured = if age < 1000 { self.slot.saturating_sub(age) } else { self.slot };
        let due = measured + self.config.mac.report_delay_slots;
        let at = self.pending.partition_point(|(d, r)| (*d, r.ue) <= (due, report.ue));
        self.pending.insert(at, (due, report));
    }

    fn apply_reports(&mut self) {
        while self.pending.front().is_some_and(|(due, _)| *due <= self.slot) {
            let Some((_, report)) = self.pending.pop_front() else { return };
            let slot = self.slot;
            let Some(ue) = self.ues.get_mut(report.ue) else { continue };
            ue.last_report = Some(slot);
            ue.in_sync = report.in_sync;
            if let Some(moved) = report.moved_samples {
                ue.timing.downlink.add(moved as f64);
            }
            ue.sync_since = if report.in_sync { ue.sync_since.or(Some(slot)) } else { None };
            if report.ssb_sinr_db.is_some() || !report.in_sync {
                ue.ssb_sinr_db = report.ssb_sinr_db;
            }
            if report.sinr_db.is_some() || !report.in_sync {
                ue.sinr_db = report.sinr_db;
                ue.cqi = report.sinr_db.map(mac::cqi);
                if let Some(cqi) = ue.cqi {
                    ue.period.cqi_sum += u64::from(cqi);
                    ue.period.cqi_count += 1;
                }
            }
        }
    }

    /// Switches a terminal; the eavesdropper too. False where there is none of that index.
    pub fn switch(&mut self, ue: usize, on: bool) -> bool {
        let Some(ue) = self.ues.get_mut(ue) else { return false };
        (ue.on, ue.dead) = (on, false);
        true
    }

    /// Ends a terminal without a word, as `kill -9` ends its process. False where there is none of that index.
    pub fn kill(&mut self, ue: usize) -> bool {
        let Some(ue) = self.ues.get_mut(ue) else { return false };
        (ue.on, ue.dead) = (false, true);
        true
    }

    fn power_schedule(&mut self) {
        let now = self.time_s();
        let due: Vec<(usize, bool)> =
            self.power_events.iter().filter(|(_, e)| e.at_s <= now).map(|(u, e)| (*u, e.on)).collect();
        self.power_events.retain(|(_, e)| e.at_s > now);
        for (ue, on) in due {
            self.switch(ue, on);
        }
    }

    /// Attaches UEs that stay in sync and drops those that are silent. `wall_us` stamps locations.
    fn connections(&mut self, wall_us: u64) {
        let (slot, absolute) = (self.slot, self.absolute());
        let mac = &self.config.mac;
        let (rlf, attach) = (mac.radio_link_failure_ms, mac.attach_ms);
        for ue in self.ues.iter_mut() {
            let silent = ue.last_report.is_none_or(|r| slot - r > rlf);
            if silent {
                ue.in_sync = false;
                ue.sync_since = None;
                ue.sinr_db = None;
                ue.ssb_sinr_db = None;
                ue.cqi = None;
            }
            if ue.eavesdropper {
                continue;
            }
            match ue.attached {
                None if ue.sync_since.is_some_and(|s| slot - s >= attach) => {
                    ue.attached = Some((self.next_rnti, self.next_ngap));
                    ue.amf_id = self.next_ngap + 1;
                    ue.registered = true;
                    ue.registrations += 1;
                    ue.location_us = wall_us;
                    self.core.registrations += 1;
                    self.core.sessions += 1;
                    for kind in ["ue_create", "ue_reconf", "ue_reconf"] {
                        self.events.push(CellEvent { kind, rnti: self.next_rnti, absolute });
                    }
                    self.next_rnti += 1;
                    self.next_ngap += 1;
                }
                Some((rnti, _)) if silent => {
                    ue.attached = None;
                    ue.queue.clear();
                    ue.last_grant = None;
                    self.events.push(CellEvent { kind: "ue_rem", rnti, absolute });
                }
                _ => {}
            }
        }
    }

    fn offer(&mut self) {
        let slot = self.slot;
        let (scale, capacity) = (self.config.mac.traffic_scale, self.config.mac.queue_bytes as u64);
        for ue in self.ues.iter_mut().filter(|u| !u.eavesdropper) {
            let bytes = ue.source.bytes(slot, ue.resolution, scale);
            ue.bucket.tick();
            if ue.attached.is_none() {
                ue.upf_queue.clear();
                continue;
            }
            ue.window.0 += 8.0 * bytes as f64;
            ue.total.0 += 8.0 * bytes as f64;
            ue.upf_queue.push(slot, bytes, capacity / 4);
            let pass = ue.bucket.take(ue.upf_queue.bytes());
            ue.upf_queue.pop(slot, pass);
            let dropped = ue.queue.push(slot, pass, capacity);
            ue.period.sdu_bytes += pass - dropped;
            ue.period.sdus += (pass - dropped).div_ceil(1400);
            ue.period.dropped_sdus += dropped.div_ceil(1400);
        }
    }

    fn schedule(&mut self) {
        let prb = self.config.cell.prb;
        let mut who = Vec::new();
        let mut candidates = Vec::new();
        for ue in self.ues.iter().filter(|u| u.attached.is_some() && u.in_sync && u.queue.bytes() > 0) {
            let Some(cqi) = ue.cqi.filter(|c| *c > 0) else { continue };
            let Some(slice) = self.slices.iter().position(|s| (s.sst, s.sd) == (ue.sst, ue.sd)) else { continue };
            who.push((ue.index, mac::mcs(cqi)));
            candidates.push(Candidate {
                slice,
                bits_per_prb: mac::bits_per_prb(mac::mcs(cqi)),
                average_bit_per_s: ue.average_bit_per_s,
                backlog_bits: 8.0 * ue.queue.bytes() as f64,
            });
        }
        let given = mac::allocate(prb, &candidates, &self.slices);
        let ears: Vec<f64> = self.ues.iter().filter(|u| u.eavesdropper && u.on).filter_map(|u| u.sinr_db).collect();
        for ue in &mut self.ues {
            ue.average_bit_per_s *= 0.99;
        }
        for ((&(index, mcs), candidate), &prbs) in who.iter().zip(&candidates).zip(&given) {
            if prbs == 0 {
                continue;
            }
            self.prb_used += prbs as u64;
            let draw: f64 = self.rng.random();
            let ue = &mut self.ues[index];
            ue.mcs = mcs;
            ue.period.mcs_sum += u64::from(mcs);
            if let Some(last) = ue.last_grant.replace(self.slot) {
                ue.period.max_gap = ue.period.max_gap.max(self.slot - last);
            }
            if draw < mac::block_error_rate(ue.sinr_db.unwrap_or(-30.0), mcs) {
                ue.period.nok += 1;
                continue;
            }
            let bytes = ((prbs as f64 * candidate.bits_per_prb / 8.0) as u64).min(ue.queue.bytes());
            ue.period.ok += 1;
            ue.period.wait_byte_ms += ue.queue.pop(self.slot, bytes);
            ue.period.left_bytes += bytes;
            let bits = 8.0 * bytes as f64;
            ue.period.dl_bits += bits;
            ue.window.1 += bits;
            ue.total.1 += bits;
            ue.average_bit_per_s += 0.01 * bits * 1000.0;
            let heard = ears.iter().map(|&s| 1.0 - mac::block_error_rate(s, mcs)).fold(0.0, f64::max);
            self.leaked_bits += heard * bits;
            self.leak_window.0 += heard * bits;
        }
    }

    /// One slot of radio time passes.
    pub fn tick(&mut self, wall_us: u64) {
        self.slot += 1;
        self.power_schedule();
        self.apply_reports();
        self.connections(wall_us);
        self.offer();
        // Slots with an SSB carry no PDSCH.
        if !self.config.cell.has_ssb(self.absolute()) {
            self.schedule();
        }
        if self.slot.is_multiple_of(100) {
            let after = self.config.mac.stall_after_s;
            self.ues.iter_mut().for_each(|u| u.close_window(after));
            self.leak_window = (0.0, self.leak_window.0);
        }
    }
}
