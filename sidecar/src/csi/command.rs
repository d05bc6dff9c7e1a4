//! The command.

use std::io::Write;

use num_complex::Complex32;
use ran_bridge::nr::{SearchConfig, find_blocks, search};

use super::{CsiArgs, CsiError, Outcome, StudyConfig, markdown, plot_svg, study, table};

/// Runs `sidecar csi` and writes its answer to `out`.
///
/// # Errors
/// [`CsiError`].
pub fn run(args: &CsiArgs, out: &mut dyn Write) -> Result<(), CsiError> {
    let recording = ran_bridge::iq::read(&args.file)?;
    let config = SearchConfig {
        scs_hz: f64::from(args.scs_khz) * 1e3,
        center_hz: recording.frequency_hz,
        ssb_offset_hz: args.ssb_offset_hz,
        ..SearchConfig::default()
    };
    if args.study {
        let plan = StudyConfig { search: config, seeds: args.seeds, ..StudyConfig::default() };
        let result = study(&recording.samples, recording.rate_hz, &plan)?;
        if let Some(path) = &args.plot {
            std::fs::write(path, plot_svg(&result)?)?;
        }
        if args.json {
            serde_json::to_writer_pretty(&mut *out, &result.rows)?;
            writeln!(out)?;
        } else {
            out.write_all(markdown(&result).as_bytes())?;
        }
        return Ok(());
    }
    let mut outcome = analyse(&recording.samples, recording.rate_hz, &config)?;
    outcome.nonfinite = recording.nonfinite;
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &outcome)?;
        writeln!(out)?;
    } else {
        table::write(&outcome, recording.rate_hz, out)?;
    }
    Ok(())
}

/// Finds the cells of `iq` and every block of the strongest.
///
/// # Errors
/// [`CsiError::Signal`].
pub fn analyse(iq: &[Complex32], rate_hz: f64, config: &SearchConfig) -> Result<Outcome, CsiError> {
    let cells = search(iq, rate_hz, config)?;
    let reports = match cells.first() {
        Some(cell) => find_blocks(iq, rate_hz, cell)?,
        None => Vec::new(),
    };
    let pci = cells.first().map(|c| c.pci);
    Ok(Outcome { pci, ssb: reports.iter().map(Into::into).collect(), cells, reports, nonfinite: 0 })
}
