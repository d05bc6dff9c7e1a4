//! Rows of a CSV.

use super::collect::{Collected, Collector};
use super::{ImportError, Request};
use indicatif::ProgressBar;
use std::fs::File;
use std::str::FromStr;

/// Bytes that are read at once.
const BUFFER: usize = 1 << 16;
/// Characters of a wrong cell that are shown.
const SHOWN: usize = 40;

pub(super) fn read(request: &Request, bar: &ProgressBar) -> Result<Collected, ImportError> {
    let path = &request.file;
    let file = File::open(path).map_err(|e| ImportError::file(path, e))?;
    bar.set_length(file.metadata().map_or(0, |m| m.len()));
    let wrong = |source| ImportError::Csv { path: path.clone(), source };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(request.delimiter).buffer_capacity(BUFFER).from_reader(bar.wrap_read(file));
    let header = reader.headers().map_err(wrong)?.clone();
    let find = |name: &String| {
        let at = header.iter().position(|h| h.trim() == name);
        at.ok_or_else(|| ImportError::column(path, name, &header.iter().collect::<Vec<_>>()))
    };
    let series = request.series.as_ref().map(find).transpose()?;
    let time = request.time.as_ref().map(|name| Ok::<_, ImportError>((name, find(name)?))).transpose()?;
    let features =
        request.features.iter().map(|name| Ok((name, find(name)?))).collect::<Result<Vec<_>, ImportError>>()?;
    let unnamed = request.name();
    let mut rows = Collector::new(request)?;
    let mut values = vec![None; features.len()];
    let mut row = csv::StringRecord::new();
    while reader.read_record(&mut row).map_err(wrong)? {
        let place = || format!("{}, line {}", path.display(), row.position().map_or(0, csv::Position::line));
        let time_s = match time {
            Some((name, at)) => {
                let time: Option<f64> = number(&row, at, name, &place)?;
                let time = time.filter(|t| t.is_finite());
                let time = time.ok_or_else(|| ImportError::NoTime { place: place(), column: name.clone() })?;
                Some(time / request.time_unit.per_s())
            }
            None => None,
        };
        for ((name, at), value) in features.iter().zip(&mut values) {
            *value = number(&row, *at, name, &place)?;
        }
        let series = series.map_or(unnamed.as_str(), |at| row.get(at).unwrap_or_default());
        rows.push(series, time_s, &values, place)?;
    }
    Ok(rows.finish())
}

/// The number in a cell; `None` where it is empty.
fn number<T: FromStr>(
    row: &csv::StringRecord,
    at: usize,
    column: &str,
    place: &impl Fn() -> String,
) -> Result<Option<T>, ImportError> {
    let cell = row.get(at).unwrap_or_default().trim();
    if cell.is_empty() {
        return Ok(None);
    }
    cell.parse().map(Some).map_err(|_| ImportError::Cell {
        place: place(),
        column: column.to_owned(),
        cell: cell.chars().take(SHOWN).collect(),
    })
}
