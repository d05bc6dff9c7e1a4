//! Prints to standard output; a reader that went away (`| head`) is no error.

use super::error::CliError;
use super::exit::{EXIT_CODES, Exit};
use serde::Serialize;
use std::io::{ErrorKind, Write};

/// Writes text.
pub(super) fn out(text: &str) -> Result<(), CliError> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            Err(CliError::new(Exit::System, format!("cannot write to standard output: {e}"), ""))
        }
        _ => Ok(()),
    }
}

/// Writes a value as JSON.
pub(super) fn json<T: Serialize>(value: &T) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(value).map_err(|e| CliError::new(Exit::Internal, e, ""))?;
    out(&(text + "\n"))
}

/// Left-aligned columns, two spaces apart; the last is not padded.
pub(super) fn columns(lines: &[Vec<String>]) -> String {
    let count = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |c: usize| lines.iter().filter_map(|l| l.get(c)).map(|t| t.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let mut row = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            row.push_str(cell);
            row.push_str(&" ".repeat(width - cell.chars().count() + 2));
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

/// Bytes for people.
pub(super) fn bytes(n: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let (mut value, mut unit) = (n as f64, 0);
    while value >= 1000.0 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{n} B") } else { format!("{value:.1} {}", units[unit]) }
}

/// Every exit code and what it means.
pub(super) fn exit_codes(as_json: bool) -> String {
    if as_json {
        let all: Vec<_> = EXIT_CODES.iter().map(|(e, m)| serde_json::json!({"code": e.code(), "means": m})).collect();
        return serde_json::Value::Array(all).to_string() + "\n";
    }
    columns(&EXIT_CODES.iter().map(|(e, m)| vec![e.code().to_string(), (*m).to_owned()]).collect::<Vec<_>>())
}
