//! `sidecar demo` and `sidecar csi`.

use super::args::Args;
use super::entry::load;
use super::error::CliError;
use super::exit::Exit;
use super::stop::Stop;
use super::text;
use crate::config::Duration;
use crate::csi::CsiArgs;
use crate::demo::{self, DemoArgs};
use std::path::Path;

pub(super) fn run(args: &Args, radio: Duration, lab: Option<&Path>, plain: bool) -> Result<Exit, CliError> {
    let run = load(args)?.run;
    let stop = Stop::on_signals(None)?;
    let told = DemoArgs {
        radio_s: radio.s(),
        seed: run.seed,
        root: run.root,
        lab: lab.map(Path::to_path_buf),
        plain,
        silent: args.json,
    };
    let outcome = demo::run(&told, stop.flag())?;
    if args.json {
        text::json(&outcome)?;
    } else {
        text::out(&format!("{}\n\nreport: {}\n", outcome.lines.join("\n"), outcome.report.display()))?;
    }
    Ok(Exit::Ok)
}

pub(super) fn csi(csi: &CsiArgs, json: bool) -> Result<Exit, CliError> {
    crate::csi::run(&CsiArgs { json, ..csi.clone() }, &mut std::io::stdout().lock())?;
    Ok(Exit::Ok)
}
