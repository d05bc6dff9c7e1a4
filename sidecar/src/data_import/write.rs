//! The trace on disk: all of it, or nothing.

use super::ImportError;
use predict::data::Trace;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

/// Whether the trace may be written there.
pub(super) fn is_free(path: &Path, force: bool) -> Result<(), ImportError> {
    if !force && path.exists() { Err(ImportError::Exists(path.to_owned())) } else { Ok(()) }
}

/// Column for the names of series: the one that was read, and one of our own where gaps made more than one of one.
pub(super) fn series_column(asked: Option<&str>, trace: &Trace) -> Option<String> {
    let mut own = "series".to_owned();
    while trace.features.contains(&own) {
        own.push('_');
    }
    asked.map(str::to_owned).or_else(|| (trace.series.len() > 1).then_some(own))
}

/// Writes to a name beside it, then takes the place as a whole.
pub(super) fn trace(path: &Path, force: bool, series: Option<&str>, trace: &Trace) -> Result<(), ImportError> {
    let beside = beside(path);
    let file = File::create_new(&beside).map_err(|e| ImportError::file(&beside, e))?;
    let done = rows(BufWriter::new(file), series, trace)
        .map_err(|e| ImportError::file(&beside, e))
        .and_then(|()| is_free(path, force))
        .and_then(|()| std::fs::rename(&beside, path).map_err(|e| ImportError::file(path, e)));
    if done.is_err() {
        // what went wrong is said already
        let _ = std::fs::remove_file(&beside);
    }
    done
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    PathBuf::from(name)
}

fn rows(to: BufWriter<File>, series: Option<&str>, trace: &Trace) -> std::io::Result<()> {
    let mut writer = csv::Writer::from_writer(to);
    let mut row = csv::StringRecord::new();
    series.iter().for_each(|name| row.push_field(name));
    trace.features.iter().for_each(|name| row.push_field(name));
    writer.write_record(&row)?;
    for one in &trace.series {
        for values in one.values.chunks(trace.width().max(1)) {
            row.clear();
            if series.is_some() {
                row.push_field(&one.id);
            }
            for value in values {
                // the shortest text that is read as the same number
                row.push_field(&value.map_or_else(String::new, |x| x.to_string()));
            }
            writer.write_record(&row)?;
        }
    }
    let file = writer.into_inner().map_err(|e| e.into_error())?.into_inner().map_err(|e| e.into_error())?;
    file.sync_all()
}
