//! Split by time: training first, then validation, then test. No target of one part is a target of another.

use super::{Trace, WindowAt, WindowSpec};
use crate::PredictError;
use serde::{Deserialize, Serialize};

/// A part of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Weights and normalisation are fitted here, and only here.
    Train,
    /// For choices.
    Validation,
    /// For figures.
    Test,
}

/// What "earlier" means where a trace has many series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitMode {
    /// The series follow each other (runs of a campaign): the rows of all, in file order, are one time line.
    Timeline,
    /// The series run side by side (carriers of a network): each is cut at the same fraction of itself.
    Within,
}

/// Where the cuts are.
#[derive(Debug, Clone, PartialEq)]
pub struct Partition {
    /// For each series: rows before the first are training, before the second validation, the rest test.
    cuts: Vec<(usize, usize)>,
}

impl Partition {
    /// Cuts a trace. `train` and `validation` are fractions of the rows; the rest is test.
    ///
    /// # Errors
    /// [`PredictError::Config`] when a fraction is outside 0…1 or both together exceed 1.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "row counts times fractions of 0…1"
    )]
    pub fn new(trace: &Trace, mode: SplitMode, train: f64, validation: f64) -> Result<Self, PredictError> {
        let ok = |f: f64| (0.0..=1.0).contains(&f);
        if !ok(train) || !ok(validation) || !ok(train + validation) {
            return Err(PredictError::Config(format!(
                "train {train} and validation {validation} are not fractions of a whole"
            )));
        }
        let cut = |n: usize, f: f64| (n as f64 * f).round() as usize;
        let total = trace.total_rows();
        let mut before = 0;
        let cuts = (0..trace.series.len())
            .map(|s| {
                let n = trace.rows(s);
                let ends = match mode {
                    SplitMode::Within => (cut(n, train), cut(n, train + validation)),
                    SplitMode::Timeline => {
                        let at = |f| cut(total, f).saturating_sub(before).min(n);
                        (at(train), at(train + validation))
                    }
                };
                before += n;
                ends
            })
            .collect();
        Ok(Self { cuts })
    }

    /// The part a row belongs to.
    #[must_use]
    pub fn part_of(&self, series: usize, row: usize) -> Part {
        match self.cuts.get(series) {
            Some((train, _)) if row < *train => Part::Train,
            Some((_, validation)) if row < *validation => Part::Validation,
            _ => Part::Test,
        }
    }

    /// First row of a part in a series, and the row after its last.
    #[must_use]
    pub fn rows(&self, trace: &Trace, series: usize, part: Part) -> (usize, usize) {
        let Some((train, validation)) = self.cuts.get(series).copied() else { return (0, 0) };
        match part {
            Part::Train => (0, train),
            Part::Validation => (train, validation),
            Part::Test => (validation, trace.rows(series)),
        }
    }

    /// The windows whose targets all lie in `part`. What is observed may reach back into the part before: at the
    /// time of the forecast it is known.
    #[must_use]
    pub fn windows(&self, trace: &Trace, spec: WindowSpec, part: Part) -> Vec<WindowAt> {
        let mut all = super::windows(trace, spec);
        all.retain(|w| {
            let first = w.start + spec.observe;
            let last = first + spec.horizon - 1;
            self.part_of(w.series, first) == part && self.part_of(w.series, last) == part
        });
        all
    }
}
