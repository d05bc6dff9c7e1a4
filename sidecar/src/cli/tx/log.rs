//! `sidecar tx log` and `verify`.

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::text;
use crate::tx::{LogFile, TxError, annotations};
use governor::hex;
use std::path::Path;

pub(super) fn show(file: &Path, lines: Option<usize>, as_json: bool) -> Result<Exit, CliError> {
    let fail = |source| TxError::File { path: file.to_path_buf(), source };
    let log = std::fs::read_to_string(file).map_err(fail)?;
    let all: Vec<&str> = log.lines().collect();
    let shown = &all[all.len().saturating_sub(lines.unwrap_or(usize::MAX))..];
    let json: Vec<serde_json::Value> =
        shown.iter().filter_map(|l| serde_json::from_str(l.split_once(' ')?.1).ok()).collect();
    if as_json {
        text::json(&json)?;
        return Ok(Exit::Ok);
    }
    for record in &json {
        let what = &record["what"];
        let name = what["event"].as_str().unwrap_or("?");
        let rest: Vec<String> = what
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(k, _)| *k != "event")
            .map(|(k, v)| format!("{k} {}", v.as_str().map_or_else(|| v.to_string(), str::to_owned)))
            .collect();
        text::out(&format!(
            "{:>5}  {}  {name:7} {}\n",
            record["seq"],
            record["at"].as_str().unwrap_or("?"),
            rest.join("  ")
        ))?;
    }
    Ok(Exit::Ok)
}

pub(super) fn verify(file: &Path, head: Option<&str>, as_json: bool) -> Result<Exit, CliError> {
    let chain = LogFile::verify(file).map_err(|e| match e {
        e @ TxError::Log { .. } => CliError::new(Exit::Integrity, e, "keep it as evidence, and ask who could write it"),
        e => e.into(),
    })?;
    let is = hex(&chain.head);
    if let Some(head) = head.filter(|head| !head.trim().eq_ignore_ascii_case(&is)) {
        let what = format!("the log's last hash is {is}, not {head}: lines were dropped at its end, or others added");
        return Err(CliError::new(Exit::Integrity, what, "keep it as evidence, and ask who could write it"));
    }
    if as_json {
        text::json(&serde_json::json!({"lines": chain.lines, "head": is}))?;
    } else {
        text::out(&format!("{} lines, unbroken, head {is}\n", chain.lines))?;
    }
    Ok(Exit::Ok)
}

/// Every burst of a log that verifies, as SigMF metadata without samples.
pub(super) fn annotate(file: &Path, out: &Path) -> Result<Exit, CliError> {
    LogFile::verify(file)?;
    let log = std::fs::read_to_string(file).map_err(|source| TxError::File { path: file.to_path_buf(), source })?;
    let (meta, bursts) = annotations(&log);
    let text = serde_json::to_string_pretty(&meta).unwrap_or_default();
    std::fs::write(out, text).map_err(|source| TxError::File { path: out.to_path_buf(), source })?;
    text::out(&format!("{}: {bursts} bursts\n", out.display()))?;
    Ok(Exit::Ok)
}
