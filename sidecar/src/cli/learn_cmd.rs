//! `sidecar learn pretrain`.

use super::args::{Args, LearnCommand};
use super::entry::load;
use super::error::CliError;
use super::exit::Exit;
use super::text;
use crate::learn::{PretrainConfig, pretrain};
use indicatif::{ProgressBar, ProgressStyle};

pub(super) fn run(command: &LearnCommand, args: &Args) -> Result<Exit, CliError> {
    let LearnCommand::Pretrain { data, out, rounds } = command;
    let default = PretrainConfig::default();
    let config = PretrainConfig { seed: load(args)?.run.seed, rounds: rounds.unwrap_or(default.rounds), ..default };
    let bar = if args.json { ProgressBar::hidden() } else { ProgressBar::new(config.rounds) };
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} rounds, {eta} left{msg}") {
        bar.set_style(style);
    }
    let manifest = pretrain(data.as_deref(), out, &config, &mut |p| {
        bar.set_position(p.round);
        if let Some(error) = p.validation {
            bar.set_message(format!(", error {error:.3} of persistence"));
        }
    })?;
    bar.finish_and_clear();
    if args.json {
        text::json(&manifest)?;
    } else {
        text::out(&format!("weights and manifest.json in {}\n", out.display()))?;
    }
    Ok(Exit::Ok)
}
