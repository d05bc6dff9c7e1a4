//! `sidecar bench list|NAME`.

use super::args::BenchArgs;
use super::error::CliError;
use super::exit::Exit;
use super::text;
use crate::bench::{BENCHES, BenchContext, find, json_lines, markdown};

pub(super) fn run(args: &BenchArgs, as_json: bool) -> Result<Exit, CliError> {
    if args.name == "list" {
        return list(as_json);
    }
    let bench = find(&args.name)?;
    if !as_json {
        eprintln!("{}: {} (about {})", bench.name, bench.what, bench.takes);
    }
    let mut rows = Vec::new();
    let mut failed = None;
    let outcome = (bench.run)(&BenchContext { quick: args.quick, seed: 1 }, &mut |row| {
        // JSON comes row by row, so that a long bench can be followed.
        if as_json && failed.is_none() {
            failed = text::out(&json_lines(std::slice::from_ref(&row))).err();
        }
        rows.push(row);
    });
    if !as_json && !rows.is_empty() {
        text::out(&markdown(&rows))?;
    }
    outcome?;
    if let Some(e) = failed {
        return Err(e);
    }
    let missed = rows.iter().filter(|r| r.missed()).count();
    if missed == 0 {
        return Ok(Exit::Ok);
    }
    let help =
        if args.quick { "figures of --quick are no measure" } else { "is the machine busy with something else?" };
    Err(CliError::new(Exit::Bar, format!("{missed} of {} figures miss their bar", rows.len()), help))
}

fn list(as_json: bool) -> Result<Exit, CliError> {
    if as_json {
        let all: Vec<_> =
            BENCHES.iter().map(|b| serde_json::json!({"name": b.name, "what": b.what, "takes": b.takes})).collect();
        text::json(&all)?;
    } else {
        let lines = BENCHES.iter().map(|b| [b.name, b.takes, b.what].map(str::to_owned).to_vec());
        text::out(&text::columns(&lines.collect::<Vec<_>>()))?;
    }
    Ok(Exit::Ok)
}
