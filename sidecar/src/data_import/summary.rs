//! What is said of an import.

use super::collect::Collected;
use super::{Kind, Request};
use serde::Serialize;
use std::path::PathBuf;

/// What was read, and what was written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The trace.
    pub out: PathBuf,
    /// What the file is.
    pub kind: Kind,
    /// Column of the trace that names the series; `None` where there is but one and no column was named.
    pub series_column: Option<String>,
    /// Columns of numbers; the first is the one to predict.
    pub features: Vec<String>,
    /// Rows of the file, or samples of the recording.
    pub rows_read: u64,
    /// Rows of the trace.
    pub rows: u64,
    /// Its series.
    pub series: u64,
    /// Median of the steps of time within series of the file, seconds; `None` without times.
    pub step_median_s: Option<f64>,
    /// The largest of them.
    pub step_max_s: Option<f64>,
    /// Period of the trace, seconds; `None` where rows were taken as they are.
    pub period_s: Option<f64>,
    /// Series that began because of a long gap.
    pub gaps: u64,
    /// Cells of the trace that are not observed.
    pub cells_not_observed: u64,
    /// What was NaN or infinite in the file, or a silence that has no level in dB.
    pub not_finite: u64,
    /// Rows of the trace without an observed cell.
    pub rows_empty: u64,
}

impl Summary {
    pub(super) fn of(request: &Request, kind: Kind, series_column: Option<String>, read: &Collected) -> Self {
        let trace = &read.trace;
        Self {
            out: request.out.clone(),
            kind,
            series_column,
            features: trace.features.clone(),
            rows_read: read.rows_read,
            rows: trace.total_rows() as u64,
            series: trace.series.len() as u64,
            step_median_s: read.step_median_s,
            step_max_s: read.step_max_s,
            period_s: request.period_s,
            gaps: read.gaps,
            cells_not_observed: trace.not_observed() as u64,
            not_finite: trace.not_finite as u64,
            rows_empty: trace.empty_rows() as u64,
        }
    }

    /// Name and value, line by line.
    #[must_use]
    pub fn lines(&self) -> Vec<Vec<String>> {
        let seconds = |s: Option<f64>| s.map_or_else(|| "no times".to_owned(), |s| format!("{} s", s as f32));
        let what = if self.kind == Kind::Sigmf { "samples read" } else { "rows read" };
        let lines = [
            ("trace", self.out.display().to_string()),
            ("series column", self.series_column.clone().unwrap_or_else(|| "none: one series".to_owned())),
            ("features", self.features.join(", ")),
            (what, self.rows_read.to_string()),
            ("rows", self.rows.to_string()),
            ("series", format!("{}, {} of them after a long gap", self.series, self.gaps)),
            ("period", self.period_s.map_or_else(|| "rows as they are".to_owned(), |p| format!("{p} s"))),
            ("median step", seconds(self.step_median_s)),
            ("largest step", seconds(self.step_max_s)),
            ("cells not observed", self.cells_not_observed.to_string()),
            ("not finite", self.not_finite.to_string()),
            ("rows empty", self.rows_empty.to_string()),
        ];
        lines.map(|(name, value)| vec![name.to_owned(), value]).to_vec()
    }
}
