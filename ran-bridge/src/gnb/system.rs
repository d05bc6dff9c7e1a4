//! The other reports: MAC, lower PHY, CU-CP, CU-UP, executors, process.

use super::fields::{CPU_PERCENT, Fields, POSITIVE};
use super::stats::ParseStats;
use serde::Serialize;

const MAX: u64 = u64::MAX;

/// MAC downlink of one cell.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct MacDlSample {
    /// Physical cell identity.
    pub pci: Option<u16>,
    /// Mean time to handle a slot, µs.
    pub average_latency_us: Option<f64>,
    /// Shortest, µs.
    pub min_latency_us: Option<f64>,
    /// Longest, µs.
    pub max_latency_us: Option<f64>,
    /// Share of one CPU, per cent.
    pub cpu_percent: Option<f64>,
}

/// Upper PHY, the figures that say something about the link or the load.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct DuLowSample {
    /// Mean downlink processing time of a slot, µs.
    pub dl_average_latency_us: Option<f64>,
    /// Longest downlink processing time, µs.
    pub dl_max_latency_us: Option<f64>,
    /// Downlink share of one CPU, per cent.
    pub dl_cpu_percent: Option<f64>,
    /// Mean uplink processing time of a slot, µs.
    pub ul_average_latency_us: Option<f64>,
    /// Longest uplink processing time, µs.
    pub ul_max_latency_us: Option<f64>,
    /// Uplink share of one CPU, per cent.
    pub ul_cpu_percent: Option<f64>,
    /// Uplink block error rate, 0…1.
    pub ul_bler: Option<f64>,
    /// Uplink signal to interference and noise, dB; `None` where nothing was received.
    pub ul_sinr_db: Option<f64>,
}

/// One AMF connection of the CU-CP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct NgapSample {
    /// Name of the AMF.
    pub amf_name: Option<String>,
    /// Whether the association stands.
    pub connected: Option<bool>,
    /// PDU sessions asked for, summed over slices.
    pub sessions_requested: Option<u64>,
    /// PDU sessions set up, summed over slices.
    pub sessions_successful: Option<u64>,
}

/// The CU-CP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct CuCpSample {
    /// Its name.
    pub id: Option<String>,
    /// Connections to AMFs.
    pub ngap: Vec<NgapSample>,
    /// Mean number of RRC connections, summed over DUs.
    pub mean_rrc_connections: Option<u64>,
    /// Largest number of RRC connections, summed over DUs.
    pub max_rrc_connections: Option<u64>,
}

/// PDCP in one direction, summed over UEs.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct PdcpDirection {
    /// Mean processing time, µs.
    pub average_latency_us: Option<f64>,
    /// Longest processing time, µs.
    pub max_latency_us: Option<f64>,
    /// Throughput, bit/s.
    pub throughput_bit_per_s: Option<f64>,
    /// Share of one CPU, per cent.
    pub cpu_percent: Option<f64>,
}

/// The CU-UP.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct CuUpSample {
    /// Downlink.
    pub dl: PdcpDirection,
    /// Uplink.
    pub ul: PdcpDirection,
}

/// One executor of the gNB.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct ExecutorSample {
    /// Its name.
    pub name: Option<String>,
    /// Tasks executed.
    pub executes: Option<u64>,
    /// Tasks deferred.
    pub defers: Option<u64>,
    /// Mean waiting time, µs.
    pub enqueue_avg_us: Option<f64>,
    /// Longest waiting time, µs.
    pub enqueue_max_us: Option<f64>,
    /// Mean run time, µs.
    pub task_avg_us: Option<f64>,
    /// Longest run time, µs.
    pub task_max_us: Option<f64>,
    /// Load, per cent.
    pub cpu_percent: Option<f64>,
}

/// The gNB process.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct AppUsage {
    /// Share of one CPU, per cent.
    pub cpu_percent: Option<f64>,
    /// Resident memory, MiB.
    pub memory_mib: Option<f64>,
    /// Power, W; `None` where the machine does not tell (the gNB prints 0).
    pub power_w: Option<f64>,
}

/// The gNB's buffer pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct BufferPool {
    /// Free blocks in the central cache.
    pub central_cache: Option<u64>,
}

pub(super) fn du(mut f: Fields<'_>, s: &mut ParseStats) -> Vec<MacDlSample> {
    let mut out = Vec::new();
    let Some(mut high) = f.object("du_high", s) else { return out };
    if let Some(mut mac) = high.object("mac", s) {
        for item in mac.opt_array("dl", s) {
            let Some(mut dl) = Fields::of(item, s) else { continue };
            out.push(MacDlSample {
                pci: dl.u64("pci", 1007, s).map(|x| x as u16),
                average_latency_us: dl.f64("average_latency_us", POSITIVE, s),
                min_latency_us: dl.opt_f64("min_latency_us", POSITIVE, s),
                max_latency_us: dl.f64("max_latency_us", POSITIVE, s),
                cpu_percent: dl.f64("cpu_usage_percent", CPU_PERCENT, s),
            });
            dl.finish(s);
        }
        mac.finish(s);
    }
    high.finish(s);
    f.finish(s);
    out
}

pub(super) fn du_low(mut f: Fields<'_>, s: &mut ParseStats) -> DuLowSample {
    let mut out = DuLowSample::default();
    if let Some(mut dl) = f.object("dl", s) {
        out.dl_average_latency_us = dl.f64("average_latency_us", POSITIVE, s);
        out.dl_max_latency_us = dl.f64("max_latency_us", POSITIVE, s);
        out.dl_cpu_percent = dl.f64("cpu_usage_percent", CPU_PERCENT, s);
        dl.skip_rest();
    }
    if let Some(mut ul) = f.object("ul", s) {
        out.ul_average_latency_us = ul.f64("average_latency_us", POSITIVE, s);
        out.ul_max_latency_us = ul.f64("max_latency_us", POSITIVE, s);
        out.ul_cpu_percent = ul.f64("cpu_usage_percent", CPU_PERCENT, s);
        if let Some(mut algo) = ul.object("algo_efficiency", s) {
            out.ul_bler = algo.f64("bler", 0.0..=1.0, s);
            out.ul_sinr_db = algo.f64("sinr_db", -200.0..=200.0, s).filter(|x| *x != 0.0);
            let _ = algo.opt_f64("evm", POSITIVE, s);
            algo.finish(s);
        }
        ul.skip_rest();
    }
    f.finish(s);
    out
}

pub(super) fn cu_cp(mut f: Fields<'_>, s: &mut ParseStats) -> CuCpSample {
    let mut out = CuCpSample { id: f.text("id", s), ..CuCpSample::default() };
    if let Some(mut ngaps) = f.object("ngaps", s) {
        for item in ngaps.opt_array("ngap", s) {
            if let Some(one) = Fields::of(item, s) {
                out.ngap.push(ngap(one, s));
            }
        }
        ngaps.skip_rest();
    }
    if let Some(mut rrcs) = f.object("rrcs", s) {
        for item in rrcs.opt_array("du", s) {
            let Some(mut du) = Fields::of(item, s) else { continue };
            if let Some(mut n) = du.object("rrc_connection_number", s) {
                add(&mut out.mean_rrc_connections, n.u64("mean_nof_rrc_connections", MAX, s));
                add(&mut out.max_rrc_connections, n.u64("max_nof_rrc_connections", MAX, s));
                n.finish(s);
            }
            du.skip_rest();
        }
        rrcs.skip_rest();
    }
    f.finish(s);
    out
}

fn ngap(mut f: Fields<'_>, s: &mut ParseStats) -> NgapSample {
    let mut out =
        NgapSample { amf_name: f.text("amf_name", s), connected: f.bool("connected", s), ..NgapSample::default() };
    // 25.10 prints one object, or an array with one object a slice.
    let sessions: &[serde_json::Value] = match f.raw("pdu_session_management", s) {
        Some(serde_json::Value::Array(items)) => items,
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    for item in sessions {
        let Some(mut one) = Fields::of(item, s) else { continue };
        add(&mut out.sessions_requested, one.u64("nof_pdu_sessions_requested_to_setup", MAX, s));
        add(&mut out.sessions_successful, one.u64("nof_pdu_sessions_successfully_setup", MAX, s));
        one.skip_rest();
    }
    f.skip_rest();
    out
}

fn add(sum: &mut Option<u64>, x: Option<u64>) {
    if let Some(x) = x {
        *sum = Some(sum.unwrap_or(0).saturating_add(x));
    }
}

pub(super) fn cu_up(mut f: Fields<'_>, s: &mut ParseStats) -> CuUpSample {
    let mut out = CuUpSample::default();
    if let Some(mut pdcp) = f.object("pdcp", s) {
        if let Some(dl) = pdcp.object("dl", s) {
            out.dl = pdcp_direction(dl, s);
        }
        if let Some(ul) = pdcp.object("ul", s) {
            out.ul = pdcp_direction(ul, s);
        }
        pdcp.finish(s);
    }
    f.skip_rest();
    out
}

fn pdcp_direction(mut f: Fields<'_>, s: &mut ParseStats) -> PdcpDirection {
    let _ = f.opt_f64("min_latency_us", POSITIVE, s);
    let out = PdcpDirection {
        average_latency_us: f.f64("average_latency_us", POSITIVE, s),
        max_latency_us: f.opt_f64("max_latency_us", POSITIVE, s),
        throughput_bit_per_s: f.f64("average_throughput_mbps", POSITIVE, s).map(|x| x * 1e6),
        cpu_percent: f.f64("cpu_usage_percent", CPU_PERCENT, s),
    };
    f.finish(s);
    out
}

pub(super) fn executor(mut f: Fields<'_>, s: &mut ParseStats) -> ExecutorSample {
    let _ = f.opt_u64("nof_vol_ctxt_switch", MAX, s);
    let _ = f.opt_u64("nof_invol_ctxt_switch", MAX, s);
    let out = ExecutorSample {
        name: f.text("name", s),
        executes: f.u64("nof_executes", MAX, s),
        defers: f.u64("nof_defers", MAX, s),
        enqueue_avg_us: f.f64("enqueue_avg", POSITIVE, s),
        enqueue_max_us: f.f64("enqueue_max", POSITIVE, s),
        task_avg_us: f.f64("task_avg", POSITIVE, s),
        task_max_us: f.f64("task_max", POSITIVE, s),
        cpu_percent: f.f64("cpu_load", CPU_PERCENT, s),
    };
    f.finish(s);
    out
}

pub(super) fn app_usage(mut f: Fields<'_>, s: &mut ParseStats) -> AppUsage {
    let out = AppUsage {
        cpu_percent: f.f64("cpu_usage_percent", CPU_PERCENT, s),
        memory_mib: f.f64("memory_usage_mb", POSITIVE, s),
        power_w: f.opt_f64("power_consumption_watts", POSITIVE, s).filter(|x| *x > 0.0),
    };
    f.finish(s);
    out
}

pub(super) fn buffer_pool(mut f: Fields<'_>, s: &mut ParseStats) -> BufferPool {
    let out = BufferPool { central_cache: f.u64("central_cache_size", MAX, s) };
    f.skip_rest();
    out
}
