//! `sidecar learn pretrain`: the training ahead of time with a bar and an estimate.

use super::{LearnError, PretrainConfig, pretrain};
use indicatif::{ProgressBar, ProgressStyle};
use predict::Manifest;
use std::path::Path;

/// Trains, shows a bar on the terminal (nothing where there is none), and gives the manifest that was written.
///
/// # Errors
/// As [`pretrain`].
pub fn run_pretrain(data: Option<&Path>, out: &Path, config: &PretrainConfig) -> Result<Manifest, LearnError> {
    let bar = ProgressBar::new(config.rounds);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} round {pos}/{len}, {elapsed} gone, {eta} left  {msg}") {
        bar.set_style(style);
    }
    let mut validation = None;
    let manifest = pretrain(data, out, config, &mut |p| {
        bar.set_position(p.round);
        validation = p.validation.or(validation);
        let losses: Vec<String> = p.losses.iter().map(|l| format!("{l:.3}")).collect();
        let against = validation.map_or_else(String::new, |v| format!(", {v:.3} of persistence's error"));
        bar.set_message(format!("loss {}{against}", losses.join(" ")));
    })?;
    bar.finish();
    Ok(manifest)
}

/// The figures of a manifest as a Markdown table: NMAE on the test split of each trace.
#[must_use]
pub fn table(manifest: &Manifest) -> String {
    let mut out = String::from("| trace | Transformer | DLinear | persistence |\n| --- | --- | --- | --- |\n");
    for name in ["p", "n", "a"] {
        let cell = |model: &str| {
            manifest
                .metrics
                .get(&format!("{name}.test.nmae.{model}"))
                .map_or_else(|| "not observed".to_owned(), |v| format!("{v:.4}"))
        };
        out += &format!("| {name} | {} | {} | {} |\n", cell("transformer"), cell("dlinear"), cell("persistence"));
    }
    out
}
