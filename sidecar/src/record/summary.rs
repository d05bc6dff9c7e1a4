//! What is in a run: tables, rows, damage, losses.

use super::error::RecordError;
use super::reader::{Finding, LogReader, logs};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// A table over all logs of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TableSummary {
    /// Rows.
    pub rows: u64,
    /// Time of the first row, host-monotonic ns.
    pub first_mono_ns: u64,
    /// Time of the last row, host-monotonic ns.
    pub last_mono_ns: u64,
    /// Processes that wrote it.
    pub processes: Vec<String>,
}

/// One log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogSummary {
    /// File name.
    pub file: String,
    /// Rows in it.
    pub rows: u64,
    /// Rows that its writer says it lost.
    pub lost: u64,
    /// Damaged places, as (offset, bytes).
    pub corrupt: Vec<(u64, u64)>,
    /// Bytes of an incomplete last row.
    pub torn_bytes: u64,
    /// Why it cannot be read at all.
    pub error: Option<String>,
}

/// What is in a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RunSummary {
    /// By name.
    pub tables: BTreeMap<String, TableSummary>,
    /// In order of file name.
    pub logs: Vec<LogSummary>,
}

/// Reads every log of a run folder.
///
/// # Errors
/// [`RecordError::Io`] when the folder cannot be listed; a log that cannot be read is in the summary.
pub fn summarise(run_dir: &Path) -> Result<RunSummary, RecordError> {
    let mut run = RunSummary::default();
    for (process, path) in logs(run_dir)? {
        let file = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let mut log = LogSummary { file, rows: 0, lost: 0, corrupt: Vec::new(), torn_bytes: 0, error: None };
        match LogReader::open(&path) {
            Err(e) => log.error = Some(e.to_string()),
            Ok(reader) => {
                for finding in reader {
                    match finding {
                        Finding::Torn { bytes, .. } => log.torn_bytes = bytes,
                        Finding::Corrupt { offset, bytes } => log.corrupt.push((offset, bytes)),
                        Finding::Row(row) => {
                            log.rows += 1;
                            if row.table == "record_lost" {
                                log.lost =
                                    row.get("lost_total").and_then(serde_json::Value::as_u64).unwrap_or(log.lost);
                            }
                            let t = run.tables.entry(row.table).or_default();
                            t.first_mono_ns = if t.rows == 0 { row.mono_ns } else { t.first_mono_ns.min(row.mono_ns) };
                            t.last_mono_ns = t.last_mono_ns.max(row.mono_ns);
                            t.rows += 1;
                            if t.processes.last() != Some(&process) {
                                t.processes.push(process.clone());
                            }
                        }
                    }
                }
            }
        }
        run.logs.push(log);
    }
    Ok(run)
}
