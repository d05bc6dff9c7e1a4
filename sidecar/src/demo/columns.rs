//! The gNB console's columns in its order, and beside them what we predict, did and saw.

use crate::controller::state::{ConsoleRow, UeRow};

/// Headings of the first table: the console's, then ours.
pub const HEADINGS: [&str; 26] = [
    "pci", "rnti", "cqi", "ri", "mcs", "brate", "ok", "nok", "(%)", "dl_bs", "pusch", "rsrp", "ri", "mcs", "brate",
    "ok", "nok", "(%)", "bsr", "ta", "phr", "snr", "next", "want", "action", "effect",
];

/// Widths of the columns, characters.
pub const WIDTHS: [u16; 26] = [3, 5, 3, 2, 3, 6, 5, 4, 4, 6, 5, 5, 2, 3, 6, 4, 4, 4, 5, 5, 3, 5, 5, 6, 26, 14];

/// Columns before which the console draws a bar.
pub const BARS: [usize; 3] = [2, 10, 21];

/// The cells of one UE, in the order of [`HEADINGS`]. What was not observed is `-`.
#[must_use]
pub fn cells(row: &UeRow) -> [String; 26] {
    let c: &ConsoleRow = &row.console;
    [
        show(c.pci),
        c.rnti.map_or_else(dash, |r| format!("{r:04x}")),
        show(c.cqi),
        fixed(c.dl_ri, 0),
        show(c.dl_mcs),
        rate(c.dl_bit_per_s),
        show(c.dl_ok),
        show(c.dl_nok),
        percent(c.dl_ok, c.dl_nok),
        bytes(c.dl_backlog_bytes),
        fixed(c.pusch_snr_db, 1),
        fixed(c.pusch_rsrp_dbfs, 1),
        fixed(c.ul_ri, 0),
        show(c.ul_mcs),
        rate(c.ul_bit_per_s),
        show(c.ul_ok),
        show(c.ul_nok),
        percent(c.ul_ok, c.ul_nok),
        bytes(c.bsr_bytes),
        c.ta_ns.map_or_else(dash, |t| si(t * 1e-9)),
        fixed(c.phr_db, 0),
        fixed(row.beam_snr_db.or(row.ssb_snr_db), 1),
        fixed(row.predicted_snr_db, 1),
        rate(row.demand_bit_per_s),
        if row.action.is_empty() { dash() } else { row.action.clone() },
        if row.effect.is_empty() { dash() } else { row.effect.clone() },
    ]
}

/// The table as lines of text, headings first.
#[must_use]
pub fn lines(rows: &[UeRow]) -> Vec<String> {
    let line = |cells: &[String]| {
        let mut out = String::new();
        for (k, cell) in cells.iter().enumerate() {
            if BARS.contains(&k) {
                out.push_str(" |");
            }
            let width = usize::from(WIDTHS[k]);
            let cell: String = cell.chars().take(width).collect();
            if k >= 24 {
                out.push_str(&format!(" {cell:<width$}"));
            } else {
                out.push_str(&format!(" {cell:>width$}"));
            }
        }
        out.trim_end().to_owned()
    };
    let head: Vec<String> = HEADINGS.iter().map(|h| (*h).to_owned()).collect();
    std::iter::once(line(&head)).chain(rows.iter().map(|r| line(&cells(r)))).collect()
}

fn dash() -> String {
    "-".to_owned()
}

fn show<T: std::fmt::Display>(value: Option<T>) -> String {
    value.map_or_else(dash, |v| v.to_string())
}

fn fixed(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(dash, |v| format!("{v:.digits$}"))
}

fn percent(ok: Option<u64>, nok: Option<u64>) -> String {
    match (ok, nok) {
        (Some(ok), Some(nok)) if ok + nok > 0 => format!("{:.0}%", 100.0 * nok as f64 / (ok + nok) as f64),
        _ => dash(),
    }
}

/// A rate as the console prints it: three digits and a suffix.
#[must_use]
pub fn rate(bit_per_s: Option<f64>) -> String {
    bit_per_s.map_or_else(dash, si)
}

fn bytes(value: Option<u64>) -> String {
    value.map_or_else(dash, |v| si(v as f64))
}

fn si(value: f64) -> String {
    let size = value.abs();
    let (scale, suffix) = match size {
        0.0 => return "0".to_owned(),
        s if s >= 1e9 => (1e-9, "G"),
        s if s >= 1e6 => (1e-6, "M"),
        s if s >= 1e3 => (1e-3, "k"),
        s if s >= 1.0 => (1.0, ""),
        s if s >= 1e-3 => (1e3, "m"),
        s if s >= 1e-6 => (1e6, "u"),
        _ => (1e9, "n"),
    };
    let v = value * scale;
    let digits = if v.abs() >= 100.0 || suffix.is_empty() { 0 } else { 1 };
    format!("{v:.digits$}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_consoles_columns_stand_in_the_consoles_order() {
        let head = &lines(&[])[0];
        let words: Vec<_> = head.split_whitespace().collect();
        let console = "pci rnti | cqi ri mcs brate ok nok (%) dl_bs | pusch rsrp ri mcs brate ok nok (%) bsr ta phr |";
        assert_eq!(words[..24], console.split_whitespace().collect::<Vec<_>>()[..]);
    }

    #[test]
    fn a_row_reads_as_on_the_console() {
        let console = ConsoleRow {
            pci: Some(1),
            rnti: Some(0x4601),
            cqi: Some(15),
            dl_mcs: Some(27),
            dl_bit_per_s: Some(12_400_000.0),
            dl_ok: Some(95),
            dl_nok: Some(5),
            ta_ns: Some(520.0),
            ..ConsoleRow::default()
        };
        let row = cells(&UeRow { console, beam_snr_db: Some(21.26), ..UeRow::default() });
        assert_eq!(row[..10], ["1", "4601", "15", "-", "27", "12.4M", "95", "5", "5%", "-"].map(str::to_owned));
        assert_eq!((row[19].as_str(), row[21].as_str()), ("520n", "21.3"));
    }

    #[test]
    fn not_observed_and_zero_look_different() {
        assert_eq!(rate(None), "-");
        assert_eq!(rate(Some(0.0)), "0");
        assert_eq!(percent(Some(0), Some(0)), "-");
        assert_eq!(percent(Some(1), Some(0)), "0%");
    }
}
