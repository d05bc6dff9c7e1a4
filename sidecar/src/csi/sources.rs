//! `sidecar sources`: what a gNB's log and uplink grid dump and a UE's metrics file tell, as tables.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use ran_bridge::sources::{CsiReport, GridShape, GridSlot, SrsEstimate, SrsEstimates, UeCsv, UplinkGrid};

use super::CsiError;

/// Read channel state from a gNB's log and uplink grid dump, or from srsUE's metrics file.
#[derive(Debug, Clone, clap::Args)]
pub struct SourcesArgs {
    /// The gNB's log: SRS channel estimates (PHY at info or debug), CSI reports (SCHED at debug), places in the grid dump (PHY at info).
    #[arg(long, value_name = "FILE", required_unless_present = "ue_csv")]
    pub log: Option<PathBuf>,
    /// The gNB's uplink grid dump (`phy_rx_symbols_filename`); the log says which slot lies where.
    #[arg(long, value_name = "FILE", requires = "log")]
    pub grid: Option<PathBuf>,
    /// Receive ports in the dump.
    #[arg(long, default_value_t = 1, requires = "grid")]
    pub ports: usize,
    /// srsUE's metrics file.
    #[arg(long, value_name = "FILE")]
    pub ue_csv: Option<PathBuf>,
    /// Print JSON lines; the command line has one `--json` for every command.
    #[arg(skip)]
    pub json: bool,
}

/// Power of one slot and port of the dump.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
struct GridLine {
    sfn: u16,
    slot: u16,
    port: usize,
    prbs: usize,
    /// Mean power of a resource element in dB of the dump's unit, over the slot; none where all is zero.
    power_db: Option<f32>,
    /// The strongest resource block and its power.
    strongest_prb: usize,
    strongest_db: Option<f32>,
}

fn db(power: f32) -> Option<f32> {
    (power > 0.0 && power.is_finite()).then(|| 10.0 * power.log10())
}

fn tenths(value: Option<f64>) -> String {
    value.map_or_else(|| "—".to_owned(), |v| format!("{v:.1}"))
}

/// Runs `sidecar sources` and writes its answer to `out`.
///
/// # Errors
/// [`CsiError`].
pub fn sources(args: &SourcesArgs, out: &mut dyn Write) -> Result<(), CsiError> {
    if let Some(path) = &args.log {
        let mut lines = Lines::open(path)?;
        for estimate in SrsEstimates::of_lines(&mut lines) {
            show(args.json, &estimate, out, srs_line)?;
        }
        lines.end()?;
        let mut lines = Lines::open(path)?;
        for report in lines.by_ref().filter_map(|line| CsiReport::of_line(&line)) {
            show(args.json, &report, out, csi_line)?;
        }
        lines.end()?;
        if let Some(grid) = &args.grid {
            let mut lines = Lines::open(path)?;
            slots(args, lines.by_ref().filter_map(|line| GridSlot::of_line(&line)), grid, out)?;
            lines.end()?;
        }
    }
    if let Some(path) = &args.ue_csv {
        metrics(args, path, out)?;
    }
    Ok(())
}

/// Longest line that is held; the rest of a longer one counts as another.
const LONGEST_LINE: u64 = 1 << 20;

/// The lines of a text file, one at a time; bytes that are no text are replaced.
struct Lines {
    path: PathBuf,
    file: BufReader<File>,
    bytes: Vec<u8>,
    failed: Option<std::io::Error>,
}

impl Lines {
    fn open(path: &Path) -> Result<Self, CsiError> {
        let file = File::open(path).map_err(|e| CsiError::Source(path.to_owned(), e.to_string()))?;
        Ok(Self { path: path.to_owned(), file: BufReader::new(file), bytes: Vec::new(), failed: None })
    }

    /// Whether all could be read.
    fn end(self) -> Result<(), CsiError> {
        self.failed.map_or(Ok(()), |e| Err(CsiError::Source(self.path, e.to_string())))
    }
}

impl Iterator for Lines {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        self.bytes.clear();
        match (&mut self.file).take(LONGEST_LINE).read_until(b'\n', &mut self.bytes) {
            Ok(0) => None,
            Ok(_) => Some(String::from_utf8_lossy(&self.bytes).trim_end_matches(['\r', '\n']).to_owned()),
            Err(error) => {
                self.failed = Some(error);
                None
            }
        }
    }
}

fn show<T: serde::Serialize>(
    json: bool,
    value: &T,
    out: &mut dyn Write,
    line: impl Fn(&T) -> String,
) -> Result<(), CsiError> {
    if json {
        serde_json::to_writer(&mut *out, value)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{}", line(value))?;
    }
    Ok(())
}

fn srs_line(e: &SrsEstimate) -> String {
    let rnti = e.rnti.map_or_else(|| "—".to_owned(), |r| format!("{r:#06x}"));
    let mut line = format!(
        "SRS  {:>4}.{:<2} rnti {rnti}  align {} ns  EPRE {} dB  RSRP {} dB  noise {} dB",
        e.at.sfn,
        e.at.slot,
        tenths(e.time_alignment_ns),
        tenths(e.epre_db),
        tenths(e.rsrp_db),
        tenths(e.noise_var_db)
    );
    let values: Vec<String> = e.h.iter().map(|h| format!("{:+.3}{:+.3}i", h.re, h.im)).collect();
    if e.rx_ports > 0 {
        line += &format!("  H[{}x{}] {}", e.rx_ports, e.h.len() / e.rx_ports, values.join(" "));
    }
    line
}

fn csi_line(r: &CsiReport) -> String {
    let dash = |v: Option<u8>| v.map_or_else(|| "—".to_owned(), |v| v.to_string());
    let pmi = r.pmi.map_or_else(|| "—".to_owned(), |p| format!("{p:?}"));
    format!(
        "CSI  {:>4}.{:<2} rnti {:#06x}  UE {}  CQI {}  RI {}  PMI {pmi}",
        r.at.sfn,
        r.at.slot,
        r.rnti,
        r.ue,
        dash(r.cqi),
        dash(r.ri)
    )
}

/// The slots of the dump, one after another. What the gNB has not written out yet is left out and told, and an error only where that is all.
fn slots(
    args: &SourcesArgs,
    slots: impl Iterator<Item = GridSlot>,
    path: &Path,
    out: &mut dyn Write,
) -> Result<(), CsiError> {
    let source = |e: &dyn std::fmt::Display| CsiError::Source(path.to_owned(), e.to_string());
    let mut file = File::open(path).map_err(|e| source(&e))?;
    let mut bytes = Vec::new();
    let (mut read, mut missing) = (0u64, 0u64);
    for slot in slots {
        GridShape::of(slot.size, args.ports).map_err(|e| source(&e))?;
        let Some(place) = slot.bytes() else { continue };
        if place.end > file.metadata().map_err(|e| source(&e))?.len() {
            missing += 1;
            continue;
        }
        read += 1;
        file.seek(SeekFrom::Start(place.start)).map_err(|e| source(&e))?;
        bytes.clear();
        (&mut file).take(place.end - place.start).read_to_end(&mut bytes).map_err(|e| source(&e))?;
        let grid = UplinkGrid::read(&bytes, slot.size, args.ports).map_err(|e| source(&e))?;
        for port in 0..grid.shape.ports {
            let power = grid.prb_power(port);
            let mean = power.iter().sum::<f32>() / power.len().max(1) as f32;
            let strongest = (0..power.len()).max_by(|&a, &b| power[a].total_cmp(&power[b])).unwrap_or(0);
            let line = GridLine {
                sfn: slot.at.sfn,
                slot: slot.at.slot,
                port,
                prbs: power.len(),
                power_db: db(mean),
                strongest_prb: strongest,
                strongest_db: power.get(strongest).copied().and_then(db),
            };
            show(args.json, &line, out, |l| {
                format!(
                    "UL   {:>4}.{:<2} port {}  {} PRB  {} dB  strongest PRB {} {} dB",
                    l.sfn,
                    l.slot,
                    l.port,
                    l.prbs,
                    tenths(l.power_db.map(f64::from)),
                    l.strongest_prb,
                    tenths(l.strongest_db.map(f64::from))
                )
            })?;
        }
    }
    if missing > 0 {
        let told =
            format!("{missing} of the log's slots are not in the dump: the gNB may not have written them out yet");
        if read == 0 {
            return Err(source(&told));
        }
        if args.json {
            tracing::warn!("{told}");
        } else {
            writeln!(out, "{told}")?;
        }
    }
    Ok(())
}

fn metrics(args: &SourcesArgs, path: &Path, out: &mut dyn Write) -> Result<(), CsiError> {
    let source = |e: &dyn std::fmt::Display| CsiError::Source(path.to_owned(), e.to_string());
    let mut lines = BufReader::new(File::open(path).map_err(|e| source(&e))?).lines();
    let head = lines.next().transpose().map_err(|e| source(&e))?.unwrap_or_default();
    let mut csv = UeCsv::new(&head).map_err(|e| source(&e))?;
    for line in lines {
        let Some(row) = csv.line(&line.map_err(|e| source(&e))?) else { continue };
        show(args.json, &row, out, |r| {
            format!(
                "UE   {:>8.1} s  carrier {}  RSRP {} dB  SNR {} dB  CFO {} Hz  MCS {}  DL {} bit/s  UL {} bit/s  TA {} µs",
                r.at_s,
                r.carrier,
                tenths(r.rsrp_db),
                tenths(r.dl_snr_db),
                tenths(r.cfo_hz),
                tenths(r.dl_mcs),
                tenths(r.dl_bit_per_s),
                tenths(r.ul_bit_per_s),
                tenths(r.ul_ta_us)
            )
        })?;
    }
    if csv.bad > 0 && !args.json {
        writeln!(out, "{} lines were not whole", csv.bad)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(args: &SourcesArgs) -> String {
        let mut out = Vec::new();
        sources(args, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_log_with_its_grid_and_a_metrics_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        // one block, one port: subcarrier 3 of symbol 0 has power 1680: a mean of 10
        let mut grid = vec![0u8; 168 * 8];
        grid[24..28].copy_from_slice(&1680f32.sqrt().to_le_bytes());
        let log = "t [PHY     ] [I] [  426.2] RX_SYMBOL: sector=0 offset=0 size=168\n\
                   t [PHY     ] [I] [  426.2] SRS: sector_id=0 rnti=0x4601 t_align=+12.5ns epre=-3.0dB rsrp=-3.2dB noise_var=-30.1dB 9us\n\
                   - CSI: ue=0 rnti=0x4601: slot_rx=426.8 cqi=15 ri=1 pmi=2\n";
        let head = "time;cc;earfcn;pci;rsrp;pl;cfo;dl_mcs;dl_snr;dl_brate;dl_bler;ul_ta;ul_brate\n";
        let csv = format!("{head}1000;0;368500;1;15;0;-12.5;27;68.2;1e6;0;0;3000\n#eof\n");
        let args = SourcesArgs {
            log: Some(file("gnb.log", log.as_bytes())),
            grid: Some(file("grid.bin", &grid)),
            ports: 1,
            ue_csv: Some(file("ue.csv", csv.as_bytes())),
            json: false,
        };
        let text = shown(&args);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert!(lines[0].starts_with("SRS   426.2  rnti 0x4601  align 12.5 ns"), "{text}");
        assert!(lines[1].contains("CQI 15  RI 1  PMI TwoPorts(2)"), "{text}");
        assert!(lines[2].contains("1 PRB  10.0 dB"), "{text}");
        assert!(lines[3].contains("SNR 68.2 dB"), "{text}");
        let json = shown(&SourcesArgs { json: true, ..args.clone() });
        assert!(json.lines().all(|l| serde_json::from_str::<serde_json::Value>(l).is_ok()));
        // what is not written out yet does not keep the rest back, and is told
        let more = format!("{log}t [PHY     ] [I] [  426.3] RX_SYMBOL: sector=0 offset=168 size=168\n");
        let mut with_half = grid.clone();
        with_half.extend([0u8; 84 * 8]);
        std::fs::write(args.grid.as_ref().unwrap(), &with_half).unwrap();
        std::fs::write(args.log.as_ref().unwrap(), &more).unwrap();
        let text = shown(&args);
        assert!(text.contains("UL    426.2  port 0  1 PRB  10.0 dB"), "{text}");
        assert!(text.contains("1 of the log's slots are not in the dump"), "{text}");
        // a size that no ports fit is refused before that much is read
        std::fs::write(args.log.as_ref().unwrap(), log.replace("size=168", "size=3999999999")).unwrap();
        let error = sources(&args, &mut Vec::new()).unwrap_err().to_string();
        assert!(error.contains("how many ports"), "{error}");
        std::fs::write(args.log.as_ref().unwrap(), log).unwrap();
        // a dump that ends early is said to
        std::fs::write(args.grid.as_ref().unwrap(), [0u8; 100]).unwrap();
        assert!(matches!(sources(&args, &mut Vec::new()), Err(CsiError::Source(..))));
    }
}
