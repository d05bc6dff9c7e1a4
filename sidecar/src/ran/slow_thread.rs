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
    let at = usize::try_from(cell.sample).ok()?;
    let mut tracker = SsbTracker::new(TrackerConfig::of(&cell, config.rate_hz)).ok()?;
    let mut report = tracker.process(cell.sample, job.iq.get(at..)?).ok()?;
    // the half frame is in the MIB where the reference signal does not tell it
    let payload = tracker.decode_mib(&mut report);
    let half = payload.map(|p| p.half_frame).or(report.half_frame).unwrap_or(false);
    Some(Found { cell, sample: job.start + cell.sample, index: report.index, half })
}

/// Decodes MIBs until the other end is gone; buffers go back.
pub fn decode_all(
    rate_hz: f64,
    jobs: &Receiver<MibJob>,
    buffers: &SyncSender<Vec<Complex32>>,
    book: &MibBook,
    rows: &SyncSender<Row>,
) {
    let mut trackers: HashMap<(u32, u16), SsbTracker> = HashMap::new();
    let mut report = SsbReport::default();
    while let Ok(job) = jobs.recv() {
        let key = (job.stream, job.cell.pci);
        if !trackers.contains_key(&key) {
            trackers.retain(|(stream, _), _| *stream != job.stream);
            match SsbTracker::new(TrackerConfig::of(&job.cell, rate_hz)) {
                Ok(tracker) => {
                    trackers.insert(key, tracker);
                }
                Err(error) => tracing::warn!(%error, "no tracker for MIBs"),
            }
        }
        let Some(tracker) = trackers.get_mut(&key) else { continue };
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
