//! What must not stand in the fast loop's way: the search, and the decoding of MIBs.

use super::config::RanConfig;
use super::plan;
use super::rows::{MibRow, Row};
use super::shared::{Found, MibJob, SearchJob};
use num_complex::Complex32;
use ran_bridge::nr::{SsbReport, SsbTracker, TrackerConfig, search};
use std::collections::HashMap;
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};

/// What MIBs of one receiver said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MibCounts {
    /// Decoded with a good checksum.
    pub ok: u64,
    /// Checksum failed.
    pub bad: u64,
    /// System frame number of the last good one.
    pub sfn: Option<u16>,
}

/// MIB counts by receiver.
pub type MibBook = Arc<Mutex<HashMap<u32, MibCounts>>>;

/// Searches captures until the other end is gone.
pub fn search_all(config: &RanConfig, jobs: &Receiver<SearchJob>, found: &SyncSender<Option<Found>>) {
    let search_config = plan::search_config(config);
    while let Ok(job) = jobs.recv() {
        let result = look(config, &search_config, &job);
        if found.send(result).is_err() {
            break;
        }
    }
}

fn look(config: &RanConfig, search_config: &ran_bridge::nr::SearchConfig, job: &SearchJob) -> Option<Found> {
    let cells = search(&job.iq, config.rate_hz, search_config)
        .inspect_err(|error| tracing::warn!(%error, "the search failed"))
        .ok()?;
    let cell = plan::choose(&cells, config.cell.pci)?;
    let mut tracker = SsbTracker::new(TrackerConfig::of(&cell, config.rate_hz)).ok()?;
    let mut report = SsbReport::default();
    let period = (config.cell.ssb_period_s * config.rate_hz).round() as usize;
    let first = usize::try_from(cell.sample).ok()?;
    // The half frame is in the MIB where the reference signal does not tell it: any block of which it is read will do, none is no place.
    for at in (first..job.iq.len()).step_by(period.max(1)) {
        if tracker.process_into(at as u64, &job.iq[at..], &mut report).is_err() || !report.is_block() {
            continue;
        }
        tracker.decode_mib(&mut report);
        if let Some(half) = report.half_frame {
            return Some(Found { cell, sample: job.start + at as u64, index: report.index, half });
        }
    }
    tracing::info!(pci = cell.pci, "a cell was found, but not which half frame its block lies in");
    None
}

/// Decodes MIBs until the other end is gone; buffers go back.
pub fn decode_all(
    rate_hz: f64,
    jobs: &Receiver<MibJob>,
    buffers: &SyncSender<Vec<Complex32>>,
    book: &MibBook,
    rows: &SyncSender<Row>,
) {
    let mut trackers: HashMap<u32, SsbTracker> = HashMap::new();
    let mut report = SsbReport::default();
    while let Ok(job) = jobs.recv() {
        let wanted = TrackerConfig::of(&job.cell, rate_hz);
        // a cell that was found again may lie elsewhere, with the PCI it had
        if trackers.get(&job.stream).is_none_or(|t| *t.config() != wanted) {
            trackers.remove(&job.stream);
            match SsbTracker::new(wanted) {
                Ok(tracker) => {
                    trackers.insert(job.stream, tracker);
                }
                Err(error) => tracing::warn!(%error, "no tracker for MIBs"),
            }
        }
        let Some(tracker) = trackers.get_mut(&job.stream) else { continue };
        let payload =
            tracker.process_into(job.start, &job.iq, &mut report).ok().and_then(|()| tracker.decode_mib(&mut report));
        let sfn = payload.map(|p| p.sfn);
        {
            let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
            let counts = book.entry(job.stream).or_default();
            match sfn {
                Some(_) => {
                    counts.ok += 1;
                    counts.sfn = sfn;
                }
                None => counts.bad += 1,
            }
        }
        let mono_ns = crate::clock::mono_ns();
        // a full queue of rows or buffers loses a row or a buffer, nothing else
        let _full = rows.try_send(Row::Mib(MibRow {
            mono_ns,
            stream: job.stream,
            sample: job.start,
            mib_crc_ok: sfn.is_some(),
            sfn,
        }));
        let _full = buffers.try_send(job.iq);
    }
}

#[cfg(test)]
mod tests;
