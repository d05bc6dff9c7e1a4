//! `sidecar demo`.

use super::error::CliError;
use super::exit::Exit;
use super::stop::Stop;
use super::text;
use crate::config::{Config, Duration};
use crate::demo::{self, DemoArgs, DemoError};
use std::path::PathBuf;

pub(super) fn run(
    config: &Config,
    duration: Duration,
    lab: Option<PathBuf>,
    plain: bool,
    as_json: bool,
) -> Result<Exit, CliError> {
    let stop = Stop::on_signals(None)?;
    let args = DemoArgs {
        radio_s: duration.std().as_secs_f64(),
        seed: config.run.seed,
        root: config.run.root.clone(),
        lab,
        tx: config.tx.clone(),
        plain,
        silent: as_json,
    };
    let outcome = demo::run(&args, stop.flag())?;
    if as_json {
        text::json(&outcome)?;
        return Ok(Exit::Ok);
    }
    let mut lines = vec!["without -> with the loop, same lab, same seed:".to_owned()];
    lines.extend(outcome.lines.iter().map(|l| format!("  {l}")));
    lines.push(format!("report         {}", outcome.report.display()));
    lines.push(format!("recorded       {}   (sidecar run show last)", outcome.run_dir.display()));
    text::out(&(lines.join("\n") + "\n"))?;
    Ok(Exit::Ok)
}

impl From<DemoError> for CliError {
    fn from(e: DemoError) -> Self {
        match e {
            DemoError::Up(e) => e.into(),
            DemoError::NoLab(_) => Self::new(Exit::Input, e, "`make demo` builds both"),
            DemoError::Stuck { .. } => Self::new(Exit::Peer, e, "is another demo running, or the machine very busy?"),
            DemoError::Stopped => Self::new(Exit::Ok, e, "what was recorded stays; `sidecar run list`"),
            DemoError::System { .. } | DemoError::Ports(_) => {
                Self::new(Exit::System, e, "is there room, and may you write there?")
            }
        }
    }
}
