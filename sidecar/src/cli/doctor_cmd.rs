//! `sidecar doctor`.

use super::args::Args;
use super::error::CliError;
use super::exit::Exit;
use super::text;
use crate::clock;
use crate::config::Loaded;
use crate::doctor::{CHECKS, DoctorArgs, Machine, Verdict, What, examine, lines, list_lines};
use std::io::IsTerminal;

pub(super) fn run(doctor: &DoctorArgs, args: &Args) -> Result<Exit, CliError> {
    if doctor.what == Some(What::List) {
        return list(args.json);
    }
    let given = args.config.is_some() || !args.set.is_empty();
    let ours = given.then(|| {
        let name = args.config.as_deref().map_or_else(|| "--set".into(), |p| p.display().to_string());
        let loaded = Loaded::load(args.config.as_deref(), &args.set);
        (name, loaded.map(|l| l.config).map_err(|e| e.to_string()))
    });
    let wall = jiff::Timestamp::from_nanosecond((clock::wall_s() * 1e9) as i128).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let found = examine(doctor, ours, &Machine, wall)
        .map_err(|e| CliError::new(Exit::Usage, e, "`sidecar doctor list` names them"))?;
    if args.json {
        text::json(&found)?;
    } else {
        text::out(&lines(&found, colour()))?;
    }
    let failed = found.iter().any(|f| f.verdict == Verdict::Failure);
    Ok(if failed { Exit::Doctor } else { Exit::Ok })
}

fn list(json: bool) -> Result<Exit, CliError> {
    if json {
        let all: Vec<_> = CHECKS.iter().map(|c| serde_json::json!({"name": c.name, "about": c.about})).collect();
        text::json(&all)?;
    } else {
        text::out(&list_lines())?;
    }
    Ok(Exit::Ok)
}

/// Whether standard output shows colours (<https://no-color.org>).
fn colour() -> bool {
    let none = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let dumb = std::env::var_os("TERM").is_none_or(|t| t == "dumb");
    std::io::stdout().is_terminal() && !none && !dumb
}
