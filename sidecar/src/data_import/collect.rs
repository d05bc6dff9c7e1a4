//! Rows on their way into a trace.

use super::{ImportError, Request};
use predict::data::{MAX_CELLS, ResampleError, Resampler, Series, Trace};
use std::collections::BTreeMap;

/// What a file has become.
#[derive(Debug)]
pub(super) struct Collected {
    pub(super) trace: Trace,
    /// Rows, or samples of a recording.
    pub(super) rows_read: u64,
    /// Median and largest of the steps of time within series, seconds; `None` without times.
    pub(super) step_median_s: Option<f64>,
    pub(super) step_max_s: Option<f64>,
    /// Series that began because the one before had a long gap.
    pub(super) gaps: u64,
}

/// Takes rows in the order of the file.
#[derive(Debug)]
pub(super) struct Collector {
    /// Rows as they are: the trace, and which of its series has which name.
    plain: Trace,
    at: BTreeMap<String, usize>,
    cells: u64,
    /// Or on a grid.
    grid: Option<Resampler>,
    /// Latest time of each series, and all steps so far, seconds.
    latest_s: BTreeMap<String, f64>,
    steps_s: Vec<f32>,
    rows: u64,
}

impl Collector {
    pub(super) fn new(request: &Request) -> Result<Self, ImportError> {
        let grid = |period_s| Resampler::new(&request.features, period_s, request.gap_periods);
        Ok(Self {
            plain: Trace { features: request.features.clone(), series: Vec::new(), not_finite: 0 },
            at: BTreeMap::new(),
            cells: 0,
            grid: request.period_s.map(grid).transpose().map_err(ImportError::Grid)?,
            latest_s: BTreeMap::new(),
            steps_s: Vec::new(),
            rows: 0,
        })
    }

    /// Takes a row. `place` says where it stands, for people.
    pub(super) fn push(
        &mut self,
        series: &str,
        time_s: Option<f64>,
        values: &[Option<f32>],
        place: impl Fn() -> String,
    ) -> Result<(), ImportError> {
        self.take(series, time_s, values).map_err(|source| ImportError::Row { place: place(), source })
    }

    fn take(&mut self, series: &str, time_s: Option<f64>, values: &[Option<f32>]) -> Result<(), ResampleError> {
        self.rows += 1;
        if let Some(time_s) = time_s {
            self.step(series, time_s)?;
            if let Some(grid) = &mut self.grid {
                return grid.push(series, time_s, values);
            }
        }
        self.cells += values.len() as u64;
        if self.cells > MAX_CELLS {
            return Err(ResampleError::TooLarge);
        }
        let index = match self.at.get(series) {
            Some(index) => *index,
            None => {
                self.at.insert(series.to_owned(), self.plain.series.len());
                self.plain.series.push(Series { id: series.to_owned(), values: Vec::new() });
                self.plain.series.len() - 1
            }
        };
        for value in values {
            let finite = value.filter(|x| x.is_finite());
            self.plain.not_finite += usize::from(finite.is_none() && value.is_some());
            self.plain.series[index].values.push(finite);
        }
        Ok(())
    }

    /// Looks at the time of a row, also where there is no grid.
    fn step(&mut self, series: &str, time_s: f64) -> Result<(), ResampleError> {
        let Some(latest_s) = self.latest_s.get_mut(series) else {
            self.latest_s.insert(series.to_owned(), time_s);
            return Ok(());
        };
        if time_s < *latest_s {
            return Err(ResampleError::Backwards { series: series.to_owned(), before_s: *latest_s, time_s });
        }
        self.steps_s.push((time_s - *latest_s) as f32);
        *latest_s = time_s;
        Ok(())
    }

    pub(super) fn finish(mut self) -> Collected {
        let middle = self.steps_s.len() / 2;
        let step_median_s = (!self.steps_s.is_empty())
            .then(|| f64::from(*self.steps_s.select_nth_unstable_by(middle, f32::total_cmp).1));
        let step_max_s = self.steps_s.iter().copied().max_by(f32::total_cmp).map(f64::from);
        let (trace, gaps) = match self.grid.map(Resampler::finish) {
            Some(done) => (done.trace, done.gaps),
            None => (self.plain, 0),
        };
        Collected { trace, rows_read: self.rows, step_median_s, step_max_s, gaps }
    }
}
