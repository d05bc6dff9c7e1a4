//! The metrics objects of one period.
use crate::clock;
use crate::world::{Period, Ue, World};
use serde_json::{Value, json};
use std::sync::Arc;

/// Period counters taken from the world; turned into texts only where somebody listens.
pub struct PeriodReport {
    cell: Value,
    ues: Vec<(usize, Period)>,
    dl_mbps: f64,
    attached: usize,
    connections: u64,
}

/// Takes the running period's counters and starts a new period.
pub fn period_report(world: &mut World) -> PeriodReport {
    let period_ms = world.config.ws.period_ms;
    let period_s = period_ms as f64 / 1000.0;
    let pci = world.config.cell.pci;
    let events: Vec<Value> = world
        .events
        .drain(..)
        .map(|e| {
            json!({"event_type": e.kind, "rnti": e.rnti, "slot": format!("{}.{}", e.absolute / 10, e.absolute % 10)})
        })
        .collect();
    let created = events.iter().filter(|e| e["event_type"] == "ue_create").count();
    let mut list = Vec::new();
    let mut ues = Vec::new();
    let mut bits = 0.0;
    for ue in &mut world.ues {
        let period = std::mem::take(&mut ue.period);
        let Some((rnti, _)) = ue.attached else { continue };
        bits += period.dl_bits;
        list.push(ue_item(ue, &period, rnti, ues.len(), pci, period_s));
        ues.push((ue.index, period));
    }
    world.prb_used = 0;
    let latencies: Vec<u64> = std::iter::once(period_ms).chain([0; 9]).collect();
    let mut cell = json!({
        "cell_metrics": {
            "average_latency": 6,
            "avg_prach_delay": if created > 0 { 3.0 } else { 0.0 },
            "error_indication_count": 0,
            "late_dl_harqs": 0,
            "late_ul_harqs": 0,
            "latency_histogram": latencies,
            "max_latency": 34,
            "msg3_nof_nok": 0,
            "msg3_nof_ok": created,
            "nof_failed_pdcch_allocs": 0,
            "nof_failed_uci_allocs": 0,
            "pci": pci,
            "pucch_tot_rb_usage_avg": 0.1 * ues.len() as f64,
        }
    });
    if !events.is_empty() {
        cell["event_list"] = events.into();
    }
    if !list.is_empty() {
        cell["ue_list"] = list.into();
    }
    let attached = ues.len();
    PeriodReport { cell, ues, dl_mbps: bits / period_s / 1e6, attached, connections: world.core.registrations }
}

fn ue_item(ue: &Ue, p: &Period, rnti: u16, index: usize, pci: u16, period_s: f64) -> Value {
    let blocks = p.ok + p.nok;
    let mean = |sum: u64, count: u64| if count == 0 { 0 } else { (sum as f64 / count as f64).round() as u64 };
    let ul_snr = ue.ul_snr_db.map(|db| db.clamp(-99.9, 99.9));
    let ul_blocks = (100.0 * period_s) as u64;
    let ul_mcs = ul_snr.map_or(0, |db| crate::mac::mcs(crate::mac::cqi(db)));
    let mut item = json!({
        "avg_ce_delay": 0.0,
        "avg_crc_delay": 3.0,
        "avg_pucch_harq_delay": if blocks > 0 { 3.0 } else { 0.0 },
        "avg_pusch_harq_delay": 3.0,
        "avg_sr_to_pusch_delay": 8.0,
        "bsr": 0,
        "dl_brate": p.dl_bits / period_s,
        "dl_bs": ue.queue.bytes(),
        "dl_mcs": mean(p.mcs_sum, blocks),
        "dl_nof_nok": p.nok,
        "dl_nof_ok": p.ok,
        "dl_ri": 1.0,
        "last_phr": 0,
        "max_ce_delay": 0.0,
        "max_crc_delay": 3.0,
        "max_pdsch_distance": p.max_gap,
        "max_pucch_harq_delay": if blocks > 0 { 3.0 } else { 0.0 },
        "max_pusch_distance": 20,
        "max_pusch_harq_delay": 3.0,
        "max_sr_to_pusch_delay": 8.0,
        "nof_pucch_f0f1_invalid_harqs": 0,
        "nof_pucch_f2f3f4_invalid_csis": 0,
        "nof_pucch_f2f3f4_invalid_harqs": 0,
        "nof_pusch_invalid_csis": 0,
        "nof_pusch_invalid_harqs": 0,
        "pci": pci,
        "pucch_snr_db": ul_snr.unwrap_or(-99.9),
        "pucch_ta_ns": 0.0,
        "pusch_ta_ns": 0.0,
        "rnti": rnti,
        "srs_ta_ns": 0.0,
        "ta_ns": 0.0,
        "ue": index,
        "ul_brate": if ul_snr.is_some() { 32_000.0 } else { 0.0 },
        "ul_mcs": ul_mcs,
        "ul_nof_nok": 0,
        "ul_nof_ok": if ul_snr.is_some() { ul_blocks } else { 0 },
        "ul_ri": 1.0,
    });
    // Not observed is absent, not zero.
    if p.cqi_count > 0 {
        item["cqi"] = mean(p.cqi_sum, p.cqi_count).into();
    }
    match ul_snr {
        Some(db) => item["pusch_snr_db"] = db.into(),
        None => item["pusch_rsrp_db"] = (-99.9).into(),
    }
    item
}

fn rlc(ue_id: usize, p: &Period) -> Value {
    // Each SDU waited as its bytes did on average.
    let wait_us = (p.wait_byte_ms * 1000).checked_div(p.left_bytes).unwrap_or(0);
    let bins: Vec<Value> = (0..8u64)
        .map(|i| json!({"pull_latency_bin_count": if i == 1 { p.ok } else { 0 }, "pull_latency_bin_start_usec": i}))
        .collect();
    json!({
        "drb_id": 1,
        "du_id": 0,
        "rx": {"num_lost_pdus": 0, "num_malformed_pdus": 0, "num_pdu_bytes": 0, "num_pdus": 0, "num_sdu_bytes": 0,
               "num_sdus": 0},
        "tx": {
            "max_pdu_latency_ns": if p.ok > 0 { 9755 } else { 0 },
            "num_discard_failures": 0,
            "num_discarded_sdus": 0,
            "num_dropped_sdus": p.dropped_sdus,
            "num_sdu_bytes": p.sdu_bytes,
            "num_sdus": p.sdus,
            "pull_latency_histogram": bins,
            "sum_pdu_latency_ns": 1500 * p.ok,
            "sum_sdu_latency_us": p.left_bytes.div_ceil(1400) * wait_us,
        },
        "ue_id": ue_id,
    })
}

/// A fixed text of the real one as a value; null where the template is broken, which a test rules out.
fn template(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

impl PeriodReport {
    /// The messages in the order the real one sends them.
    #[must_use]
    pub fn texts(&self) -> Vec<Arc<str>> {
        let stamp = clock::gnb_timestamp(clock::since_epoch());
        let mut out: Vec<Arc<str>> = Vec::new();
        let mut push = |kind: &str, value: Value| {
            let object = json!({kind: value, "timestamp": stamp});
            let text = if kind == "buffer_pool" { object.to_string() } else { format!("{object:#}\n") };
            out.push(text.into());
        };
        for (ue_id, (_, period)) in self.ues.iter().enumerate() {
            push("rlc_metrics", rlc(ue_id, period));
        }
        push("cu-cp", self.cu_cp());
        if self.attached > 0 {
            let dl = json!({"average_latency_us": 11.7, "average_throughput_mbps": self.dl_mbps,
                            "cpu_usage_percent": 0.2, "max_latency_us": 182.5, "min_latency_us": 2.4});
            let ul = json!({"average_latency_us": 31.0, "average_throughput_mbps": 0.032 * self.attached as f64,
                            "cpu_usage_percent": 0.04, "max_latency_us": 104.8});
            push("cu-up", json!({"pdcp": {"dl": dl, "ul": ul}}));
        }
        let mac = json!({"average_latency_us": 13.1, "cpu_usage_percent": 0.0013, "max_latency_us": 51.0,
                         "min_latency_us": 4.4, "pci": self.cell["cell_metrics"]["pci"]});
        push("du", json!({"du_high": {"mac": {"dl": [mac]}}}));
        push("cells", json!([self.cell]));
        push("du_low", template(include_str!("../../templates/du_low.json"))["du_low"].clone());
        push(
            "app_resource_usage",
            json!({"cpu_usage_percent": 110.0, "memory_usage_mb": 2436.4, "power_consumption_watts": 0.0}),
        );
        push("buffer_pool", json!({"central_cache_size": 1_048_192}));
        if let Value::Array(executors) = template(include_str!("../../templates/executors.json")) {
            for executor in executors {
                push("executor_metrics", executor);
            }
        }
        out
    }

    fn cu_cp(&self) -> Value {
        let mut value = template(include_str!("../../templates/cu_cp.json"))["cu-cp"].clone();
        let connections = Value::from(self.connections);
        for path in [
            "/ngaps/ngap/0/pdu_session_management/nof_pdu_sessions_requested_to_setup",
            "/ngaps/ngap/0/pdu_session_management/nof_pdu_sessions_successfully_setup",
            "/rrcs/du/0/rrc_connection_establishment/attempted_rrc_connection_establishments/mo_sig",
            "/rrcs/du/0/rrc_connection_establishment/successful_rrc_connection_establishments/mo_sig",
        ] {
            if let Some(slot) = value.pointer_mut(path) {
                *slot = connections.clone();
            }
        }
        for path in ["mean_nof_rrc_connections", "max_nof_rrc_connections"] {
            if let Some(slot) = value.pointer_mut(&format!("/rrcs/du/0/rrc_connection_number/{path}")) {
                *slot = self.attached.into();
            }
        }
        value
    }
}
