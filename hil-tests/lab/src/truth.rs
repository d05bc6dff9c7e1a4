//! What is true of the downlink, for tests and reports to compare with.
use crate::config::LabConfig;
use crate::gnb::DMRS_SYMBOLS;
use crate::phy::{Numerology, ssb};
use serde_json::{Value, json};

/// Ground truth of the generated stream.
#[must_use]
pub fn of(config: &LabConfig, n: &Numerology, sfn0: u16) -> Value {
    let cell = &config.cell;
    let first = n.symbol_start(ssb::FIRST_SYMBOL);
    json!({
        "rate_hz": cell.rate_hz,
        "pci": cell.pci,
        "carrier_hz": cell.carrier_hz,
        "prb": cell.prb,
        "fft": n.fft,
        "slot_samples": n.slot,
        "slot_offset_samples": n.tx_offset,
        "sfn_of_slot_0": sfn0,
        "first_filled_slot": 1,
        "about_slots": "slot k of the stream spans samples k·slot_samples + slot_offset_samples onward; absolute slot = sfn_of_slot_0·10 + k",
        "ssb": {
            "index": 0,
            "period_ms": cell.ssb_period_ms,
            "first_symbol": ssb::FIRST_SYMBOL,
            "pss_cp_start_in_slot": first,
            "carried_by_absolute_slots": "multiples of period_ms",
            "offset_subcarriers": cell.ssb_offset_sc,
            "offset_hz": f64::from(cell.ssb_offset_sc) * 15_000.0,
            "k_ssb": cell.mib().k_ssb,
            "half_frame": 0,
            "mib": cell.mib(),
        },
        "csi_rs": {
            "period_slots": cell.csi_rs_period_slots,
            "offset_slot": cell.csi_rs_offset_slot,
            "symbols": cell.csi_rs_symbols,
            "row": 1, "density": 3, "ports": 1, "k0": cell.csi_rs_k0,
            "first_prb": 0, "prb": cell.prb,
            "scrambling_id": cell.pci,
            "epre_over_data_db": 0.0,
        },
        "pdsch": {
            "modulation": cell.filling,
            "dmrs_symbols": DMRS_SYMBOLS,
            "dmrs_type": 1, "dmrs_port": 1000, "scrambling_id": cell.pci, "n_scid": 0,
            "dmrs_epre_over_data_db": 3.0103,
        },
        "rms_dbfs": cell.rms_dbfs,
        "phase_of_upconversion": cell.carrier_hz > 0.0,
    })
}
