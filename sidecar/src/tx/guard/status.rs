//! How the guard stands, for people and for Prometheus.

use super::core::Shared;
use crate::telemetry::{Metrics, TelemetryError};
use crate::tx::config::GuardConfig;
use crate::tx::messages::{FEEDERS, GuardStatus};
use governor::{Band, State, hex};
use prometheus::{Gauge, GaugeVec, IntCounterVec};
use std::collections::BTreeMap;

/// Puts it together.
pub(super) fn status(shared: &Shared, config: &GuardConfig, radio: &str, band: Band) -> GuardStatus {
    let now_ns = shared.now_ns();
    let ms = |ns: u64| ns / 1_000_000;
    let core = shared.core();
    let g = &core.governor;
    let (policy, who, until) = match g.policy() {
        Ok(p) => {
            let who = format!("{}; to have everything stopped: {}", p.person(), p.stop_contact());
            (Some(hex(p.hash())), who, Some(p.until().to_string()))
        }
        Err(denial) => (None, denial.to_string(), None),
    };
    let fed = |who| g.fed_ns(who).map(|at| ms(now_ns.saturating_sub(at)));
    GuardStatus {
        state: g.state(),
        radio_is_safe: core.radio_is_safe,
        pid: std::process::id(),
        radio: radio.to_owned(),
        band,
        rate_hz: config.radio.rate_hz,
        mode: config.mode,
        policy,
        who,
        until,
        armed_ms: g.expires_ns().map(|at| ms(at.saturating_sub(now_ns))),
        on_air: core.on_air,
        fed_ms: FEEDERS.iter().map(|(who, name)| ((*name).to_owned(), fed(*who))).collect(),
        last_stop: core.last_stop,
        stops: core.stops,
        bursts: core.bursts,
        sent_samples: core.sent_samples,
        underflows: core.underflows,
        refusals: core.refusals.iter().map(|(k, n)| ((*k).to_owned(), *n)).collect(),
        reception: core.reception,
        log_lines: core.chain().lines,
        log_head: hex(&core.chain().head),
    }
}

/// The same for Prometheus.
pub(super) struct Gauges {
    armed: Gauge,
    on_air: Gauge,
    fed_s: GaugeVec,
    counts: GaugeVec,
    refusals: IntCounterVec,
    told: BTreeMap<String, u64>,
    peak_dbfs: Gauge,
}

impl Gauges {
    pub(super) fn new(metrics: &Metrics) -> Result<Self, TelemetryError> {
        Ok(Self {
            armed: metrics.gauge("sidecar_tx_armed", "1 while a token is out")?,
            on_air: metrics.gauge("sidecar_tx_on_air", "1 while a burst is approved and not over")?,
            fed_s: metrics.gauge_vec("sidecar_tx_fed_seconds", "Time since the dead-man was fed, s", &["by"])?,
            counts: metrics.gauge_vec(
                "sidecar_tx_count",
                "Stops, bursts, samples sent, underflows, lines of the log",
                &["of"],
            )?,
            refusals: metrics.counter_vec("sidecar_tx_refusals_total", "What was refused", &["why"])?,
            told: BTreeMap::new(),
            peak_dbfs: metrics
                .gauge("sidecar_tx_reception_peak_dbfs", "Largest magnitude received last, dB of full scale")?,
        })
    }

    pub(super) fn show(&mut self, s: &GuardStatus) {
        let is = |state: bool| f64::from(u8::from(state));
        self.armed.set(is(s.state != State::Safe));
        self.on_air.set(is(s.on_air.is_some()));
        for (by, ms) in &s.fed_ms {
            self.fed_s.with_label_values(&[by]).set(ms.map_or(f64::INFINITY, |ms| ms as f64 * 1e-3));
        }
        let counts = [
            ("stops", s.stops),
            ("bursts", s.bursts),
            ("samples", s.sent_samples),
            ("underflows", s.underflows),
            ("log_lines", s.log_lines),
        ];
        for (of, n) in counts {
            self.counts.with_label_values(&[of]).set(n as f64);
        }
        for (why, n) in &s.refusals {
            let told = self.told.entry(why.clone()).or_default();
            self.refusals.with_label_values(&[why]).inc_by(n - *told);
            *told = *n;
        }
        self.peak_dbfs.set(s.reception.peak_dbfs.map_or(f64::NEG_INFINITY, f64::from));
    }
}
