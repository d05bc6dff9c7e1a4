//! The test part of a trace as a stream of samples, to be fed as fast as one likes.

use super::DataSet;
use predict::data::Part;

/// One sample to feed.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayRow {
    /// Whether a new series begins here.
    pub begins: bool,
    /// One value a feature; `None` = not observed.
    pub values: Vec<Option<f32>>,
}

/// The rows of the test part. Each series is led by the `observe` rows before it, so that the first forecast has all its
/// targets in the test part: no forecast is scored on rows that were trained on.
#[must_use]
pub fn replay(data: &DataSet) -> Vec<ReplayRow> {
    let mut out = Vec::new();
    for series in 0..data.trace.series.len() {
        let (from, to) = data.partition.rows(&data.trace, series, Part::Test);
        if from >= to {
            continue;
        }
        let lead = from.saturating_sub(data.spec.observe);
        out.extend(
            (lead..to).map(|row| ReplayRow { begins: row == lead, values: data.trace.row(series, row).to_vec() }),
        );
    }
    out
}
