//! How the relay stands, for people and for Prometheus.

use super::margin::Margin;
use crate::telemetry::{Metrics, TelemetryError};
use prometheus::{Gauge, GaugeVec, IntCounterVec};
use serde::{Deserialize, Serialize};

/// A leg's counters, in samples.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LegStatus {
    /// What people call it.
    pub name: String,
    /// Whether its peer is there.
    pub is_there: bool,
    /// Times a peer joined.
    pub joins: u64,
    /// Handed over in their place.
    pub sent_samples: u64,
    /// Came after their time and were not sent.
    pub late_samples: u64,
    /// Zeros that were sent in place of such.
    pub missing_samples: u64,
    /// Received for it.
    pub heard_samples: u64,
    /// Lost by the radio: zeros in their place.
    pub lost_samples: u64,
    /// Dropped because it did not take them.
    pub dropped_samples: u64,
    /// Times its place on the time line moved for that: 0 = its two directions have never moved against the radio's.
    pub moves: u64,
}

impl LegStatus {
    /// Nothing yet.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }
}

/// How it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RelayStatus {
    /// The chain on air, by the guard's number.
    pub on_air: Option<u64>,
    /// Samples of each channel that the guard has sent, of the chain on air or the last one.
    pub guard: crate::tx::ChainStatus,
    /// Seconds since the first chain began.
    pub for_s: f64,
    /// Samples that the radio's receiver lost.
    pub radio_lost_samples: u64,
    /// Pieces that the guard's socket did not take.
    pub refused_pieces: u64,
    /// Samples of each channel that were not sent because the relay itself stood still.
    pub skipped_samples: u64,
    /// Time that peers' samples had left when they came, before they were due at the guard.
    pub margin: Margin,
    /// The legs.
    pub legs: Vec<LegStatus>,
}

/// For Prometheus.
pub(super) struct Gauges {
    on_air: Gauge,
    margin_s: Gauge,
    there: GaugeVec,
    samples: IntCounterVec,
    moves: IntCounterVec,
}

impl Gauges {
    pub(super) fn new(metrics: &Metrics) -> Result<Self, TelemetryError> {
        let what = "Samples of a leg: sent, late, missing, heard, lost, dropped";
        Ok(Self {
            on_air: metrics.gauge("sidecar_relay_on_air", "1 while a chain is on air")?,
            margin_s: metrics
                .gauge("sidecar_relay_margin_seconds", "Median time that samples had left when they came")?,
            there: metrics.gauge_vec("sidecar_relay_leg_there", "1 while the leg's peer is there", &["leg"])?,
            samples: metrics.counter_vec("sidecar_relay_samples_total", what, &["leg", "what"])?,
            moves: metrics.counter_vec(
                "sidecar_relay_moves_total",
                "Times a leg's place on the radio's time line moved",
                &["leg"],
            )?,
        })
    }

    pub(super) fn show(&self, s: &RelayStatus) {
        self.on_air.set(f64::from(u8::from(s.on_air.is_some())));
        self.margin_s.set(s.margin.p50_ns.map_or(f64::NAN, |ns| ns as f64 * 1e-9));
        for leg in &s.legs {
            self.there.with_label_values(&[&leg.name]).set(f64::from(u8::from(leg.is_there)));
            let up_to = |what: &str, n: u64| {
                let counter = self.samples.with_label_values(&[leg.name.as_str(), what]);
                counter.inc_by(n.saturating_sub(counter.get()));
            };
            up_to("sent", leg.sent_samples);
            up_to("late", leg.late_samples);
            up_to("missing", leg.missing_samples);
            up_to("heard", leg.heard_samples);
            up_to("lost", leg.lost_samples);
            up_to("dropped", leg.dropped_samples);
            let moves = self.moves.with_label_values(&[&leg.name]);
            moves.inc_by(leg.moves.saturating_sub(moves.get()));
        }
    }
}
