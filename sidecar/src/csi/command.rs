//! The command.

use std::io::Write;

use num_complex::Complex32;
use ran_bridge::csi::Occasion;
use ran_bridge::iq::Recording;
use ran_bridge::nr::{SearchConfig, find_blocks, search};

use super::follow::{self, ACQUIRE_S};
use super::{CsiArgs, CsiError, Outcome, StudyConfig, markdown, plot_svg, study, table};

/// Runs `sidecar csi` on a recording and writes its answer to `out`.
///
/// # Errors
/// [`CsiError`].
pub fn run(args: &CsiArgs, out: &mut dyn Write) -> Result<(), CsiError> {
    answer(args, &ran_bridge::iq::read(&args.file)?, out)
}

/// As [`run`], on samples that are in memory: [`CsiArgs::file`] is not looked at.
///
/// # Errors
/// [`CsiError`].
pub fn answer(args: &CsiArgs, recording: &Recording, out: &mut dyn Write) -> Result<(), CsiError> {
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
    (outcome.nonfinite, outcome.lost) = (recording.nonfinite, recording.lost);
    let (samples, rate_hz) = (&recording.samples, recording.rate_hz);
    let mut occasions = Vec::new();
    if let (Some(cell), Some(prbs)) = (outcome.cells.first(), args.trs) {
        occasions.extend(Occasion::srsran_tracking(cell.pci, prbs, args.scs_khz / 15));
    }
    if let (Some(cell), Some(fields)) = (outcome.cells.first(), &args.csi_rs) {
        occasions.push(follow::occasion(cell.pci, fields)?);
    }
    if !occasions.is_empty() {
        outcome.csi_rs = follow::csi_rs(samples, rate_hz, &config, &outcome, &occasions)?;
    }
    if args.json {
        let shown = if args.measure { outcome } else { outcome.brief() };
        serde_json::to_writer_pretty(&mut *out, &shown)?;
        writeln!(out)?;
    } else {
        table::write(&outcome, recording.rate_hz, out)?;
    }
    Ok(())
}

/// Finds the cells of `iq` and every block of the strongest: searched for in the first 160 ms, followed from there on, searched for again
/// where it is lost.
///
/// # Errors
/// [`CsiError::Signal`].
pub fn analyse(iq: &[Complex32], rate_hz: f64, config: &SearchConfig) -> Result<Outcome, CsiError> {
    let cells = search(iq, rate_hz, config)?;
    let head = iq.len().min((ACQUIRE_S * rate_hz) as usize);
    let mut reports = Vec::new();
    if let Some(cell) = cells.first() {
        reports = find_blocks(&iq[..head], rate_hz, cell)?;
        follow::blocks(iq, head, rate_hz, config, cell, &mut reports)?;
    }
    let pci = cells.first().map(|c| c.pci);
    let ssb = reports.iter().map(Into::into).collect();
    Ok(Outcome { pci, ssb, csi_rs: Vec::new(), cells, reports, nonfinite: 0, lost: 0 })
}
