//! A page: numbers, pictures and CSV of one experiment, with all that is needed to make it again.

use super::context::Context;
use super::{Experiment, ExperimentError};
use std::path::{Path, PathBuf};

/// A table of a page.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) caption: String,
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(caption: impl Into<String>, head: &[&str]) -> Self {
        Self { caption: caption.into(), head: head.iter().map(|h| (*h).to_owned()).collect(), rows: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let rule: Vec<String> = self.head.iter().map(|_| "---".to_owned()).collect();
        let rows: String = self.rows.iter().map(|r| line(r)).collect();
        format!("{}\n\n{}{}{rows}\n", self.caption, line(&self.head), line(&rule))
    }
}

/// What an experiment gives.
#[derive(Debug, Clone, Default)]
pub(super) struct Page {
    /// What the paper shows there, and what it says of it.
    pub(super) paper: String,
    pub(super) tables: Vec<Table>,
    /// Name, what it shows, SVG.
    pub(super) pictures: Vec<(String, String, String)>,
    /// Lines of CSV, the head first.
    pub(super) csv: String,
    /// What differs from the paper, and what falls short.
    pub(super) notes: Vec<String>,
}

/// Where a page is, and its tables.
#[derive(Debug, Clone)]
pub struct Written {
    /// The page.
    pub page: PathBuf,
    /// Its tables, as Markdown.
    pub tables: String,
}

impl Page {
    pub(super) fn write(
        &self,
        folder: &Path,
        experiment: &Experiment,
        context: &Context<'_>,
    ) -> Result<Written, ExperimentError> {
        std::fs::create_dir_all(folder).map_err(|e| ExperimentError::file(folder, e))?;
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).map_err(|e| ExperimentError::file(&path, e)).map(|()| path)
        };
        write("data.csv", &self.csv)?;
        let mut text = format!("# {}: {}\n\n{}\n\n", experiment.name, experiment.what, self.paper);
        let tables: String = self.tables.iter().map(Table::markdown).collect();
        text += &tables;
        for (name, shows, svg) in &self.pictures {
            write(&format!("{name}.svg"), svg)?;
            text += &format!("![{shows}]({name}.svg)\n\n");
        }
        text += "The numbers of the pictures: [data.csv](data.csv).\n\n## How it was made\n\n";
        text += &made(experiment, context);
        if !self.notes.is_empty() {
            text += "\n## What to know\n\n";
            self.notes.iter().for_each(|n| text += &format!("- {n}\n"));
        }
        let page = write("README.md", &text)?;
        Ok(Written { page, tables })
    }
}

/// The command, the plan and the data.
fn made(experiment: &Experiment, context: &Context<'_>) -> String {
    let (request, plan) = (context.request, &context.plan);
    let mut command = format!("sidecar experiment {}", experiment.name);
    if request.quick {
        command += " --quick";
    }
    if request.data.is_some() {
        command += " --data DIR";
    }
    if let Some(rounds) = request.rounds {
        command += &format!(" --rounds {rounds}");
    }
    command += &format!(
        " --seeds {} --step {}",
        request.seeds,
        if plan.step == super::StepRule::Sgd { "sgd" } else { "adamw" }
    );
    if let Some(eta) = request.eta {
        command += &format!(" --eta {eta}");
    }
    let mut text = format!("```sh\n{command}\n```\n\n");
    if request.quick {
        text += "**With `--quick`: a first look, no measure.**\n\n";
    }
    text += &format!(
        "{} rounds, {} windows of 15 + 5 samples a draw, {} seed{}; values are interquartile means over seeds with their 95 % bootstrap intervals.\n\n",
        plan.rounds,
        plan.batch,
        request.seeds,
        if request.seeds == 1 { " (so no interval)" } else { "s" },
    );
    text += "| series | rows | SHA-256 |\n| --- | --- | --- |\n";
    for (name, set) in &context.sets {
        let hash = context.hashes.get(*name).map_or("", String::as_str);
        text +=
            &format!("| {name}: {} | {} | `{:.12}…` |\n", set.trace.features.join(", "), set.trace.total_rows(), hash);
    }
    text
}
