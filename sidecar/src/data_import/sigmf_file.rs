//! The level of a SigMF recording, period by period.

use super::collect::Collected;
use super::{ImportError, Request};
use indicatif::ProgressBar;
use num_complex::Complex32;
use predict::data::{MAX_CELLS, ResampleError, Series, Trace};
use ran_bridge::iq::{Next, SigmfSource, Source};

/// Samples that are read at once.
const BLOCK: usize = 65_536;

/// What is summed up of one period.
#[derive(Debug, Default)]
struct Sum {
    /// Of |x|², or of |x|.
    level: f64,
    /// Samples that were there and were numbers.
    count: u64,
}

/// Periods of the stretch that is being read.
#[derive(Debug)]
struct Periods {
    amplitude: bool,
    /// Samples of a period; not always a whole number.
    each: f64,
    /// Index of the first sample of the stretch, and number of the period that is being filled.
    first: u64,
    at: u64,
    sum: Sum,
    trace: Trace,
    cells: u64,
}

impl Periods {
    /// Index of the first sample behind the period that is being filled.
    fn end(&self) -> u64 {
        self.first.saturating_add(((self.at + 1) as f64 * self.each).ceil() as u64)
    }

    /// Closes every period that ends at or before this index.
    fn close_until(&mut self, index: u64) -> Result<(), ResampleError> {
        while self.end() <= index {
            let Sum { level, count } = std::mem::take(&mut self.sum);
            let mean = (count > 0).then(|| level / count as f64);
            let level = mean.map(|m| if self.amplitude { m } else { 10.0 * m.log10() });
            let finite = level.filter(|x| x.is_finite());
            self.trace.not_finite += usize::from(finite.is_none() && level.is_some());
            if let Some(series) = self.trace.series.last_mut() {
                series.values.push(finite.map(|x| x as f32));
            }
            self.at += 1;
            self.cells += 1;
            if self.cells > MAX_CELLS {
                return Err(ResampleError::TooLarge);
            }
        }
        Ok(())
    }

    /// Begins a stretch; one in which no period was whole is none.
    fn begin(&mut self, first: u64, name: &str) {
        self.end_stretch();
        (self.first, self.at, self.sum) = (first, 0, Sum::default());
        let id = match self.trace.series.len() {
            0 => name.to_owned(),
            n => format!("{name}#{}", n + 1),
        };
        self.trace.series.push(Series { id, values: Vec::new() });
    }

    fn end_stretch(&mut self) {
        self.trace.series.pop_if(|s| s.values.is_empty());
    }

    /// Adds samples of which the first has this index and `nonfinite` were no numbers: the reader has made zeros of them.
    fn add(&mut self, mut index: u64, mut samples: &[Complex32], mut nonfinite: u64) -> Result<(), ResampleError> {
        while !samples.is_empty() {
            self.close_until(index)?;
            let len = usize::try_from(self.end() - index).unwrap_or(usize::MAX).min(samples.len());
            let (now, later) = samples.split_at(len);
            self.sum.level += now
                .iter()
                .map(|z| f64::from(z.norm_sqr()))
                .map(|p| if self.amplitude { p.sqrt() } else { p })
                .sum::<f64>();
            let zeros = if nonfinite == 0 { 0 } else { now.iter().filter(|z| **z == Complex32::ZERO).count() as u64 };
            let unknown = zeros.min(nonfinite);
            nonfinite -= unknown;
            self.sum.count += len as u64 - unknown;
            index += len as u64;
            samples = later;
        }
        Ok(())
    }
}

pub(super) fn read(request: &Request, bar: &ProgressBar) -> Result<Collected, ImportError> {
    let mut source = SigmfSource::open(&request.file)?;
    let (rate_hz, samples, period_s) = (source.rate_hz(), source.samples(), request.period_s.unwrap_or_default());
    let each = period_s * rate_hz;
    if each < 1.0 {
        return Err(ImportError::BelowSample { period_s, rate_hz });
    }
    bar.set_length(samples);
    let feature = if request.amplitude { "amplitude" } else { "power_dbfs" };
    let mut periods = Periods {
        amplitude: request.amplitude,
        each,
        first: 0,
        at: 0,
        sum: Sum::default(),
        trace: Trace { features: vec![feature.to_owned()], series: Vec::new(), not_finite: 0 },
        cells: 0,
    };
    let (name, gap) = (request.name(), f64::from(request.gap_periods) * each);
    let mut block = vec![Complex32::ZERO; BLOCK];
    let (mut next, mut most_lost, mut nonfinite) = (None, 0, 0);
    let over = |source| ImportError::Row { place: request.file.display().to_string(), source };
    loop {
        // as far as the period goes, so that what is no number is in this one
        let until = next.map_or(1, |n| periods.end().saturating_sub(n).max(1));
        let len = usize::try_from(until).unwrap_or(BLOCK).min(BLOCK);
        let got = match source.next_block(&mut block[..len])? {
            Next::Samples(got) => got,
            Next::Nothing => continue,
            Next::End => break,
        };
        let lost = next.map_or(0, |next| got.first - next);
        if next.is_none() || lost as f64 > gap {
            next.map_or(Ok(()), |next| periods.close_until(next)).map_err(over)?;
            periods.begin(got.first, &name);
        }
        most_lost = most_lost.max(lost);
        nonfinite += got.nonfinite;
        periods.add(got.first, &block[..got.len], got.nonfinite).map_err(over)?;
        next = Some(got.first + got.len as u64);
        bar.inc(got.len as u64);
    }
    next.map_or(Ok(()), |next| periods.close_until(next)).map_err(over)?;
    periods.end_stretch();
    let mut trace = periods.trace;
    if trace.series.is_empty() {
        return Err(ImportError::TooShort { path: request.file.clone(), samples, need: each });
    }
    trace.not_finite += usize::try_from(nonfinite).unwrap_or(usize::MAX);
    let gaps = trace.series.len() as u64 - 1;
    let step_s = Some(1.0 / rate_hz);
    Ok(Collected {
        trace,
        rows_read: samples,
        step_median_s: step_s,
        step_max_s: step_s.map(|s| s * (most_lost as f64 + 1.0)),
        gaps,
    })
}
