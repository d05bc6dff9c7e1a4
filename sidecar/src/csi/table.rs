//! The answer for people.

use std::io::{self, Write};

use super::Outcome;

fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "—".to_owned(), |v| v.to_string())
}

pub(super) fn write(outcome: &Outcome, rate_hz: f64, out: &mut dyn Write) -> io::Result<()> {
    if outcome.nonfinite > 0 {
        writeln!(out, "{} samples were no finite numbers and count as zero", outcome.nonfinite)?;
    }
    if outcome.lost > 0 {
        writeln!(out, "{} samples are missing and count as zero", outcome.lost)?;
    }
    if outcome.cells.is_empty() {
        return writeln!(out, "no cell found");
    }
    for cell in &outcome.cells {
        writeln!(
            out,
            "cell PCI {}  SSB at {:+.0} kHz from the carrier centre  RSRP {:.1} dBFS  SNR {:.1} dB  CFO {:+.1} Hz",
            cell.pci,
            cell.ssb_offset_hz / 1e3,
            cell.rsrp_dbfs,
            cell.snr_db,
            cell.cfo_hz
        )?;
    }
    if let Some(mib) = outcome.reports.iter().find_map(|r| r.mib) {
        writeln!(
            out,
            "MIB  common SCS {} kHz  k_SSB {}  DMRS type A position {}  CORESET#0 {}  search space 0 {}  {}  reselection {}",
            mib.scs_common_khz,
            mib.k_ssb,
            mib.dmrs_type_a_position,
            mib.coreset_zero,
            mib.search_space_zero,
            if mib.cell_barred { "barred" } else { "not barred" },
            if mib.intra_freq_reselection { "allowed" } else { "not allowed" }
        )?;
    }
    writeln!(
        out,
        "\n{:>10} {:>9} {:>5} {:>5} {:>4} {:>9} {:>7} {:>8} {:>9} {:>9}",
        "sample", "ms", "index", "SFN", "MIB", "RSRP/dBFS", "RSRQ/dB", "SNR/dB", "CFO/Hz", "delay/ns"
    )?;
    for r in &outcome.reports {
        writeln!(
            out,
            "{:>10} {:>9.3} {:>5} {:>5} {:>4} {:>9} {:>7} {:>8} {:>9.1} {:>9.0}",
            r.sample,
            r.sample as f64 / rate_hz * 1e3,
            r.index,
            or_dash(r.sfn),
            if r.mib_crc_ok { "ok" } else { "bad" },
            tenths(r.rsrp_dbfs),
            tenths(r.rsrq_db),
            tenths(r.snr_db),
            r.cfo_hz,
            r.h.delay_s * 1e9
        )?;
    }
    let good = outcome.reports.iter().filter(|r| r.mib_crc_ok).count();
    writeln!(out, "\n{} blocks, {good} MIBs good", outcome.reports.len())?;
    if outcome.csi_rs.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n{:>10} {:>5} {:>4} {:>6} {:>5} {:>9} {:>7} {:>8} {:>9} {:>8} {:>9}",
        "sample", "SFN", "slot", "symbol", "ports", "RSRP/dBFS", "RSRQ/dB", "SINR/dB", "delay/ns", "rms/ns", "CFO/Hz"
    )?;
    for r in &outcome.csi_rs {
        writeln!(
            out,
            "{:>10} {:>5} {:>4} {:>6} {:>5} {:>9} {:>7} {:>8} {:>9.0} {:>8} {:>9.1}",
            r.sample,
            r.sfn,
            r.slot,
            r.symbol,
            r.ports,
            tenths(r.rsrp_dbfs),
            tenths(r.rsrq_db),
            tenths(r.sinr_db),
            r.delay_ns,
            or_dash(r.rms_delay_ns.map(|v| format!("{v:.0}"))),
            r.cfo_hz
        )?;
    }
    Ok(())
}

fn tenths(value: Option<f32>) -> String {
    or_dash(value.map(|v| format!("{v:.1}")))
}
