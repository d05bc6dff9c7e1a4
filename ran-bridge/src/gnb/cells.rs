//! The scheduler report: cells, their UEs, their events.

use super::dialect::Dialect;
use super::fields::{ANY, Fields, POSITIVE};
use super::stats::ParseStats;
use serde::Serialize;
use serde_json::Value;

/// Levels at or below this are the clamp of the gNB's report, not a measurement.
const FLOOR_DB: f64 = -99.85;
const RNTI_MAX: u64 = 0xFFFF;
const PCI_MAX: u64 = 1007;
const COUNT_MAX: u64 = u32::MAX as u64;

/// What the scheduler of one cell saw in one report period.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct CellSample {
    /// Cell-wide figures.
    pub metrics: CellMetrics,
    /// One entry a UE; empty where the cell has none.
    pub ues: Vec<UeSample>,
    /// What happened to UEs in the period.
    pub events: Vec<CellEvent>,
    /// Which release the fields belong to, where they tell.
    pub dialect: Option<Dialect>,
}

/// Cell-wide figures of one report period. `None` = the report does not say.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct CellMetrics {
    /// Physical cell identity, 0…1007.
    pub pci: Option<u16>,
    /// FAPI error indications: late slots.
    pub error_indications: Option<u64>,
    /// Mean scheduler decision time, µs.
    pub average_latency_us: Option<f64>,
    /// Longest scheduler decision time, µs.
    pub max_latency_us: Option<f64>,
    /// Decision times by bins of 50 µs, counts of slots.
    pub latency_histogram: Vec<f64>,
    /// PDCCH allocations that failed, all directions.
    pub failed_pdcch_allocs: Option<u64>,
    /// UCI allocations that failed.
    pub failed_uci_allocs: Option<u64>,
    /// Msg3 received well.
    pub msg3_ok: Option<u64>,
    /// Msg3 lost.
    pub msg3_nok: Option<u64>,
    /// Mean PRACH delay, slots; `None` where there was no PRACH.
    pub avg_prach_delay_slots: Option<f64>,
    /// Late downlink HARQ processes.
    pub late_dl_harqs: Option<u64>,
    /// Late uplink HARQ processes.
    pub late_ul_harqs: Option<u64>,
    /// Mean resource blocks used by PUCCH.
    pub pucch_rb_usage_avg: Option<f64>,
    /// PUSCH PRBs by slot of the TDD period.
    pub pusch_prbs_by_tdd_slot: Vec<f64>,
    /// PDSCH PRBs by slot of the TDD period.
    pub pdsch_prbs_by_tdd_slot: Vec<f64>,
}

/// One UE in one report period.
///
/// The gNB prints 0 (ranks: 1) where it observed nothing. Here such values are `None`: an MCS without a transport block, a rank
/// without a report, a time alignment of exactly 0, a level at the clamp of −99.9 dB.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct UeSample {
    /// DU UE index, the `ue_id` of RLC reports.
    pub ue: Option<u32>,
    /// Physical cell identity, 0…1007.
    pub pci: Option<u16>,
    /// C-RNTI.
    pub rnti: u16,
    /// Rounded mean of the wideband CQI, 0…15.
    pub cqi: Option<u8>,
    /// Mean downlink rank.
    pub dl_ri: Option<f64>,
    /// Mean uplink rank.
    pub ul_ri: Option<f64>,
    /// Mean downlink MCS index, 0…31.
    pub dl_mcs: Option<u8>,
    /// Mean uplink MCS index, 0…31.
    pub ul_mcs: Option<u8>,
    /// Downlink MAC rate over radio time, bit/s.
    pub dl_bit_per_s: Option<f64>,
    /// Uplink MAC rate over radio time, bit/s.
    pub ul_bit_per_s: Option<f64>,
    /// Downlink transport blocks acknowledged.
    pub dl_ok: Option<u64>,
    /// Downlink transport blocks lost.
    pub dl_nok: Option<u64>,
    /// Uplink transport blocks received well.
    pub ul_ok: Option<u64>,
    /// Uplink transport blocks lost.
    pub ul_nok: Option<u64>,
    /// Bytes that wait for the downlink.
    pub dl_buffer_bytes: Option<u64>,
    /// Last uplink buffer status, bytes.
    pub bsr_bytes: Option<u64>,
    /// PUSCH signal to noise, dB.
    pub pusch_snr_db: Option<f64>,
    /// PUSCH received power, dB relative to full scale.
    pub pusch_rsrp_dbfs: Option<f64>,
    /// PUCCH signal to noise, dB.
    pub pucch_snr_db: Option<f64>,
    /// Time alignment, ns.
    pub ta_ns: Option<f64>,
    /// Time alignment on PUSCH, ns.
    pub pusch_ta_ns: Option<f64>,
    /// Time alignment on PUCCH, ns.
    pub pucch_ta_ns: Option<f64>,
    /// Time alignment on SRS, ns.
    pub srs_ta_ns: Option<f64>,
    /// Last power headroom as reported, dB; 0 also where none came.
    pub last_phr_db: Option<f64>,
    /// Longest time between two PDSCH grants, ms.
    pub max_pdsch_distance_ms: Option<f64>,
    /// Longest time between two PUSCH grants, ms.
    pub max_pusch_distance_ms: Option<f64>,
    /// HARQ bits and CSI on PUCCH and PUSCH that were invalid, summed: grows under interference.
    pub invalid_uci: Option<u64>,
    /// Mean time from CRC to its report, ms.
    pub avg_crc_delay_ms: Option<f64>,
    /// Mean time from scheduling request to PUSCH, ms.
    pub avg_sr_to_pusch_delay_ms: Option<f64>,
}

impl UeSample {
    /// Downlink block error rate, 0…1; `None` without a transport block.
    #[must_use]
    pub fn dl_bler(&self) -> Option<f64> {
        ratio(self.dl_ok, self.dl_nok)
    }

    /// Uplink block error rate, 0…1; `None` without a transport block.
    #[must_use]
    pub fn ul_bler(&self) -> Option<f64> {
        ratio(self.ul_ok, self.ul_nok)
    }
}

fn ratio(ok: Option<u64>, nok: Option<u64>) -> Option<f64> {
    let (ok, nok) = (ok?, nok?);
    (ok + nok > 0).then(|| nok as f64 / (ok + nok) as f64)
}

/// What happened to a UE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CellEventKind {
    /// It came.
    UeCreate,
    /// It was reconfigured.
    UeReconf,
    /// It went.
    UeRem,
    /// Something this release does not know.
    Other,
}

/// An event of the scheduler.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CellEvent {
    /// `SFN.slot` as the gNB prints it.
    pub slot: Option<String>,
    /// C-RNTI.
    pub rnti: u16,
    /// What happened.
    pub kind: CellEventKind,
}

/// Reads the array under `cells`.
pub(super) fn cells(items: &[Value], stats: &mut ParseStats) -> Vec<CellSample> {
    items.iter().filter_map(|item| Fields::of(item, stats).map(|fields| cell(fields, stats))).collect()
}

fn cell(mut fields: Fields<'_>, stats: &mut ParseStats) -> CellSample {
    let mut sample = CellSample::default();
    if let Some(metrics) = fields.object("cell_metrics", stats) {
        sample.dialect = dialect(&metrics);
        sample.metrics = cell_metrics(metrics, stats);
    }
    for item in fields.opt_array("ue_list", stats) {
        if let Some(ue) = Fields::of(item, stats).and_then(|f| ue(f, stats)) {
            sample.ues.push(ue);
        }
    }
    for item in fields.opt_array("event_list", stats) {
        if let Some(event) = Fields::of(item, stats).and_then(|f| event(f, stats)) {
            sample.events.push(event);
        }
    }
    fields.finish(stats);
    sample
}

fn dialect(metrics: &Fields<'_>) -> Option<Dialect> {
    if metrics.has("failed_dl_pdcch") {
        Some(Dialect::Ocudu2604)
    } else if metrics.has("nof_failed_pdcch_allocs") {
        Some(Dialect::Srsran2510)
    } else {
        None
    }
}

fn cell_metrics(mut f: Fields<'_>, s: &mut ParseStats) -> CellMetrics {
    let failed = [
        "nof_failed_pdcch_allocs",
        "failed_dl_pdcch",
        "failed_ul_pdcch",
        "failed_common_dl_pdcch",
        "failed_common_ul_pdcch",
    ]
    .into_iter()
    .filter_map(|key| f.opt_u64(key, COUNT_MAX, s))
    .reduce(|a, b| a + b);
    let _ = f.opt_u64("nof_conres_timer_expired", COUNT_MAX, s);
    let out = CellMetrics {
        pci: f.u64("pci", PCI_MAX, s).map(|x| x as u16),
        error_indications: f.u64("error_indication_count", COUNT_MAX, s),
        average_latency_us: f.f64("average_latency", POSITIVE, s),
        max_latency_us: f.f64("max_latency", POSITIVE, s),
        latency_histogram: f.opt_f64s("latency_histogram", s),
        failed_pdcch_allocs: failed,
        failed_uci_allocs: f.u64("nof_failed_uci_allocs", COUNT_MAX, s),
        msg3_ok: f.u64("msg3_nof_ok", COUNT_MAX, s),
        msg3_nok: f.u64("msg3_nof_nok", COUNT_MAX, s),
        avg_prach_delay_slots: nonzero(f.f64("avg_prach_delay", POSITIVE, s)),
        late_dl_harqs: f.u64("late_dl_harqs", COUNT_MAX, s),
        late_ul_harqs: f.u64("late_ul_harqs", COUNT_MAX, s),
        pucch_rb_usage_avg: f.f64("pucch_tot_rb_usage_avg", POSITIVE, s),
        pusch_prbs_by_tdd_slot: f.opt_f64s("pusch_prbs_used_per_tdd_slot_idx", s),
        pdsch_prbs_by_tdd_slot: f.opt_f64s("pdsch_prbs_used_per_tdd_slot_idx", s),
    };
    f.finish(s);
    out
}

/// `None` where the UE has no RNTI: nothing could be joined to it.
fn ue(mut f: Fields<'_>, s: &mut ParseStats) -> Option<UeSample> {
    let rnti = f.u64("rnti", RNTI_MAX, s)? as u16;
    let cqi = match f.raw("cqi", s).map(Value::as_i64) {
        Some(Some(x @ 0..=15)) => Some(x as u8),
        Some(Some(-1)) | None => None,
        Some(_) => {
            s.invalid_fields += 1;
            None
        }
    };
    let (dl_ok, dl_nok) = (f.u64("dl_nof_ok", COUNT_MAX, s), f.u64("dl_nof_nok", COUNT_MAX, s));
    let (ul_ok, ul_nok) = (f.u64("ul_nof_ok", COUNT_MAX, s), f.u64("ul_nof_nok", COUNT_MAX, s));
    let any = |a: Option<u64>, b: Option<u64>| a.unwrap_or(0) + b.unwrap_or(0) > 0;
    let (dl, ul) = (any(dl_ok, dl_nok), any(ul_ok, ul_nok));
    let invalid_uci = [
        "nof_pucch_f0f1_invalid_harqs",
        "nof_pucch_f2f3f4_invalid_harqs",
        "nof_pucch_f2f3f4_invalid_csis",
        "nof_pusch_invalid_harqs",
        "nof_pusch_invalid_csis",
    ]
    .into_iter()
    .filter_map(|key| f.u64(key, COUNT_MAX, s))
    .reduce(|a, b| a + b);
    for key in [
        "avg_ce_delay",
        "max_ce_delay",
        "max_crc_delay",
        "avg_pusch_harq_delay",
        "max_pusch_harq_delay",
        "avg_pucch_harq_delay",
        "max_pucch_harq_delay",
        "max_sr_to_pusch_delay",
        "max_dl_lcid0_flush_delay",
        "max_dl_lcid1_flush_delay",
    ] {
        let _ = f.opt_f64(key, POSITIVE, s);
    }
    let out = UeSample {
        ue: f.u64("ue", COUNT_MAX, s).map(|x| x as u32),
        pci: f.u64("pci", PCI_MAX, s).map(|x| x as u16),
        rnti,
        cqi,
        dl_ri: f.f64("dl_ri", 0.0..=8.0, s).filter(|_| cqi.is_some()),
        ul_ri: f.f64("ul_ri", 0.0..=8.0, s).filter(|_| ul),
        dl_mcs: f.u64("dl_mcs", 31, s).filter(|_| dl).map(|x| x as u8),
        ul_mcs: f.u64("ul_mcs", 31, s).filter(|_| ul).map(|x| x as u8),
        dl_bit_per_s: f.f64("dl_brate", 0.0..=1e12, s),
        ul_bit_per_s: f.f64("ul_brate", 0.0..=1e12, s),
        dl_ok,
        dl_nok,
        ul_ok,
        ul_nok,
        dl_buffer_bytes: f.u64("dl_bs", u64::MAX, s),
        bsr_bytes: f.u64("bsr", u64::MAX, s),
        pusch_snr_db: level(&mut f, "pusch_snr_db", 99.95, s),
        pusch_rsrp_dbfs: level(&mut f, "pusch_rsrp_db", 0.0, s),
        pucch_snr_db: level(&mut f, "pucch_snr_db", 99.95, s),
        ta_ns: nonzero(f.f64("ta_ns", -1e9..=1e9, s)),
        pusch_ta_ns: nonzero(f.f64("pusch_ta_ns", -1e9..=1e9, s)),
        pucch_ta_ns: nonzero(f.f64("pucch_ta_ns", -1e9..=1e9, s)),
        srs_ta_ns: nonzero(f.f64("srs_ta_ns", -1e9..=1e9, s)),
        last_phr_db: f.opt_f64("last_phr", ANY, s),
        max_pdsch_distance_ms: nonzero(f.opt_f64("max_pdsch_distance", POSITIVE, s)),
        max_pusch_distance_ms: nonzero(f.opt_f64("max_pusch_distance", POSITIVE, s)),
        invalid_uci,
        avg_crc_delay_ms: nonzero(f.opt_f64("avg_crc_delay", POSITIVE, s)),
        avg_sr_to_pusch_delay_ms: nonzero(f.opt_f64("avg_sr_to_pusch_delay", POSITIVE, s)),
    };
    f.finish(s);
    Some(out)
}

fn event(mut f: Fields<'_>, s: &mut ParseStats) -> Option<CellEvent> {
    let rnti = f.u64("rnti", RNTI_MAX, s);
    let slot = f.text("slot", s);
    let kind = match f.text("event_type", s).as_deref() {
        Some("ue_create") => CellEventKind::UeCreate,
        Some("ue_reconf") => CellEventKind::UeReconf,
        Some("ue_rem") => CellEventKind::UeRem,
        _ => CellEventKind::Other,
    };
    f.finish(s);
    Some(CellEvent { slot, rnti: rnti? as u16, kind })
}

/// A level in dB; at the clamp it was not observed.
fn level(f: &mut Fields<'_>, key: &str, max_db: f64, s: &mut ParseStats) -> Option<f64> {
    let x = f.opt_f64(key, -100.0..=max_db, s)?;
    if x <= FLOOR_DB {
        s.floor_fields += 1;
        return None;
    }
    Some(x)
}

fn nonzero(x: Option<f64>) -> Option<f64> {
    x.filter(|x| *x != 0.0)
}
