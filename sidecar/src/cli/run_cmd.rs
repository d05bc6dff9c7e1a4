//! `sidecar run list|show|export`.

use super::error::CliError;
use super::exit::Exit;
use super::text;
use crate::record::{self, Format, LogSummary, Manifest, RunSummary};
use serde_json::json;
use std::path::Path;

pub(super) fn list(root: &Path, as_json: bool) -> Result<Exit, CliError> {
    let runs = record::list(root)?;
    if as_json {
        let all: Vec<_> = runs
            .iter()
            .map(|r| {
                let m = r.manifest.as_ref().ok();
                json!({
                    "run": r.run, "status": r.status(), "bytes": r.bytes, "dir": r.dir,
                    "start_utc": m.map(|m| &m.start_utc), "duration_s": m.and_then(Manifest::duration_s),
                    "seed": m.map(|m| m.seed), "reason": m.and_then(|m| m.reason.as_ref()),
                    "error": r.manifest.as_ref().err().map(ToString::to_string),
                })
            })
            .collect();
        text::json(&all)?;
        return Ok(Exit::Ok);
    }
    if runs.is_empty() {
        text::out(&format!("no runs in {} yet: `sidecar demo` makes one\n", root.display()))?;
        return Ok(Exit::Ok);
    }
    let head = ["run", "status", "start", "length", "size", "seed"].map(str::to_owned).to_vec();
    let lines = runs.iter().map(|r| {
        let m = r.manifest.as_ref().ok();
        let or_dash = |t: Option<String>| t.unwrap_or_else(|| "-".into());
        vec![
            r.run.clone(),
            r.status().to_owned(),
            or_dash(m.map(|m| m.start_utc.clone())),
            or_dash(m.and_then(Manifest::duration_s).map(|s| format!("{s:.1} s"))),
            text::bytes(r.bytes),
            or_dash(m.map(|m| m.seed.to_string())),
        ]
    });
    text::out(&text::columns(&std::iter::once(head).chain(lines).collect::<Vec<_>>()))?;
    Ok(Exit::Ok)
}

pub(super) fn show(root: &Path, wanted: &str, as_json: bool) -> Result<Exit, CliError> {
    let dir = record::find(root, wanted)?;
    let manifest = Manifest::read(&dir);
    let summary = record::summarise(&dir)?;
    if as_json {
        text::json(&json!({
            "dir": dir, "status": manifest.as_ref().map_or("unreadable", |m| m.status_now().name()),
            "manifest": manifest.as_ref().ok(), "error": manifest.as_ref().err().map(ToString::to_string),
            "tables": summary.tables, "logs": summary.logs,
        }))?;
        return Ok(Exit::Ok);
    }
    let mut lines = vec![vec!["folder".to_owned(), dir.display().to_string()]];
    match &manifest {
        Ok(m) => lines.extend(about(m)),
        Err(e) => lines.push(vec!["manifest".into(), e.to_string()]),
    }
    text::out(&format!("{}\n{}", text::columns(&lines), tables(&summary, manifest.as_ref().ok())))?;
    Ok(Exit::Ok)
}

pub(super) fn export(
    root: &Path,
    wanted: &str,
    csv: bool,
    out: Option<&Path>,
    as_json: bool,
) -> Result<Exit, CliError> {
    let dir = record::find(root, wanted)?;
    let out = out.map_or_else(|| dir.join("tables"), Path::to_path_buf);
    let files = record::export(&dir, &out, if csv { Format::Csv } else { Format::Parquet })?;
    if as_json {
        text::json(&files)?;
    } else if files.is_empty() {
        text::out("no rows: nothing to export\n")?;
    } else {
        let line = |f: &record::Exported| {
            vec![f.path.display().to_string(), format!("{} rows", f.rows), format!("{} columns", f.columns)]
        };
        text::out(&text::columns(&files.iter().map(line).collect::<Vec<_>>()))?;
    }
    Ok(Exit::Ok)
}

fn about(m: &Manifest) -> Vec<Vec<String>> {
    let mut lines = vec![
        vec!["status".to_owned(), m.status_now().name().to_owned()],
        vec!["start".into(), m.start_utc.clone()],
        vec!["length".into(), m.duration_s().map_or_else(|| "-".into(), |s| format!("{s:.1} s"))],
        vec!["seed".into(), m.seed.to_string()],
        vec!["made by".into(), format!("sidecar {}: {}", m.sidecar_version, m.argv.join(" "))],
        vec!["config".into(), m.config_sha256.clone().map_or_else(|| "-".into(), |h| format!("sha256 {h}"))],
        vec!["clock".into(), format!("{} of boot {}", m.clock.clock, m.clock.boot_id)],
        vec!["owner".into(), format!("pid {}", m.owner.pid)],
    ];
    if let Some(reason) = &m.reason {
        lines.insert(1, vec!["reason".into(), reason.clone()]);
    }
    let processes: Vec<String> = m.processes.iter().map(|p| format!("{}={}", p.name, p.pid)).collect();
    if !processes.is_empty() {
        lines.push(vec!["processes".into(), processes.join(" ")]);
    }
    lines
}

fn tables(summary: &RunSummary, manifest: Option<&Manifest>) -> String {
    let mut lines = vec![["table", "rows", "from", "to", "written by"].map(str::to_owned).to_vec()];
    let since = manifest.map_or(0, |m| m.start_mono_ns);
    let s = |ns: u64| format!("{:.3} s", (ns as f64 - since as f64) * 1e-9);
    for (name, t) in &summary.tables {
        lines.push(vec![
            name.clone(),
            t.rows.to_string(),
            s(t.first_mono_ns),
            s(t.last_mono_ns),
            t.processes.join(" "),
        ]);
    }
    let mut text = text::columns(&lines);
    for log in &summary.logs {
        if let Some(words) = trouble(log) {
            text.push_str(&format!("{}: {words}\n", log.file));
        }
    }
    text
}

/// What is wrong with a log, where something is.
fn trouble(log: &LogSummary) -> Option<String> {
    let mut words = Vec::new();
    if let Some(error) = &log.error {
        words.push(error.clone());
    }
    if log.lost > 0 {
        words.push(format!("{} rows lost while recording", log.lost));
    }
    for (offset, bytes) in &log.corrupt {
        words.push(format!("{bytes} damaged bytes at offset {offset}"));
    }
    if log.torn_bytes > 0 {
        words.push(format!("the last row was cut off after {} bytes", log.torn_bytes));
    }
    (!words.is_empty()).then(|| words.join("; "))
}
