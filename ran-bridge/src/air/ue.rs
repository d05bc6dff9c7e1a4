//! A receiver and its wires.

use super::config::{AirConfig, AirError, UeEnd};
use super::msg::{PeerState, PeerStatus};
use crate::emulator::{NoiseTable, ReceiverChannel};
use crate::front_end;
use crate::iq::{Link, MAX_REPLY_SAMPLES, Role, SampleFifo};

/// A receiver (UE, eavesdropper, monitor) as the data plane sees it.
pub(super) struct Ue {
    pub(super) name: String,
    pub(super) rx: Option<Link>,
    pub(super) tx: Option<Link>,
    pub(super) channel: ReceiverChannel,
    pub(super) gain: f32,
    pub(super) state: PeerState,
    /// Downlink after the channel that it has not asked for yet; indexed by the gNB's downlink.
    pub(super) out: SampleFifo,
    /// Uplink it has sent; indexed by its own sample count.
    pub(super) uplink: SampleFifo,
    /// Uplink index of its sample 0 on the gNB's time line; may be negative for one that comes back.
    pub(super) base: i64,
    /// Index at which it joined last.
    pub(super) joined_at: u64,
    /// Downlink samples given since its connection began.
    pub(super) given: u64,
    pub(super) told_silent: bool,
    /// Connections to its receive wire, and whether that to its transmit wire is there.
    pub(super) rx_up: u32,
    pub(super) tx_up: bool,
    /// When the first of its connections ended while the other was still there; 0 = none or both.
    leaving_ns: u64,
    /// Given up because it sent no uplink: tried again at this time although its request still waits; 0 = at its request.
    pub(super) retry_ns: u64,
    /// Pause before that, ms; doubles with each try in vain.
    retry_ms: u64,
}

/// After one connection of a receiver has ended, the end of the other belongs to the same departure for this long, ns.
const LEAVING_NS: u64 = 1_000_000_000;
/// First pause before a receiver that sends no uplink is tried again, in units of the time after which it is given up; and the longest, ms.
const FIRST_RETRY: u64 = 4;
const LONGEST_RETRY_MS: u64 = 30_000;

impl Ue {
    pub(super) fn open(
        context: &zmq::Context,
        config: &AirConfig,
        end: &UeEnd,
        index: usize,
        noise: &NoiseTable,
        max_len: usize,
    ) -> Result<Self, AirError> {
        let open = |role, address: &Option<String>, wire: &str| match address {
            Some(address) => Link::open(context, role, address, &format!("ue{index}-{wire}"))
                .map(Some)
                .map_err(|source| AirError::Socket { name: end.name.clone(), address: address.clone(), source }),
            None => Ok(None),
        };
        let size = (config.antennas, front_end::inputs(config.antennas, config.ports()));
        let channel = ReceiverChannel::new(&end.link, &config.emulator, noise, index, size, config.rate_hz, max_len);
        let rx = open(Role::Rep, &end.rx, "rx")?;
        let tx = open(Role::Req, &end.tx, "tx")?;
        Ok(Self {
            name: end.name.clone(),
            state: if rx.is_some() { PeerState::Awaited } else { PeerState::Present },
            uplink: SampleFifo::new(if tx.is_some() { 2 * MAX_REPLY_SAMPLES } else { 0 }),
            out: SampleFifo::new(if rx.is_some() { 2 * MAX_REPLY_SAMPLES } else { max_len }),
            rx,
            tx,
            channel,
            gain: 10.0_f32.powf(end.uplink_gain_db / 20.0),
            base: 0,
            joined_at: 0,
            given: 0,
            told_silent: false,
            rx_up: 0,
            tx_up: false,
            leaving_ns: 0,
            retry_ns: 0,
            retry_ms: 0,
        })
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
        self.rx_up > 0 || self.tx_up
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
        self.out.restart(now);
        if owes_uplink {
            let first = late_after_ms.saturating_mul(FIRST_RETRY);
            self.retry_ms = self.retry_ms.saturating_mul(2).max(first).min(LONGEST_RETRY_MS);
            self.retry_ns = now_ns.saturating_add(self.retry_ms * 1_000_000);
        }
    }

    /// It sent uplink.
    pub(super) fn sent(&mut self) {
        (self.retry_ns, self.retry_ms) = (0, 0);
    }

    /// It asked for its first sample, or again after it had been given up: its sample count continues at downlink `now`.
    pub(super) fn join(&mut self, now: u64) {
        self.state = PeerState::Present;
        self.out.restart(now);
        self.channel.restart();
        self.base = i64::try_from(now).unwrap_or(i64::MAX / 4) - i64::try_from(self.given).unwrap_or(0);
        self.joined_at = now;
        self.told_silent = false;
    }

    /// Its connection ended: whoever comes next counts from 0.
    pub(super) fn forget(&mut self, now: u64) {
        if self.rx.is_some() {
            self.state = PeerState::Gone;
        }
        self.out.restart(now);
        self.uplink.restart(0);
        self.given = 0;
        self.sent();
    }

    pub(super) fn status(&self) -> PeerStatus {
        PeerStatus {
            name: self.name.clone(),
            state: self.state,
            given_samples: self.given,
            taken_samples: self.uplink.end(),
        }
    }
}
