//! Recorded series in CSV: named columns over time, in runs, each with its own period.

use serde::Serialize;
use std::path::{Path, PathBuf};

/// Longest trace that is read, rows.
const MAX_ROWS: usize = 10_000_000;

/// Why a trace cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The file cannot be read.
    #[error("trace {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: csv::Error,
    },
    /// A column that is not there.
    #[error("trace {path} has no column '{column}'; it has {have}")]
    Column {
        /// The file.
        path: PathBuf,
        /// Asked column.
        column: String,
        /// Its columns.
        have: String,
    },
    /// No row.
    #[error("trace {path} has no row")]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

/// What to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceConfig {
    /// CSV with a header line.
    pub path: PathBuf,
    /// Columns that become the series, in this order.
    pub columns: Vec<String>,
    /// Column with the time in s; `None` where the file has none.
    pub time: Option<String>,
    /// Column that names the run; `None` = one run.
    pub run: Option<String>,
}

/// A row. `None` = not observed: an empty cell, or one that is no finite number.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TraceRow {
    /// Counts the runs from 0.
    pub run: u32,
    /// Time, s.
    pub t_s: Option<f64>,
    /// One value a column.
    pub values: Vec<Option<f32>>,
}

/// A trace in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Names of the series.
    pub columns: Vec<String>,
    /// Rows in their order.
    pub rows: Vec<TraceRow>,
    /// Median spacing within runs, s; `None` without times.
    pub period_s: Option<f64>,
    /// Cells that hold something that is no finite number.
    pub bad_cells: u64,
    /// Lines with another number of cells than the header.
    pub bad_lines: u64,
}

impl Trace {
    /// Reads a file.
    ///
    /// # Errors
    /// [`TraceError`].
    pub fn read(config: &TraceConfig) -> Result<Self, TraceError> {
        let reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_path(&config.path);
        let mut reader = reader.map_err(|source| TraceError::Read { path: config.path.clone(), source })?;
        Self::from_reader(config, &mut reader)
    }

    fn from_reader<R: std::io::Read>(config: &TraceConfig, reader: &mut csv::Reader<R>) -> Result<Self, TraceError> {
        let path = &config.path;
        let read = |source| TraceError::Read { path: path.clone(), source };
        let header = reader.headers().map_err(read)?.clone();
        let find = |column: &str| find_column(path, &header, column);
        let columns = config.columns.iter().map(|c| find(c)).collect::<Result<Vec<_>, _>>()?;
        let time = config.time.as_deref().map(find).transpose()?;
        let run = config.run.as_deref().map(find).transpose()?;
        let mut out =
            Self { columns: config.columns.clone(), rows: Vec::new(), period_s: None, bad_cells: 0, bad_lines: 0 };
        let (mut run_name, mut run_number) = (None::<String>, 0_u32);
        for record in reader.records() {
            let record = record.map_err(read)?;
            if record.len() != header.len() {
                out.bad_lines += 1;
                continue;
            }
            if let Some(name) = run.and_then(|i| record.get(i)) {
                run_number += u32::from(run_name.as_deref().is_some_and(|last| last != name));
                if run_name.as_deref() != Some(name) {
                    run_name = Some(name.to_owned());
                }
            }
            let mut cell = |i: usize| cell(record.get(i).unwrap_or_default(), &mut out.bad_cells);
            let t_s = time.and_then(&mut cell);
            let values = columns.iter().map(|i| cell(*i).map(|x| x as f32)).collect();
            out.rows.push(TraceRow { run: run_number, t_s, values });
            if out.rows.len() >= MAX_ROWS {
                break;
            }
        }
        if out.rows.is_empty() {
            return Err(TraceError::Empty { path: path.clone() });
        }
        out.period_s = period(&out.rows);
        Ok(out)
    }
}

fn find_column(path: &Path, header: &csv::StringRecord, column: &str) -> Result<usize, TraceError> {
    header.iter().position(|h| h == column).ok_or_else(|| TraceError::Column {
        path: path.to_owned(),
        column: column.to_owned(),
        have: header.iter().collect::<Vec<_>>().join(", "),
    })
}

fn cell(text: &str, bad: &mut u64) -> Option<f64> {
    if text.is_empty() {
        return None;
    }
    let value = text.parse::<f64>().ok().filter(|x| x.is_finite() && x.abs() <= f64::from(f32::MAX));
    *bad += u64::from(value.is_none());
    value
}

fn period(rows: &[TraceRow]) -> Option<f64> {
    let mut spacings: Vec<f64> = rows
        .windows(2)
        .filter(|w| w[0].run == w[1].run)
        .filter_map(|w| Some(w[1].t_s? - w[0].t_s?))
        .filter(|d| *d > 0.0)
        .collect();
    spacings.sort_unstable_by(f64::total_cmp);
    spacings.get(spacings.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, columns: &[&str]) -> Result<Trace, TraceError> {
        let config = TraceConfig {
            path: "trace.csv".into(),
            columns: columns.iter().map(|c| (*c).to_owned()).collect(),
            time: Some("t_s".into()),
            run: Some("run".into()),
        };
        let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
        Trace::from_reader(&config, &mut reader)
    }

    #[test]
    fn runs_holes_and_period() {
        let text = "run,t_s,a,b\nx,0,1,\nx,1.28,2,nan\nx,2.56,3,7\ny,100,4,8\ny,101.28,oops,9\nshort,1\n";
        let t = read(text, &["b", "a"]).unwrap();
        let values: Vec<_> = t.rows.iter().map(|r| (r.run, r.values.clone())).collect();
        assert_eq!(values[0], (0, vec![None, Some(1.0)]));
        assert_eq!(values[1], (0, vec![None, Some(2.0)]));
        assert_eq!(values[3], (1, vec![Some(8.0), Some(4.0)]));
        assert_eq!((t.bad_cells, t.bad_lines, t.rows.len()), (2, 1, 5));
        assert!((t.period_s.unwrap() - 1.28).abs() < 1e-9);
    }

    #[test]
    fn a_column_that_is_not_there_names_those_that_are() {
        let e = read("run,t_s,a\nx,0,1\n", &["c"]).unwrap_err();
        assert!(e.to_string().contains("run, t_s, a"), "{e}");
        assert!(matches!(read("run,t_s,a\n", &["a"]), Err(TraceError::Empty { .. })));
    }
}
