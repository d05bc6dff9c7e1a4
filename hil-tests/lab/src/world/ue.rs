//! One terminal as the cell and the core see it.
use super::timing::Timing;
use crate::config::{TrafficConfig, UeConfig};
use crate::traffic::{DelayQueue, Resolution, Source, TokenBucket};

/// Counts of one metrics period, taken and set to zero at each report.
#[derive(Clone, Copy, Debug, Default)]
pub struct Period {
    /// Acknowledged bits.
    pub dl_bits: f64,
    /// Acknowledged blocks.
    pub ok: u64,
    /// Refused blocks.
    pub nok: u64,
    /// Σ MCS over blocks.
    pub mcs_sum: u64,
    /// Σ CQI over reports.
    pub cqi_sum: u64,
    /// CQI reports.
    pub cqi_count: u64,
    /// Bytes that entered the gNB.
    pub sdu_bytes: u64,
    /// Packets of 1400 bytes that entered the gNB.
    pub sdus: u64,
    /// Packets dropped at the full queue.
    pub dropped_sdus: u64,
    /// Σ bytes · ms of waiting of what left.
    pub wait_byte_ms: u64,
    /// Bytes that left.
    pub left_bytes: u64,
    /// Longest gap between two grants, slots.
    pub max_gap: u64,
}

/// A terminal.
pub struct Ue {
    /// Its index over all terminals.
    pub index: usize,
    /// Identity.
    pub supi: String,
    /// Never transmits, never scheduled.
    pub eavesdropper: bool,
    /// Slice.
    pub sst: u8,
    /// Slice differentiator.
    pub sd: Option<u32>,
    /// Switched on.
    pub on: bool,
    /// It is not on because it died.
    pub dead: bool,
    /// Last word of the terminal.
    pub in_sync: bool,
    /// Slot of that word.
    pub last_report: Option<u64>,
    /// In sync since.
    pub sync_since: Option<u64>,
    /// Latest DMRS SINR.
    pub sinr_db: Option<f64>,
    /// Latest SSB SINR.
    pub ssb_sinr_db: Option<f64>,
    /// Latest CQI.
    pub cqi: Option<u8>,
    /// Latest MCS given.
    pub mcs: u8,
    /// Uplink SNR at the gNB.
    pub ul_snr_db: Option<f64>,
    /// Where its samples lie.
    pub timing: Timing,
    /// RNTI and RAN-UE-NGAP-ID while attached.
    pub attached: Option<(u16, u32)>,
    /// AMF-UE-NGAP-ID, 0 before the first registration.
    pub amf_id: u32,
    /// Registered once: the core keeps its session when the radio is gone.
    pub registered: bool,
    /// Times it registered.
    pub registrations: u64,
    /// Wall-clock µs of the last location.
    pub location_us: u64,
    /// Application.
    pub source: Source,
    /// The application sends at all.
    pub has_traffic: bool,
    /// Its resolution.
    pub resolution: Resolution,
    /// User plane limit.
    pub bucket: TokenBucket,
    /// Waits in the user plane for tokens.
    pub upf_queue: DelayQueue,
    /// Waits in the gNB.
    pub queue: DelayQueue,
    /// Moving average of what it got, bit/s.
    pub average_bit_per_s: f64,
    /// Bits offered and delivered in the running 100 ms.
    pub window: (f64, f64),
    /// The last ten windows, newest last.
    pub history: std::collections::VecDeque<(f64, f64)>,
    /// Offered and delivered bits since start.
    pub total: (f64, f64),
    /// Time below 90 % of the offer, s.
    pub short_s: f64,
    /// Seconds stalled since start.
    pub stall_s: f64,
    /// Running metrics period.
    pub period: Period,
    /// Slot of the last grant.
    pub last_grant: Option<u64>,
}

impl Ue {
    /// Terminal `index` with its opened source.
    #[must_use]
    pub fn new(index: usize, config: &UeConfig, source: Source) -> Self {
        Self {
            index,
            supi: config.supi(index),
            eavesdropper: config.eavesdropper,
            sst: config.sst,
            sd: config.sd,
            on: config.on,
            dead: false,
            in_sync: false,
            last_report: None,
            sync_since: None,
            sinr_db: None,
            ssb_sinr_db: None,
            cqi: None,
            mcs: 0,
            ul_snr_db: None,
            timing: Timing::default(),
            attached: None,
            amf_id: 0,
            registered: false,
            registrations: 0,
            location_us: 0,
            source,
            has_traffic: config.traffic != TrafficConfig::None,
            resolution: config.resolution,
            bucket: TokenBucket::default(),
            upf_queue: DelayQueue::default(),
            queue: DelayQueue::default(),
            average_bit_per_s: 0.0,
            window: (0.0, 0.0),
            history: std::collections::VecDeque::with_capacity(10),
            total: (0.0, 0.0),
            short_s: 0.0,
            stall_s: 0.0,
            period: Period::default(),
            last_grant: None,
        }
    }

    /// Offered and delivered rate over the last second (or less, early on), bit/s.
    #[must_use]
    pub fn rates_bit_per_s(&self) -> (f64, f64) {
        let seconds = 0.1 * self.history.len().max(1) as f64;
        let sum = self.history.iter().fold((0.0, 0.0), |s, w| (s.0 + w.0, s.1 + w.1));
        (sum.0 / seconds, sum.1 / seconds)
    }

    /// Whether it is stalled, after `stall_after_s` below its offer.
    #[must_use]
    pub fn stalled(&self, stall_after_s: f64) -> bool {
        self.short_s >= stall_after_s
    }

    /// Closes a 100 ms window.
    pub fn close_window(&mut self, stall_after_s: f64) {
        if self.history.len() == 10 {
            self.history.pop_front();
        }
        self.history.push_back(self.window);
        self.window = (0.0, 0.0);
        let (offered, delivered) = self.rates_bit_per_s();
        if self.has_traffic && offered > 0.0 && delivered < 0.9 * offered {
            self.short_s += 0.1;
        } else {
            self.short_s = 0.0;
        }
        if self.stalled(stall_after_s) {
            self.stall_s += 0.1;
        }
    }
}
