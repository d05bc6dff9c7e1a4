//! What is asked for.

use super::collect::Collected;
use super::{ImportError, Summary, csv_file, parquet_file, sigmf_file, write};
use indicatif::ProgressBar;
use predict::data::ResampleError;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Text with a header.
    Csv,
    /// Told by its ending or its first four bytes.
    Parquet,
    /// Told by its ending: `.sigmf-meta` or `.sigmf-data`.
    Sigmf,
}

/// In what a column of times counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum TimeUnit {
    /// Seconds.
    S,
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
    /// Nanoseconds.
    Ns,
}

impl TimeUnit {
    /// How many of it make a second.
    #[must_use]
    pub const fn per_s(self) -> f64 {
        match self {
            Self::S => 1.0,
            Self::Ms => 1e3,
            Self::Us => 1e6,
            Self::Ns => 1e9,
        }
    }
}

/// An import.
#[derive(Debug, Clone)]
pub struct Request {
    /// The file to read.
    pub file: PathBuf,
    /// The trace to write.
    pub out: PathBuf,
    /// Replaces a trace that is there.
    pub force: bool,
    /// Column that names the series a row belongs to.
    pub series: Option<String>,
    /// Columns to keep; the first is the one to predict.
    pub features: Vec<String>,
    /// Column of times.
    pub time: Option<String>,
    /// What it counts in; Parquet timestamps know by themselves.
    pub time_unit: TimeUnit,
    /// Period of the grid, seconds; without one rows are taken as they are.
    pub period_s: Option<f64>,
    /// A gap of more periods than this begins a new series.
    pub gap_periods: u32,
    /// Of a recording: mean magnitude in place of mean power in dBFS.
    pub amplitude: bool,
    /// Between the cells of a CSV.
    pub delimiter: u8,
}

impl Request {
    /// Reads the file and writes the trace, all of it or nothing. `bar` is moved along.
    ///
    /// # Errors
    /// [`ImportError`]; then there is no trace, or the one that was there before.
    pub fn make(&self, bar: &ProgressBar) -> Result<Summary, ImportError> {
        let kind = self.kind()?;
        self.check(kind)?;
        write::is_free(&self.out, self.force)?;
        let read = match kind {
            Kind::Csv => csv_file::read(self, bar),
            Kind::Parquet => parquet_file::read(self, bar),
            Kind::Sigmf => sigmf_file::read(self, bar),
        };
        bar.finish_and_clear();
        let read: Collected = read?;
        if read.trace.total_rows() == 0 {
            return Err(ImportError::NoRow(self.file.clone()));
        }
        let series_column = write::series_column(self.series.as_deref(), &read.trace);
        write::trace(&self.out, self.force, series_column.as_deref(), &read.trace)?;
        Ok(Summary::of(self, kind, series_column, &read))
    }

    /// What a series is called that no column names: as its file.
    pub(super) fn name(&self) -> String {
        self.file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    fn kind(&self) -> Result<Kind, ImportError> {
        let ends =
            |with: &[&str]| self.file.extension().is_some_and(|e| with.iter().any(|w| e.eq_ignore_ascii_case(w)));
        if ends(&["sigmf-meta", "sigmf-data"]) {
            return Ok(Kind::Sigmf);
        }
        let mut magic = Vec::new();
        let read = File::open(&self.file).and_then(|f| f.take(4).read_to_end(&mut magic));
        read.map_err(|e| ImportError::file(&self.file, e))?;
        Ok(if magic == b"PAR1" || ends(&["parquet", "pq"]) { Kind::Parquet } else { Kind::Csv })
    }

    fn check(&self, kind: Kind) -> Result<(), ImportError> {
        let wrong = |text: &str| Err(ImportError::Options(text.to_owned()));
        if self.period_s.is_some_and(|p| !p.is_finite() || p <= 0.0) {
            return Err(ImportError::Grid(ResampleError::Period(self.period_s.unwrap_or_default())));
        }
        if self.gap_periods == 0 {
            return Err(ImportError::Grid(ResampleError::Gap));
        }
        if is_same(&self.file, &self.out) {
            return wrong("the trace would replace the file that it is made from");
        }
        if kind == Kind::Sigmf {
            return if self.period_s.is_none() {
                wrong("a recording becomes a series of periods: --period SECONDS says how long one is")
            } else if self.series.is_some() || self.time.is_some() || !self.features.is_empty() {
                wrong("a recording has no columns: --series, --time and --features are for CSV and Parquet")
            } else {
                Ok(())
            };
        }
        let mut names: Vec<&String> = self.features.iter().chain(&self.series).collect();
        names.sort_unstable();
        if self.features.is_empty() {
            wrong("--features names the columns to keep, the one to predict first")
        } else if names.windows(2).any(|pair| pair[0] == pair[1]) {
            wrong("a column is named twice in --features and --series")
        } else if self.period_s.is_some() && self.time.is_none() {
            wrong("--period needs the column of times: --time COLUMN")
        } else if self.amplitude {
            wrong("--amplitude is for recordings of samples")
        } else {
            Ok(())
        }
    }
}

fn is_same(a: &Path, b: &Path) -> bool {
    a.canonicalize().ok().zip(b.canonicalize().ok()).is_some_and(|(a, b)| a == b)
}
