//! A receiver and its wires.

use super::config::{AirConfig, UeEnd};
use super::msg::{PeerState, PeerStatus};
use super::wires::Numbers;
use crate::emulator::{NoiseTable, ReceiverChannel, UplinkChannel};
use crate::front_end;
use crate::iq::zmtp::Role;
use crate::iq::{BYTES_PER_SAMPLE, Ledger, MAX_REPLY_SAMPLES, SampleFifo, Wire, grow_zeros};

/// A receiver (UE, eavesdropper, monitor) as the data plane sees it.
pub(super) struct Ue {
    pub(super) name: String,
    pub(super) rx: Option<Wire>,
    pub(super) tx: Option<Wire>,
    pub(super) channel: ReceiverChannel,
    /// What its uplink goes through.
    pub(super) sends: UplinkChannel,
    pub(super) state: PeerState,
    /// Downlink after the channel that it has not asked for yet; indexed by the gNB's downlink.
    pub(super) out: SampleFifo,
    /// Uplink it has sent; indexed by its own sample count.
    pub(super) uplink: SampleFifo,
    /// Uplink index of its sample 0 on the gNB's time line; may be negative for one that comes back.
    pub(super) base: i64,
    /// Index at which it joined last.
    pub(super) joined_at: u64,
    /// So many uplink samples from there on the gNB had already then, as others send ahead of the downlink: its own for them count for nothing,
    /// and are not late.
    pub(super) given_before: u64,
    pub(super) told_silent: bool,
    /// When the first of its connections ended while the other was still there; 0 = none or both.
    leaving_ns: u64,
    /// Given up because it sent no uplink: tried again at this time although its request still waits; 0 = at its request.
    pub(super) retry_ns: u64,
    /// Pause before that, ms; doubles with each try in vain.
    pub(super) retry_ms: u64,
}

/// After one connection of a receiver has ended, the end of the other belongs to the same departure for this long, ns.
const LEAVING_NS: u64 = 1_000_000_000;
/// First pause before a receiver that sends no uplink is tried again, in units of the time after which it is given up; and the longest, ms.
const FIRST_RETRY: u64 = 4;
const LONGEST_RETRY_MS: u64 = 30_000;

impl Ue {
    pub(super) fn open(
        config: &AirConfig,
        end: &UeEnd,
        index: usize,
        numbers: &mut Numbers,
        ledger: &Ledger,
        noise: &NoiseTable,
        max_len: usize,
    ) -> Self {
        let mut wire = |role, address: &Option<String>| {
            address.as_ref().map(|a| Wire::new(role, a, numbers.next(), ledger.clone()))
        };
        let rx = wire(Role::Rep, &end.rx);
        let tx = wire(Role::Req, &end.tx);
        let size = (config.antennas, front_end::inputs(config.antennas, config.ports()));
        let channel = ReceiverChannel::new(&end.link, &config.emulator, noise, index, size, config.rate_hz, max_len);
        let uplink = end.uplink_link();
        let to_gnb = (config.antennas, config.rx_ports().max(1));
        let sends = UplinkChannel::new(&uplink, &config.emulator, index, to_gnb, config.rate_hz);
        Self {
            name: end.name.clone(),
            state: if rx.is_some() { PeerState::Awaited } else { PeerState::Present },
            uplink: SampleFifo::new(if tx.is_some() { 2 * MAX_REPLY_SAMPLES } else { 0 }),
            out: SampleFifo::new(if rx.is_some() { 2 * MAX_REPLY_SAMPLES } else { max_len }),
            rx,
            tx,
            channel,
            sends,
            base: 0,
            joined_at: 0,
            given_before: 0,
            told_silent: false,
            leaving_ns: 0,
            retry_ns: 0,
            retry_ms: 0,
        }
    }

    /// Downlink samples given over its connection.
    pub(super) fn given(&self) -> u64 {
        self.rx.as_ref().map_or(0, |w| w.sample_bytes().1 / BYTES_PER_SAMPLE as u64)
    }

    /// Whether it asks for samples, and all it asked for before is written.
    pub(super) fn asks(&self) -> bool {
        self.rx.as_ref().is_some_and(|w| w.requested() && w.unwritten() == 0)
    }

    /// Whether its samples are computed.
    pub(super) fn is_present(&self) -> bool {
        self.state == PeerState::Present
    }

    /// Whether the gNB's uplink waits for it.
    pub(super) fn owes_uplink(&self) -> bool {
        self.is_present() && self.tx.is_some()
    }

    /// Uplink index after its last sample, on the gNB's time line.
    pub(super) fn uplink_end(&self) -> i64 {
        self.base + i64::try_from(self.uplink.end()).unwrap_or(i64::MAX / 2)
    }

    /// Whether it is connected at all.
    pub(super) fn connected(&self) -> bool {
        self.rx.iter().chain(&self.tx).any(Wire::is_up)
    }

    /// One or both of its connections have ended. Whether that is a new departure: a process that ends closes both, one is
    /// seen first, and what came in between must not be taken for a new process, nor a new process for the old one.
    pub(super) fn departs(&mut self, now_ns: u64) -> bool {
        let new = !self.is_leaving(now_ns);
        self.leaving_ns = if new && self.connected() { now_ns } else { 0 };
        new
    }

    /// Whether the end of its other connection is awaited: its request that waits may be one of the dead.
    fn is_leaving(&self, now_ns: u64) -> bool {
        self.leaving_ns != 0 && now_ns.saturating_sub(self.leaving_ns) < LEAVING_NS
    }

    /// Whether its request makes it join, if it has one.
    pub(super) fn may_join(&self, now_ns: u64) -> bool {
        !self.is_present() && now_ns >= self.retry_ns && !self.is_leaving(now_ns)
    }

    /// It is given up: nobody waits for it until it asks or, where uplink was what it owed, until it sends some or is tried again.
    pub(super) fn give_up(&mut self, now: u64, owes_uplink: bool, now_ns: u64, late_after_ms: u64) {
        self.state = PeerState::Late;
        self.clear_out(now);
        if owes_uplink {
            let first = late_after_ms.saturating_mul(FIRST_RETRY);
            self.retry_ms = self.retry_ms.saturating_mul(2).max(first).min(LONGEST_RETRY_MS);
            self.retry_ns = now_ns.saturating_add(self.retry_ms * 1_000_000);
        }
    }

    /// Downlink index of the next sample it is to be given.
    fn next(&self) -> u64 {
        u64::try_from(self.base.saturating_add_unsigned(self.given())).unwrap_or(0)
    }

    /// Where a receiver that was given up goes on. A UE counts slots and frames by the samples it gets and has no other clock: what it misses must
    /// be whole cycles of the frame number, after which the cell's frames have the same numbers again; srsUE 23.04 never finds back from any other
    /// gap, nor from zeros. For one that has not found the cell yet, or only listens, anywhere will do.
    pub(super) fn place(&self, now: u64, config: &AirConfig) -> u64 {
        let has_found = self.tx.is_some() && self.given() >= config.block_period_samples();
        if self.state != PeerState::Late || !has_found {
            return now;
        }
        let next = self.next();
        next + now.saturating_sub(next).next_multiple_of(config.frame_cycle_samples())
    }

    /// It asked for its first sample, or again after it had been given up: its sample count continues at downlink `place`, soon after `now`.
    /// `ul`: the next uplink sample for the gNB. Gives how many samples were left out.
    pub(super) fn join(&mut self, place: u64, now: u64, ul: u64) -> u64 {
        let left_out = if self.state == PeerState::Late { place.saturating_sub(self.next()) } else { 0 };
        self.state = PeerState::Present;
        self.out.restart(now);
        self.channel.restart();
        self.sends.restart();
        let at = |x: u64| i64::try_from(x).unwrap_or(i64::MAX / 4);
        self.base = at(place) - at(self.given());
        // What it sent before, and nobody took, is gone.
        let first = self.base.saturating_add_unsigned(self.uplink.first());
        self.joined_at = place.max(u64::try_from(first).unwrap_or(0));
        self.given_before = ul.saturating_sub(self.joined_at);
        self.told_silent = false;
        left_out
    }

    /// Drops downlink from before its place. To be called between its messages.
    pub(super) fn trim(&mut self) {
        let early = self.next().saturating_sub(self.out.first());
        self.out.drop_front(usize::try_from(early).unwrap_or(usize::MAX));
    }

    /// Drops what it sent for indices that are over: `ul` is the gNB's next. Gives how many samples were late.
    pub(super) fn drop_late(&mut self, ul: u64) -> u64 {
        let first = self.uplink.first() as i64;
        let over = i64::try_from(ul).unwrap_or(i64::MAX) - self.base - first;
        if !matches!(self.state, PeerState::Present | PeerState::Late) {
            return 0;
        }
        let dropped = self.uplink.drop_front(usize::try_from(over).unwrap_or(0));
        self.late(self.base + first, dropped)
    }

    /// Its connection ended: whoever comes next counts from 0.
    pub(super) fn forget(&mut self, now: u64) {
        if self.rx.is_some() {
            self.state = PeerState::Gone;
        }
        self.clear_out(now);
        self.uplink.restart(0);
        (self.retry_ns, self.retry_ms) = (0, 0);
    }

    /// Drops the downlink that waits for it, but for what is left of an answer: half a message cannot be taken back.
    fn clear_out(&mut self, now: u64) {
        match self.rx.as_ref().map_or(0, Wire::owed_samples) {
            0 => self.out.restart(now),
            owed => self.out.truncate(owed as usize),
        }
    }

    /// Goes on where another process stopped: what is not written yet of downlink up to `dl`, and what was taken of uplink from `ul` on, is zeros.
    /// Gives how many samples of each.
    pub(super) fn resume(&mut self, dl: u64, ul: u64) -> (u64, u64) {
        let mut zeros = (0, 0);
        self.out.restart(dl);
        if let Some(wire) = &self.rx {
            let first = self.next();
            let backlog = if self.is_present() { dl.saturating_sub(first) } else { 0 };
            let missing = backlog.max(wire.owed_samples());
            if missing > 0 {
                self.out.restart(first);
            }
            if grow_zeros(&mut self.out, usize::try_from(missing).unwrap_or(usize::MAX)) {
                zeros.0 = missing;
            } else {
                // more than is ever kept for it: its count goes on where it asks again
                self.out.restart(dl);
                self.state = PeerState::Late;
            }
        }
        let taken = self.tx.as_ref().map_or(0, |w| w.sample_bytes().0 / BYTES_PER_SAMPLE as u64);
        let own = u64::try_from(i64::try_from(ul).unwrap_or(i64::MAX).saturating_sub(self.base)).unwrap_or(0);
        self.uplink.restart(own.min(taken));
        let lost = taken.saturating_sub(own);
        if grow_zeros(&mut self.uplink, usize::try_from(lost).unwrap_or(usize::MAX)) {
            zeros.1 = lost;
        }
        zeros
    }

    /// How many of `count` own samples from index `first` on are late: those that the gNB had before it joined are not.
    fn late(&self, first: i64, count: usize) -> u64 {
        let at = |x: u64| i64::try_from(x).unwrap_or(i64::MAX);
        let (from, to) = (at(self.joined_at), at(self.joined_at.saturating_add(self.given_before)));
        let end = first.saturating_add_unsigned(count as u64);
        let excused = end.min(to).saturating_sub(first.max(from)).max(0);
        count as u64 - excused as u64
    }

    pub(super) fn status(&self) -> PeerStatus {
        PeerStatus {
            name: self.name.clone(),
            state: self.state,
            given_samples: self.given(),
            taken_samples: self.uplink.end(),
        }
    }
}
