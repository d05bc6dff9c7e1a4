//! What comes after the acquisition: a found cell is followed, not searched.

use num_complex::Complex32;
use ran_bridge::csi::{
    CellTracker, CellTrackerConfig, CsiRs, CsiRsRow, DelayProfile, Observation, Occasion, Timetable,
};
use ran_bridge::nr::{Cell, SearchConfig, SsbReport, find_blocks, search};

use super::{CsiError, CsiRsLine, Outcome};

/// Samples that are searched, s.
pub(super) const ACQUIRE_S: f64 = 0.16;
/// Blocks without a signal after which a cell is searched again.
const LOST_AFTER: u32 = 8;

/// The CSI-RS of `--csi-rs`.
pub(super) fn occasion(pci: u16, fields: &[u32]) -> Result<Occasion, CsiError> {
    let wrong = || CsiError::CsiRs(fields.iter().map(u32::to_string).collect::<Vec<_>>().join(","));
    let &[row, k0, symbol, period_slots, offset_slots, prbs] = fields else { return Err(wrong()) };
    let row = match row {
        1 => CsiRsRow::One,
        2 => CsiRsRow::Two,
        3 => CsiRsRow::Three,
        4 => CsiRsRow::Four,
        _ => return Err(wrong()),
    };
    let small = |v: u32| u8::try_from(v).map_err(|_| wrong());
    if period_slots == 0 || offset_slots >= period_slots {
        return Err(wrong());
    }
    let prbs = u16::try_from(prbs).map_err(|_| wrong())?;
    let rs = CsiRs { row, ..CsiRs::tracking(pci, small(symbol)?, small(k0)?, prbs) };
    rs.check()?;
    Ok(Occasion { rs, period_slots, offset_slots })
}

/// Half frames between the bursts of blocks as these have come, at least one.
fn half_frames(reports: &[SsbReport], rate_hz: f64) -> u32 {
    // blocks of one burst have different indices, so that the gaps between those of one index are whole periods
    let gaps = (0..8u8).flat_map(|index| {
        let samples: Vec<u64> = reports.iter().filter(|r| r.index == index).map(|r| r.sample).collect();
        samples.windows(2).map(|w| (w[1] - w[0]) as f64 / (0.005 * rate_hz)).collect::<Vec<_>>()
    });
    // what the standard allows (TS 38.331, ssb-PeriodicityServingCell), the nearest to the shortest gap
    let least = gaps.filter(|g| *g > 0.5).fold(f64::INFINITY, f64::min);
    [1u32, 2, 4, 8, 16, 32].into_iter().find(|n| f64::from(*n) + 0.5 > least).unwrap_or(4)
}

/// One block of each place in the period that these take, best one whose MIB was read, else the last.
fn places<'a>(reports: &'a [SsbReport], cell: &Cell, rate_hz: f64) -> Vec<&'a SsbReport> {
    let period = 0.005 * rate_hz * f64::from(half_frames(reports, rate_hz));
    // blocks lie four symbols apart at least
    let near = 2.0 * rate_hz / cell.scs_hz;
    let same = |a: &SsbReport, b: &SsbReport| {
        let apart = a.sample.abs_diff(b.sample) as f64 % period;
        apart.min(period - apart) < near
    };
    let mut out: Vec<&SsbReport> = Vec::new();
    for report in reports.iter().rev() {
        match out.iter_mut().find(|r| same(r, report)) {
            Some(known) if !known.mib_crc_ok && report.mib_crc_ok => *known = report,
            Some(_) => {}
            None => out.push(report),
        }
    }
    out
}

fn tracker(
    cell: &Cell,
    rate_hz: f64,
    search: &SearchConfig,
    reports: &[SsbReport],
    anchor: &SsbReport,
    occasions: Vec<Occasion>,
) -> Result<CellTracker, CsiError> {
    let config = CellTrackerConfig {
        cell: *cell,
        rate_hz,
        center_hz: search.center_hz,
        ssb_half_frames: half_frames(reports, rate_hz),
        occasions,
        mib_every: 1,
        lost_after: LOST_AFTER,
    };
    // where nobody tells the half frame, blocks are followed from whichever; CSI-RS begin with one that was told
    let half_frame = anchor.half_frame.unwrap_or(false);
    let at = Timetable { sample: anchor.sample, index: anchor.index, half_frame, sfn: anchor.sfn };
    Ok(CellTracker::new(config, at)?)
}

/// Takes what these want of `iq`, in order of time; gives the sample at which all have lost their blocks, none at the end.
fn follow(
    trackers: &mut [CellTracker],
    iq: &[Complex32],
    mut see: impl FnMut(&SsbReport),
) -> Result<Option<usize>, CsiError> {
    let mut lost = vec![false; trackers.len()];
    loop {
        let next = trackers.iter_mut().zip(&mut lost).min_by_key(|(t, _)| t.wanted().start);
        let Some((tracker, is_lost)) = next else { return Ok(None) };
        let wanted = tracker.wanted();
        let from = wanted.start as usize;
        let Some(piece) = iq.get(from..from + wanted.len) else { return Ok(None) };
        // a beam that is not heard for a while may come back, as long as another keeps the cell
        match tracker.take(piece)? {
            Observation::Ssb(report) => {
                see(report);
                *is_lost = false;
            }
            Observation::Lost => *is_lost = true,
            _ => {}
        }
        if lost.iter().all(|l| *l) {
            return Ok(Some(from + wanted.len));
        }
    }
}

/// Where the following begins after these blocks of a stretch that ends with `end`: a block that its end cuts is none of them.
fn after(reports: &[SsbReport], end: usize) -> usize {
    reports.iter().map(|r| r.sample as usize + 1).max().unwrap_or(end)
}

/// Follows `cell` through `iq` from sample `from` on, each place of its period in which `reports` has blocks by itself, and adds its blocks in
/// order of time; searches again where all are lost.
pub(super) fn blocks(
    iq: &[Complex32],
    from: usize,
    rate_hz: f64,
    config: &SearchConfig,
    cell: &Cell,
    reports: &mut Vec<SsbReport>,
) -> Result<(), CsiError> {
    let mut cell = *cell;
    let mut recent: Vec<SsbReport> = reports.clone();
    let mut at = after(&recent, from);
    while at < iq.len() {
        let mut trackers = places(&recent, &cell, rate_hz)
            .into_iter()
            .map(|anchor| tracker(&cell, rate_hz, config, &recent, anchor, Vec::new()))
            .collect::<Result<Vec<_>, _>>()?;
        trackers.iter_mut().for_each(|t| t.begin(at as u64));
        match follow(&mut trackers, iq, |report| reports.push(report.clone()))? {
            Some(lost) => at = lost,
            None => return Ok(()),
        }
        // lost: search from here on, as long as there is something left
        loop {
            let to = (at + (ACQUIRE_S * rate_hz) as usize).min(iq.len());
            let Some(piece) = iq.get(at..to).filter(|p| p.len() > (0.002 * rate_hz) as usize) else { return Ok(()) };
            let found = search(piece, rate_hz, config)?;
            let same = found.iter().find(|c| c.pci == cell.pci).or_else(|| found.first());
            if let Some(again) = same {
                recent = find_blocks(piece, rate_hz, again)?;
                recent.iter_mut().for_each(|r| r.sample += at as u64);
                cell = Cell { sample: again.sample + at as u64, ..*again };
            }
            if same.is_some() {
                at = after(&recent, to);
                reports.extend(recent.iter().cloned());
                break;
            }
            at = to;
        }
    }
    Ok(())
}

/// Follows the CSI-RS of the strongest cell of `outcome` through `iq`; where the cell is lost, again from its next block on.
pub(super) fn csi_rs(
    iq: &[Complex32],
    rate_hz: f64,
    config: &SearchConfig,
    outcome: &Outcome,
    occasions: &[Occasion],
) -> Result<Vec<CsiRsLine>, CsiError> {
    let mut lines = Vec::new();
    let Some(cell) = outcome.cells.first() else { return Ok(lines) };
    let mut from = 0;
    loop {
        // its frame and half frame say where CSI-RS are
        let told = |r: &&SsbReport| r.sample >= from && r.mib_crc_ok && r.half_frame.is_some();
        let Some(anchor) = outcome.reports.iter().find(told) else { return Ok(lines) };
        let mut tracker = tracker(cell, rate_hz, config, &outcome.reports, anchor, occasions.to_vec())?;
        tracker.begin(if from == 0 { 0 } else { anchor.sample });
        match csi_rs_lines(&mut tracker, iq, &mut lines)? {
            Some(lost) => from = lost,
            None => return Ok(lines),
        }
    }
}

/// Adds lines until the end of `iq`, or until the cell is lost: then it gives the sample.
fn csi_rs_lines(
    tracker: &mut CellTracker,
    iq: &[Complex32],
    lines: &mut Vec<CsiRsLine>,
) -> Result<Option<u64>, CsiError> {
    let slots = if tracker.config().cell.scs_hz > 20e3 { 20 } else { 10 };
    let symbols: Vec<u8> = tracker.config().occasions.iter().map(|o| o.rs.symbol).collect();
    let mut profile = DelayProfile::default();
    loop {
        let wanted = tracker.wanted();
        let from = wanted.start as usize;
        let Some(piece) = iq.get(from..from + wanted.len) else { return Ok(None) };
        let (occasion, mut line) = match tracker.take(piece)? {
            Observation::CsiRs { occasion, slot, sample, report } => (
                occasion,
                CsiRsLine {
                    sample,
                    sfn: (slot / slots % 1024) as u16,
                    slot: (slot % slots) as u16,
                    symbol: symbols.get(occasion).copied().unwrap_or(0),
                    ports: report.ports.len(),
                    rsrp_dbfs: report.rsrp_dbfs,
                    rsrq_db: report.rsrq_db,
                    sinr_db: report.sinr_db,
                    delay_ns: report.ports.first().map_or(0.0, |p| f64::from(p.delay_s) * 1e9),
                    rms_delay_ns: None,
                    cfo_hz: 0.0,
                },
            ),
            Observation::Lost => return Ok(Some(wanted.start + wanted.len as u64)),
            Observation::Ssb(_) | Observation::Nothing => continue,
        };
        if let Some((estimate, estimator)) = tracker.last_estimate(occasion) {
            estimator.profile_into(estimate, &mut profile);
            line.rms_delay_ns = profile.rms_s.map(|s| s * 1e9);
        }
        line.cfo_hz = tracker.cfo_hz();
        lines.push(line);
    }
}

#[cfg(test)]
mod tests;
