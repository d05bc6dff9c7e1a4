//! Collects the rows of a run by table and writes each.

use super::super::error::RecordError;
use super::super::reader::{LogReader, logs};
use super::super::row::Row;
use super::columns::Column;
use super::{csv_file, parquet_file};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet; units in each column's metadata under `unit`.
    Parquet,
    /// Comma-separated text; units only in the columns' names.
    Csv,
}

/// One file written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// The table.
    pub table: String,
    /// The file.
    pub path: PathBuf,
    /// Its rows.
    pub rows: u64,
    /// Its columns.
    pub columns: usize,
}

/// A table in memory: its rows in order of time, and the columns that hold them all.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
}

/// Writes every table of a run to `<out>/<table>.parquet` (or `.csv`). Columns are the union of the fields in order of first
/// appearance, after `mono_ns` and `process`.
///
/// # Errors
/// [`RecordError::Io`], [`RecordError::DiskFull`], [`RecordError::Columns`]. A log that is not one is passed over with a warning.
pub fn export(run_dir: &Path, out: &Path, format: Format) -> Result<Vec<Exported>, RecordError> {
    std::fs::create_dir_all(out).map_err(|e| RecordError::io("create", out, &e))?;
    let mut written = Vec::new();
    for (name, table) in collect(run_dir)? {
        let path = out.join(match format {
            Format::Parquet => format!("{name}.parquet"),
            Format::Csv => format!("{name}.csv"),
        });
        let part = path.with_extension("part");
        match format {
            Format::Parquet => parquet_file::write(&part, &name, &table)?,
            Format::Csv => csv_file::write(&part, &name, &table)?,
        }
        std::fs::rename(&part, &path).map_err(|e| RecordError::io("rename", &path, &e))?;
        written.push(Exported { table: name, path, rows: table.rows.len() as u64, columns: table.columns.len() });
    }
    Ok(written)
}

fn collect(run_dir: &Path) -> Result<BTreeMap<String, Table>, RecordError> {
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    for (process, path) in logs(run_dir)? {
        let reader = match LogReader::open(&path) {
            Ok(reader) => reader,
            Err(e) => {
                tracing::warn!(error = %e, "passed over");
                continue;
            }
        };
        for mut row in reader.rows() {
            row.fields.insert(0, ("mono_ns".into(), row.mono_ns.into()));
            row.fields.insert(1, ("process".into(), Value::String(process.clone())));
            tables.entry(row.table.clone()).or_default().add(row);
        }
    }
    for table in tables.values_mut() {
        table.rows.sort_by_key(|r| r.mono_ns);
    }
    Ok(tables)
}

impl Table {
    fn add(&mut self, row: Row) {
        for (i, (name, value)) in row.fields.iter().enumerate() {
            // Rows of a table nearly always have the same fields in the same order.
            let at = if self.columns.get(i).is_some_and(|c| &c.name == name) {
                i
            } else {
                self.columns.iter().position(|c| &c.name == name).unwrap_or_else(|| {
                    self.columns.push(Column::new(name));
                    self.columns.len() - 1
                })
            };
            self.columns[at].see(value);
        }
        self.rows.push(row);
    }
}
