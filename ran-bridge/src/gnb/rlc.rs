//! The RLC report: one message a UE and bearer.

use super::fields::Fields;
use super::stats::ParseStats;
use serde::Serialize;

const MAX: u64 = u64::MAX;

/// One bearer in one report period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct RlcSample {
    /// DU.
    pub du: Option<u64>,
    /// DU UE index, the `ue` of the scheduler report.
    pub ue: Option<u32>,
    /// Data radio bearer.
    pub drb: Option<u32>,
    /// Towards the UE.
    pub tx: RlcTx,
    /// From the UE.
    pub rx: RlcRx,
}

/// Towards the UE. `None` = the report does not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct RlcTx {
    /// SDUs sent.
    pub sdus: Option<u64>,
    /// Bytes of SDUs sent.
    pub sdu_bytes: Option<u64>,
    /// SDUs dropped on arrival.
    pub dropped_sdus: Option<u64>,
    /// SDUs discarded by timer.
    pub discarded_sdus: Option<u64>,
    /// Sum of the queueing delays of SDUs, µs.
    pub sum_sdu_latency_us: Option<u64>,
    /// Longest building time of a PDU, ns.
    pub max_pdu_latency_ns: Option<u64>,
    /// Pull latency by bin.
    pub pull_latency: Vec<LatencyBin>,
}

/// A bin of a latency histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LatencyBin {
    /// Lower edge, µs.
    pub start_us: u64,
    /// Entries.
    pub count: u64,
}

/// From the UE. `None` = the report does not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct RlcRx {
    /// SDUs delivered.
    pub sdus: Option<u64>,
    /// Bytes of SDUs delivered.
    pub sdu_bytes: Option<u64>,
    /// PDUs received.
    pub pdus: Option<u64>,
    /// Bytes of PDUs received.
    pub pdu_bytes: Option<u64>,
    /// PDUs lost.
    pub lost_pdus: Option<u64>,
    /// PDUs malformed.
    pub malformed_pdus: Option<u64>,
}

impl RlcSample {
    /// Mean queueing delay towards the UE, s; `None` where no SDU was sent.
    #[must_use]
    pub fn mean_queueing_s(&self) -> Option<f64> {
        let (sum_us, n) = (self.tx.sum_sdu_latency_us?, self.tx.sdus?);
        (n > 0).then(|| sum_us as f64 * 1e-6 / n as f64)
    }
}

/// Reads the object under `rlc_metrics`.
pub(super) fn rlc(mut f: Fields<'_>, s: &mut ParseStats) -> RlcSample {
    let mut out = RlcSample {
        du: f.u64("du_id", MAX, s),
        ue: f.u64("ue_id", u64::from(u32::MAX), s).map(|x| x as u32),
        drb: f.u64("drb_id", u64::from(u32::MAX), s).map(|x| x as u32),
        ..RlcSample::default()
    };
    if let Some(tx) = f.object("tx", s) {
        out.tx = read_tx(tx, s);
    }
    if let Some(rx) = f.object("rx", s) {
        out.rx = read_rx(rx, s);
    }
    f.finish(s);
    out
}

fn read_tx(mut f: Fields<'_>, s: &mut ParseStats) -> RlcTx {
    let _ = f.opt_u64("num_discard_failures", MAX, s);
    let _ = f.opt_u64("sum_pdu_latency_ns", MAX, s);
    let mut out = RlcTx {
        sdus: f.u64("num_sdus", MAX, s),
        sdu_bytes: f.u64("num_sdu_bytes", MAX, s),
        dropped_sdus: f.u64("num_dropped_sdus", MAX, s),
        discarded_sdus: f.u64("num_discarded_sdus", MAX, s),
        sum_sdu_latency_us: f.u64("sum_sdu_latency_us", MAX, s),
        max_pdu_latency_ns: f.u64("max_pdu_latency_ns", MAX, s),
        pull_latency: Vec::new(),
    };
    for item in f.opt_array("pull_latency_histogram", s) {
        let Some(mut bin) = Fields::of(item, s) else { continue };
        let start = bin.u64("pull_latency_bin_start_usec", MAX, s);
        let count = bin.u64("pull_latency_bin_count", MAX, s);
        bin.finish(s);
        if let (Some(start_us), Some(count)) = (start, count) {
            out.pull_latency.push(LatencyBin { start_us, count });
        }
    }
    f.finish(s);
    out
}

fn read_rx(mut f: Fields<'_>, s: &mut ParseStats) -> RlcRx {
    let out = RlcRx {
        sdus: f.u64("num_sdus", MAX, s),
        sdu_bytes: f.u64("num_sdu_bytes", MAX, s),
        pdus: f.u64("num_pdus", MAX, s),
        pdu_bytes: f.u64("num_pdu_bytes", MAX, s),
        lost_pdus: f.u64("num_lost_pdus", MAX, s),
        malformed_pdus: f.u64("num_malformed_pdus", MAX, s),
    };
    f.finish(s);
    out
}
