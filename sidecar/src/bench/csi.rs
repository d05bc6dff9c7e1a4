//! `sidecar bench csi`: the study of `sidecar csi --study` on the excerpt of a real downlink, as rows.

use super::list::{BenchContext, BenchError};
use super::row::{Bar, Row};
use crate::csi::{StudyConfig, StudyRow, study};

/// The excerpt, where the sources are.
const EXCERPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../hil-tests/fixtures/iq/");

/// The excerpt of a real gNB's downlink.
pub(super) fn excerpt() -> Result<ran_bridge::iq::Recording, BenchError> {
    let file = std::fs::read_dir(EXCERPT)
        .map_err(|e| BenchError::Failed(format!("the recording is not at {EXCERPT}: {e}")))?
        .filter_map(Result::ok)
        .map(|e| e.path())
        .find(|p| p.extension().is_some_and(|x| x == "sigmf-meta"))
        .ok_or_else(|| BenchError::Failed(format!("no recording at {EXCERPT}")))?;
    ran_bridge::iq::read(&file).map_err(|e| BenchError::Failed(e.to_string()))
}

pub(super) fn run(context: &BenchContext, row: &mut dyn FnMut(Row)) -> Result<(), BenchError> {
    let fail = |e: &dyn std::fmt::Display| BenchError::Failed(e.to_string());
    let recording = excerpt()?;
    let mut config = StudyConfig { seeds: if context.quick { 1 } else { 5 }, ..StudyConfig::default() };
    config.search.center_hz = recording.frequency_hz;
    let result = study(&recording.samples, recording.rate_hz, &config).map_err(|e| fail(&e))?;
    result.rows.iter().map(figure).for_each(row);
    Ok(())
}

/// A figure of the study; shares and counts of successes are to be reached, all else is to be kept under.
fn figure(from: &StudyRow) -> Row {
    let row = Row::new(&from.case, &from.metric, from.value.unwrap_or(f64::NAN), &from.unit);
    let at_least = from.unit == "share";
    match from.bar {
        Some(bar) if at_least => row.bar(Bar::AtLeast(bar)),
        Some(bar) => row.bar(Bar::AtMost(bar)),
        None => row,
    }
}
