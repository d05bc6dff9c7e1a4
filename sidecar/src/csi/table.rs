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
    if outcome.cells.is_empty() {
        return writeln!(out, "no cell found");
    }
    for cell in &outcome.cells {
        writeln!(
            out,
            "cell PCI {}  SSB at {:+.0} kHz from the carrier centre  SNR {:.1} dB  CFO {:+.1} Hz",
            cell.pci,
            cell.ssb_offset_hz / 1e3,
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
        "\n{:>10} {:>9} {:>5} {:>5} {:>4} {:>8} {:>9} {:>9}",
        "sample", "ms", "index", "SFN", "MIB", "SNR/dB", "CFO/Hz", "delay/ns"
    )?;
    for r in &outcome.reports {
        writeln!(
            out,
            "{:>10} {:>9.3} {:>5} {:>5} {:>4} {:>8} {:>9.1} {:>9.0}",
            r.sample,
            r.sample as f64 / rate_hz * 1e3,
            r.index,
            or_dash(r.sfn),
            if r.mib_crc_ok { "ok" } else { "bad" },
            or_dash(r.snr_db.map(|v| format!("{v:.1}"))),
            r.cfo_hz,
            r.h.delay_s * 1e9
        )?;
    }
    let good = outcome.reports.iter().filter(|r| r.mib_crc_ok).count();
    writeln!(out, "\n{} blocks, {good} MIBs good", outcome.reports.len())
}
