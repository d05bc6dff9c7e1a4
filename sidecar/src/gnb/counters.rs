//! What was counted, for `status` and Prometheus.

use super::guard::Refusal;
use super::protocol::Count;
use crate::telemetry::{Metrics, TelemetryError};
use prometheus::{Gauge, IntCounterVec};
use ran_bridge::gnb::console::Verdict;

const OUTCOMES: [&str; 5] = ["done", "refused", "partly", "not_known", "unconfirmed"];

/// The counters of the process.
#[derive(Debug, Clone)]
pub struct Counters {
    outcomes: IntCounterVec,
    refusals: IntCounterVec,
    console_up: Gauge,
}

impl Counters {
    /// Registers them; each begins at 0.
    ///
    /// # Errors
    /// [`TelemetryError::Name`] when they are there already.
    pub fn new(metrics: &Metrics) -> Result<Self, TelemetryError> {
        let outcomes =
            metrics.counter_vec("sidecar_gnb_commands_total", "Console commands by outcome", &["outcome"])?;
        let refusals =
            metrics.counter_vec("sidecar_gnb_refusals_total", "Console commands not written", &["reason"])?;
        let console_up = metrics.gauge("sidecar_gnb_console_up", "Whether the gNB's console answers")?;
        OUTCOMES.iter().for_each(|name| outcomes.with_label_values(&[name]).inc_by(0));
        Refusal::NAMES.iter().for_each(|name| refusals.with_label_values(&[name]).inc_by(0));
        Ok(Self { outcomes, refusals, console_up })
    }

    pub(super) fn outcome(&self, verdict: Verdict) {
        self.outcomes.with_label_values(&[name_of(verdict)]).inc();
    }

    pub(super) fn refusal(&self, refusal: &Refusal) {
        self.refusals.with_label_values(&[refusal.name()]).inc();
    }

    pub(super) fn console(&self, up: bool) {
        self.console_up.set(f64::from(u8::from(up)));
    }

    pub(super) fn outcomes(&self) -> Vec<Count> {
        counts(&self.outcomes, &OUTCOMES)
    }

    pub(super) fn refusals(&self) -> Vec<Count> {
        counts(&self.refusals, &Refusal::NAMES)
    }
}

fn counts(of: &IntCounterVec, names: &[&str]) -> Vec<Count> {
    names.iter().map(|n| Count { name: (*n).to_owned(), count: of.with_label_values(&[*n]).get() }).collect()
}

/// The name of a verdict in rows and labels.
pub(super) const fn name_of(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Done => "done",
        Verdict::Refused(_) => "refused",
        Verdict::Partly => "partly",
        Verdict::NotKnown => "not_known",
        Verdict::Unconfirmed => "unconfirmed",
    }
}
