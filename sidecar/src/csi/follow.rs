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
    let gaps = reports.windows(2).map(|w| (w[1].sample - w[0].sample) as f64 / (0.005 * rate_hz));
    // what the standard allows (TS 38.331, ssb-PeriodicityServingCell), the nearest to the shortest gap that is not inside a burst
    let least = gaps.filter(|g| *g > 0.5).fold(f64::INFINITY, f64::min);
    [1u32, 2, 4, 8, 16, 32].into_iter().find(|n| f64::from(*n) + 0.5 > least).unwrap_or(4)
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
    let half_frame = anchor.half_frame.unwrap_or(false);
    let at = Timetable { sample: anchor.sample, index: anchor.index, half_frame, sfn: anchor.sfn };
    Ok(CellTracker::new(config, at)?)
}

/// Follows `cell` through `iq` from sample `from` on and adds its blocks to `reports`; searches again where it is lost.
pub(super) fn blocks(
    iq: &[Complex32],
    from: usize,
    rate_hz: f64,
    config: &SearchConfig,
    cell: &Cell,
    reports: &mut Vec<SsbReport>,
) -> Result<(), CsiError> {
    let (mut at, mut cell) = (from, *cell);
    let mut recent: Vec<SsbReport> = reports.clone();
    while at < iq.len() {
        let Some(anchor) = recent.iter().rev().find(|r| r.mib_crc_ok).or_else(|| recent.last()) else { return Ok(()) };
        let mut tracker = tracker(&cell, rate_hz, config, &recent, anchor, Vec::new())?;
        tracker.begin(at as u64);
        let kept = tracker.run(iq, 0, |seen| {
            if let Observation::Ssb(report) = seen {
                reports.push((*report).clone());
            }
        })?;
        if kept {
            return Ok(());
        }
        at = tracker.wanted().start as usize;
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
            let seen = same.is_some();
            at = to;
            if seen {
                reports.extend(recent.iter().cloned());
                break;
            }
        }
    }
    Ok(())
}

/// Follows the CSI-RS of the strongest cell of `outcome` through `iq`.
pub(super) fn csi_rs(
    iq: &[Complex32],
    rate_hz: f64,
    config: &SearchConfig,
    outcome: &Outcome,
    occasions: Vec<Occasion>,
) -> Result<Vec<CsiRsLine>, CsiError> {
    let Some(cell) = outcome.cells.first() else { return Ok(Vec::new()) };
    let Some(anchor) = outcome.reports.iter().find(|r| r.mib_crc_ok) else { return Ok(Vec::new()) };
    let slots = if cell.scs_hz > 20e3 { 20 } else { 10 };
    let symbols: Vec<u8> = occasions.iter().map(|o| o.rs.symbol).collect();
    let mut tracker = tracker(cell, rate_hz, config, &outcome.reports, anchor, occasions)?;
    tracker.begin(0);
    let mut lines = Vec::new();
    let mut profile = DelayProfile::default();
    loop {
        let wanted = tracker.wanted();
        let from = wanted.start as usize;
        let Some(piece) = iq.get(from..from + wanted.len) else { return Ok(lines) };
        let line = match tracker.take(piece)? {
            Observation::CsiRs { occasion, slot, sample, report } => Some((
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
            )),
            Observation::Lost => return Ok(lines),
            _ => None,
        };
        if let Some((occasion, mut line)) = line {
            if let Some((estimate, estimator)) = tracker.last_estimate(occasion) {
                estimator.profile_into(estimate, &mut profile);
                line.rms_delay_ns = profile.rms_s.map(|s| s * 1e9);
            }
            line.cfo_hz = tracker.cfo_hz();
            lines.push(line);
        }
    }
}
