//! How the guard stands, for people and for Prometheus.

use super::core::Shared;
use crate::telemetry::{Metrics, TelemetryError};
use crate::tx::config::GuardConfig;
use crate::tx::messages::{FEEDERS, GuardStatus};
use governor::{Band, State, hex};
use prometheus::{Gauge, GaugeVec, IntCounter, IntCounterVec};

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
    let log = core.log_end();
    let fed = |who| g.fed_ns(who).map(|at| ms(now_ns.saturating_sub(at)));
    GuardStatus {
        state: g.state(),
        radio_is_safe: core.radio_is_safe,
        pid: std::process::id(),
        radio: radio.to_owned(),
        band,
        rate_hz: config.radio.rate_hz,
        transmit_channels: config.radio.tx.as_ref().map_or(0, |tx| tx.channels.len()),
        receive_channels: config.radio.rx.as_ref().map_or(0, |rx| rx.channels.len()),
        mode: config.mode,
        policy,
        who,
        until,
        armed_ms: g.expires_ns().map(|at| ms(at.saturating_sub(now_ns))),
        on_air: core.on_air,
        fed_ms: FEEDERS.iter().map(|(who, name)| ((*name).to_owned(), fed(*who))).collect(),
        recent: core.recent.iter().cloned().collect(),
        last_stop: core.last_stop,
        stops: core.stops,
        bursts: core.bursts,
        sent_samples: core.sent_samples,
        underflows: core.underflows,
        refusals: core.refusals.iter().map(|(k, n)| ((*k).to_owned(), *n)).collect(),
        reception: core.reception,
        reference: shared.reference.is_locked(now_ns),
        calibration: core.calibration.as_ref().map(|c| c.report(now_ns)),
        log_lines: log.lines,
        log_head: hex(&log.head),
    }
}

/// The same for Prometheus.
pub(super) struct Gauges {
    armed: Gauge,
    on_air: Gauge,
    fed_s: GaugeVec,
    peak_dbfs: Gauge,
    log_lines: Gauge,
    reference_locked: Gauge,
    reception_lowered: Gauge,
    calibration_age_s: Gauge,
    calibration_holds: Gauge,
    stops: IntCounter,
    bursts: IntCounter,
    samples: IntCounter,
    underflows: IntCounter,
    refusals: IntCounterVec,
}

impl Gauges {
    pub(super) fn new(metrics: &Metrics) -> Result<Self, TelemetryError> {
        let fed = "Time since the dead-man was fed, s; infinite = never";
        let peak = "Largest magnitude of what was received last, dB of full scale";
        let lowered = "1 while the receiver's gain is at its lowest after an overload";
        let locked = "1 while the radio's clock follows its reference, else 0; NaN = not watched";
        let age = "Time since the transmit chains were measured, s; infinite = never";
        let holds = "1 while the last calibration of the transmit chains holds at its gain";
        Ok(Self {
            armed: metrics.gauge("sidecar_tx_armed", "1 while a token is out")?,
            on_air: metrics.gauge("sidecar_tx_on_air", "1 while a burst is approved and not over")?,
            fed_s: metrics.gauge_vec("sidecar_tx_fed_seconds", fed, &["by"])?,
            peak_dbfs: metrics.gauge("sidecar_tx_reception_peak_db", peak)?,
            log_lines: metrics.gauge("sidecar_tx_log_lines", "Lines of the transmit log")?,
            reference_locked: metrics.gauge("sidecar_tx_reference_locked", locked)?,
            reception_lowered: metrics.gauge("sidecar_tx_reception_lowered", lowered)?,
            calibration_age_s: metrics.gauge("sidecar_tx_calibration_age_seconds", age)?,
            calibration_holds: metrics.gauge("sidecar_tx_calibration_holds", holds)?,
            stops: metrics.counter("sidecar_tx_stops_total", "Times the safe state was reached from another")?,
            bursts: metrics.counter("sidecar_tx_bursts_total", "Bursts approved")?,
            samples: metrics.counter("sidecar_tx_samples_total", "Samples that went to the driver")?,
            underflows: metrics.counter("sidecar_tx_underflows_total", "Times the radio ran dry within a burst")?,
            refusals: metrics.counter_vec("sidecar_tx_refusals_total", "What was refused", &["why"])?,
        })
    }

    pub(super) fn show(&self, s: &GuardStatus) {
        let is = |state: bool| f64::from(u8::from(state));
        self.armed.set(is(s.state != State::Safe));
        self.on_air.set(is(s.on_air.is_some()));
        for (by, ms) in &s.fed_ms {
            self.fed_s.with_label_values(&[by]).set(ms.map_or(f64::INFINITY, |ms| ms as f64 * 1e-3));
        }
        self.peak_dbfs.set(s.reception.peak_dbfs.map_or(f64::NEG_INFINITY, f64::from));
        self.log_lines.set(s.log_lines as f64);
        self.reference_locked.set(s.reference.map_or(f64::NAN, is));
        self.reception_lowered.set(is(s.reception.is_lowered));
        self.calibration_age_s.set(s.calibration.as_ref().map_or(f64::INFINITY, |c| c.age_s));
        self.calibration_holds.set(is(s.calibration.as_ref().is_some_and(|c| c.stale.is_none())));
        // the counts are the core's, and only grow
        let up_to = |counter: &IntCounter, n: u64| counter.inc_by(n.saturating_sub(counter.get()));
        up_to(&self.stops, s.stops);
        up_to(&self.bursts, s.bursts);
        up_to(&self.samples, s.sent_samples);
        up_to(&self.underflows, s.underflows);
        for (why, n) in &s.refusals {
            up_to(&self.refusals.with_label_values(&[why]), *n);
        }
    }
}
