//! What `ran` tells the others: its state for the controller, gauges for Prometheus, a row for the record.

use super::config::RanConfig;
use super::mind::{Mind, Trend};
use super::shared::Shared;
use super::slow_thread::MibBook;
use crate::agent::Board;
use crate::controller::state::{ConsoleRow, LoopState, RanState, StreamState};
use crate::telemetry::{Metrics, TelemetryError};
use prometheus::{Gauge, GaugeVec};
use ran_bridge::gnb::UeSample;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::PoisonError;

/// Where the parts of the state are.
pub struct Parts<'a> {
    /// Settings.
    pub config: &'a RanConfig,
    /// MIBs by receiver.
    pub book: &'a MibBook,
    /// Trends by receiver.
    pub trends: &'a HashMap<u32, Trend>,
    /// The gNB's columns.
    pub console: &'a [ConsoleRow],
    /// When they came, host-monotonic ns; 0 where none came.
    pub console_ns: u64,
    /// Whether the gNB's reports come.
    pub gnb_up: bool,
    /// The slow decisions.
    pub mind: &'a Mind,
    /// What learning gave.
    pub board: Board,
}

/// The state now.
#[must_use]
pub fn state(shared: &Shared, parts: &Parts<'_>, mono_ns: u64) -> RanState {
    let book = parts.book.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let view = shared.view();
    let monitors = &parts.config.monitors;
    let streams = view
        .streams
        .iter()
        .map(|s| {
            let monitor = monitors.iter().find(|m| m.stream == s.stream);
            let mibs = book.get(&s.stream).copied().unwrap_or_default();
            StreamState {
                stream: s.stream,
                role: if monitor.is_some_and(|m| m.eavesdropper) { "eavesdropper" } else { "ue" }.to_owned(),
                supi: monitor.and_then(|m| m.supi.clone()),
                ssbs: s.ssbs,
                mibs_ok: mibs.ok,
                mibs_bad: mibs.bad,
                ssb_snr_db: s.ssb_snr_db,
                ssb_rsrp_dbfs: s.ssb_rsrp_dbfs,
                ssb_delay_ns: s.ssb_delay_ns,
                ssb_mono_ns: s.ssb_mono_ns,
                beam_snr_db: s.beam_snr_db,
                beam_mono_ns: s.beam_mono_ns,
                predicted_snr_db: parts.trends.get(&s.stream).and_then(|t| t.ahead(1.0)),
                cfo_hz: s.cfo_hz,
                tracked: s.tracked,
            }
        })
        .collect();
    let fast = LoopState {
        phase: view.phase.to_owned(),
        pci: view.cell.map(|c| c.pci),
        sfn: book.values().filter_map(|m| m.sfn).max(),
        loops: view.loops,
        latency: view.ssb_log.as_ref().map(super::phases::PhaseLog::rows).unwrap_or_default(),
        acquisitions: view.acquisitions,
        drops: view.drops.clone(),
        air: view.air.clone(),
        radio_s: view.radio_s,
        radio_mono_ns: view.mono_ns,
    };
    RanState {
        mono_ns,
        // what a silent gNB said last is no longer observed
        console: if parts.gnb_up { parts.console.to_vec() } else { Vec::new() },
        console_mono_ns: parts.console_ns,
        gnb_up: parts.gnb_up,
        streams,
        fast,
        power_db: parts.mind.power_db(),
        predictions: parts.board.predictions.clone(),
        errors: parts.board.errors.clone(),
        quotas: parts.mind.quotas.report(),
        counts: parts.mind.counts.iter().map(|(k, c)| (k.name().to_owned(), c.clone())).collect::<BTreeMap<_, _>>(),
    }
}

/// One row of the record: the state's numbers in a flat form.
#[derive(Debug, Clone, Serialize)]
pub struct StateRow {
    /// When.
    pub mono_ns: u64,
    /// Radio time, s.
    pub radio_s: f64,
    /// Loops closed.
    pub loops: u64,
    /// Power in force, dB re full scale.
    pub power_db: f32,
    /// Smallest SNR through the beam over the UEs in service.
    pub worst_snr_db: Option<f64>,
    /// The same for the eavesdropper.
    pub eavesdropper_snr_db: Option<f64>,
    /// Mean of the fast loop.
    pub loop_mean_ns: Option<f64>,
}

impl StateRow {
    /// The row of a state.
    #[must_use]
    pub fn of(state: &RanState) -> Self {
        let snr =
            |role: &str| state.streams.iter().filter(|s| s.role == role).filter_map(|s| s.beam_snr_db).reduce(f64::min);
        Self {
            mono_ns: state.mono_ns,
            radio_s: state.fast.radio_s,
            loops: state.fast.loops,
            power_db: state.power_db,
            worst_snr_db: snr("ue"),
            eavesdropper_snr_db: snr("eavesdropper"),
            loop_mean_ns: state.fast.latency.iter().find(|r| r.phase == "total").map(|r| r.stats.mean_ns),
        }
    }
}

/// Gauges for Prometheus.
pub struct Gauges {
    loops: Gauge,
    mean_s: Gauge,
    p99_s: Gauge,
    power_db: Gauge,
    snr_db: GaugeVec,
    ssb_snr_db: GaugeVec,
    drops: GaugeVec,
    gnb_up: Gauge,
    shown: BTreeSet<(String, String)>,
}

impl Gauges {
    /// Registers them.
    ///
    /// # Errors
    /// [`TelemetryError`] where a name is taken.
    pub fn new(metrics: &Metrics) -> Result<Self, TelemetryError> {
        Ok(Self {
            loops: metrics.gauge("sidecar_ran_loops", "Loops closed since start")?,
            mean_s: metrics
                .gauge("sidecar_ran_loop_mean_seconds", "Mean time from a snippet's arrival in air to weights armed")?,
            p99_s: metrics.gauge("sidecar_ran_loop_p99_seconds", "The 99th percentile of the same")?,
            power_db: metrics.gauge("sidecar_ran_power_db", "Power in force relative to full scale")?,
            snr_db: metrics.gauge_vec(
                "sidecar_ran_beam_snr_db",
                "SNR through the beam in force",
                &["stream", "role"],
            )?,
            ssb_snr_db: metrics.gauge_vec("sidecar_ran_ssb_snr_db", "SNR of the SSB", &["stream", "role"])?,
            drops: metrics.gauge_vec("sidecar_ran_drops", "Things dropped since start", &["reason"])?,
            gnb_up: metrics.gauge("sidecar_ran_gnb_up", "Whether the gNB reports")?,
            shown: BTreeSet::new(),
        })
    }

    /// Sets them from a state. What is no longer observed is no longer shown.
    pub fn set(&mut self, state: &RanState) {
        self.loops.set(state.fast.loops as f64);
        if let Some(total) = state.fast.latency.iter().find(|r| r.phase == "total") {
            self.mean_s.set(total.stats.mean_ns * 1e-9);
            self.p99_s.set(total.stats.p99_ns * 1e-9);
        }
        self.power_db.set(f64::from(state.power_db));
        self.gnb_up.set(if state.gnb_up { 1.0 } else { 0.0 });
        let mut gone = std::mem::take(&mut self.shown);
        for s in &state.streams {
            let stream = s.stream.to_string();
            show(&self.snr_db, [&stream, &s.role], s.beam_snr_db);
            show(&self.ssb_snr_db, [&stream, &s.role], s.ssb_snr_db);
            let key = (stream, s.role.clone());
            gone.remove(&key);
            self.shown.insert(key);
        }
        for (stream, role) in gone {
            show(&self.snr_db, [&stream, &role], None);
            show(&self.ssb_snr_db, [&stream, &role], None);
        }
        for (reason, n) in &state.fast.drops {
            self.drops.with_label_values(&[reason.as_str()]).set(*n as f64);
        }
    }
}

/// Shows a value; what is not observed has no sample.
fn show(gauge: &GaugeVec, labels: [&str; 2], value: Option<f64>) {
    match value {
        Some(value) => gauge.with_label_values(&labels).set(value),
        // there may have been none
        None => drop(gauge.remove_label_values(&labels)),
    }
}

/// The gNB's columns of one UE.
pub(super) fn console_row(u: &UeSample) -> ConsoleRow {
    ConsoleRow {
        ue: u.ue,
        pci: u.pci,
        rnti: Some(u.rnti),
        cqi: u.cqi,
        dl_ri: u.dl_ri,
        dl_mcs: u.dl_mcs,
        dl_bit_per_s: u.dl_bit_per_s,
        dl_ok: u.dl_ok,
        dl_nok: u.dl_nok,
        dl_backlog_bytes: u.dl_buffer_bytes,
        pusch_snr_db: u.pusch_snr_db,
        pusch_rsrp_dbfs: u.pusch_rsrp_dbfs,
        ul_ri: u.ul_ri,
        ul_mcs: u.ul_mcs,
        ul_bit_per_s: u.ul_bit_per_s,
        ul_ok: u.ul_ok,
        ul_nok: u.ul_nok,
        bsr_bytes: u.bsr_bytes,
        ta_ns: u.ta_ns,
        phr_db: u.last_phr_db,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_receiver_has_no_sample() {
        let metrics = Metrics::new("ran").unwrap();
        let mut gauges = Gauges::new(&metrics).unwrap();
        let heard =
            |snr| StreamState { role: "ue".into(), beam_snr_db: snr, ssb_snr_db: snr, ..StreamState::default() };
        let mut state = RanState { streams: vec![heard(Some(17.0))], ..RanState::default() };
        let shown = |gauges: &mut Gauges, state: &RanState| {
            gauges.set(state);
            let text = metrics.text();
            text.contains("sidecar_ran_beam_snr_db{") || text.contains("sidecar_ran_ssb_snr_db{")
        };
        assert!(shown(&mut gauges, &state));
        state.streams = vec![heard(None)];
        assert!(!shown(&mut gauges, &state), "silent");
        state.streams = vec![heard(Some(17.0))];
        assert!(shown(&mut gauges, &state));
        state.streams.clear();
        assert!(!shown(&mut gauges, &state), "gone with the cell");
    }
}
