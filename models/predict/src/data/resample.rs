//! Series whose samples come at any time, put on a grid of one period.
//!
//! Each series has a grid of its own that begins at its first sample, `t₀`. Bin `k` holds the samples of
//! `t₀ + (k − ½)·period ≤ t < t₀ + (k + ½)·period` and its value is their mean: a series that has this period already
//! stays as it is, also where its times jitter by less than half a period. A bin without a sample is not observed; nothing
//! is interpolated. After a long gap a new series begins, so that no window reaches across it.

use super::{Series, Trace};
use std::collections::{BTreeMap, BTreeSet};

/// Most cells, rows times features, that a trace made here may have: 0.8 GB of memory.
pub const MAX_CELLS: u64 = 100_000_000;

/// A gap of more periods than this begins a new series, where nothing else is said: ten windows of SANet's Table 2.
pub const GAP_PERIODS: u32 = 200;

/// Why samples cannot be put on a grid.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ResampleError {
    /// No period that a grid can have.
    #[error("a period of {0} s: it must be finite and above 0")]
    Period(f64),
    /// A gap of no period would part every sample from the next.
    #[error("a gap of 0 periods begins no series: give 1 or more")]
    Gap,
    /// A time that is no number.
    #[error("series `{series}`: the time of a row is not finite")]
    Time {
        /// Of which series.
        series: String,
    },
    /// A sample before the one before it.
    #[error(
        "series `{series}`: time goes back from {before_s} s to {time_s} s; sort the rows, or name the column that tells series apart"
    )]
    Backwards {
        /// Of which series.
        series: String,
        /// The time before, seconds.
        before_s: f64,
        /// The time that is too early, seconds.
        time_s: f64,
    },
    /// As many values as features are needed.
    #[error("{have} values for {need} features")]
    Width {
        /// Values given.
        have: usize,
        /// Features.
        need: usize,
    },
    /// More rows than anybody wants to hold.
    #[error("more than {MAX_CELLS} cells: take a longer period, fewer features, or a part of the file")]
    TooLarge,
}

/// A trace on a grid, and what became of its samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Resampled {
    /// Rows at one period.
    pub trace: Trace,
    /// Series that began because the one before had a long gap.
    pub gaps: u64,
}

/// A stretch of a series without a long gap.
#[derive(Debug)]
struct Stretch {
    name: String,
    first_s: f64,
    last_s: f64,
    /// The bin that is being filled, and sum and number of what is in it, by feature.
    bin: u64,
    filling: Vec<(f64, u64)>,
    values: Vec<Option<f32>>,
}

impl Stretch {
    fn new(name: &str, time_s: f64, width: usize) -> Self {
        let filling = vec![(0.0, 0); width];
        Self { name: name.to_owned(), first_s: time_s, last_s: time_s, bin: 0, filling, values: Vec::new() }
    }

    /// Closes the bin that is being filled.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "a mean of f32 fits f32; counts stay below 2^52"
    )]
    fn close(&mut self) {
        self.values.extend(self.filling.iter().map(|(sum, n)| (*n > 0).then(|| (sum / *n as f64) as f32)));
        self.filling.fill((0.0, 0));
    }
}

/// Takes samples one by one; series may come in turns.
#[derive(Debug)]
pub struct Resampler {
    features: Vec<String>,
    period_s: f64,
    gap_s: f64,
    stretches: Vec<Stretch>,
    /// The stretch that each series is in.
    at: BTreeMap<String, usize>,
    cells: u64,
    not_finite: usize,
}

impl Resampler {
    /// A grid of `period_s` seconds; more than `gap_periods` of them without a sample begin a new series.
    ///
    /// # Errors
    /// [`ResampleError::Period`] where the period is not finite and positive, [`ResampleError::Gap`] for a gap of 0.
    pub fn new(features: &[String], period_s: f64, gap_periods: u32) -> Result<Self, ResampleError> {
        if !period_s.is_finite() || period_s <= 0.0 {
            return Err(ResampleError::Period(period_s));
        }
        if gap_periods == 0 {
            return Err(ResampleError::Gap);
        }
        Ok(Self {
            features: features.to_vec(),
            period_s,
            gap_s: f64::from(gap_periods) * period_s,
            stretches: Vec::new(),
            at: BTreeMap::new(),
            cells: 0,
            not_finite: 0,
        })
    }

    /// Takes a sample. What is not finite is counted and taken as not observed.
    ///
    /// # Shapes
    /// `values`: as many as features. Times of one series ascend; equal ones are as good.
    ///
    /// # Errors
    /// [`ResampleError`] other than of [`Resampler::new`]; the sample is not taken then.
    pub fn push(&mut self, series: &str, time_s: f64, values: &[Option<f32>]) -> Result<(), ResampleError> {
        let width = self.features.len();
        if values.len() != width {
            return Err(ResampleError::Width { have: values.len(), need: width });
        }
        if !time_s.is_finite() {
            return Err(ResampleError::Time { series: series.to_owned() });
        }
        let known = self.at.get(series).copied();
        let before_s = known.map(|i| self.stretches[i].last_s);
        if let Some(before_s) = before_s.filter(|b| time_s < *b) {
            return Err(ResampleError::Backwards { series: series.to_owned(), before_s, time_s });
        }
        let index = match known.filter(|i| time_s - self.stretches[*i].last_s <= self.gap_s) {
            Some(index) => index,
            None => {
                self.grow(1)?;
                self.stretches.push(Stretch::new(series, time_s, width));
                self.at.insert(series.to_owned(), self.stretches.len() - 1);
                self.stretches.len() - 1
            }
        };
        let stretch = &self.stretches[index];
        // a share of a period that rounding takes or gives is no reason for another bin
        let bin = ((time_s - stretch.first_s) / self.period_s + 0.5 + 1e-9).floor();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative; the cast saturates")]
        let bin = bin as u64;
        self.grow(bin - stretch.bin)?;
        let stretch = &mut self.stretches[index];
        while stretch.bin < bin {
            stretch.close();
            stretch.bin += 1;
        }
        stretch.last_s = time_s;
        for (value, (sum, n)) in values.iter().zip(&mut stretch.filling) {
            match value {
                Some(x) if x.is_finite() => {
                    *sum += f64::from(*x);
                    *n += 1;
                }
                Some(_) => self.not_finite += 1,
                None => {}
            }
        }
        Ok(())
    }

    /// Counts rows that are about to be.
    fn grow(&mut self, rows: u64) -> Result<(), ResampleError> {
        let cells = rows.checked_mul(self.features.len() as u64).and_then(|c| c.checked_add(self.cells));
        self.cells = cells.filter(|c| *c <= MAX_CELLS).ok_or(ResampleError::TooLarge)?;
        Ok(())
    }

    /// The trace: series in the order of their first samples. What follows a long gap in series `x` is `x#2`, then `x#3`
    /// and so on, numbers that are names already left out.
    #[must_use]
    pub fn finish(self) -> Resampled {
        let mut names: BTreeSet<String> = self.at.into_keys().collect();
        let gaps = (self.stretches.len() - names.len()) as u64;
        let mut latest: BTreeMap<String, u64> = BTreeMap::new();
        let mut series = Vec::with_capacity(self.stretches.len());
        for mut stretch in self.stretches {
            stretch.close();
            let number = latest.entry(stretch.name.clone()).or_insert(0);
            *number += 1;
            let mut id = stretch.name.clone();
            while *number > 1 {
                id = format!("{}#{number}", stretch.name);
                if names.insert(id.clone()) {
                    break;
                }
                *number += 1;
            }
            series.push(Series { id, values: stretch.values });
        }
        let trace = Trace { features: self.features, series, not_finite: self.not_finite };
        Resampled { trace, gaps }
    }
}
