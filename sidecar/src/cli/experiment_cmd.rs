//! `sidecar experiment list|NAME`.

use super::args::ExperimentArgs;
use super::error::CliError;
use super::exit::Exit;
use super::text;
use crate::experiment::{EXPERIMENTS, ExperimentError, Request, find};

pub(super) fn run(args: &ExperimentArgs, as_json: bool) -> Result<Exit, CliError> {
    if args.name == "list" {
        return list(as_json);
    }
    let experiment = find(&args.name)?;
    let request = Request {
        quick: args.quick,
        rounds: args.rounds,
        seeds: args.seeds.unwrap_or(if args.quick { 1 } else { 3 }),
        step: args.step,
        eta: args.eta,
        data: args.data.clone(),
        out: args.out.clone(),
        program: std::env::current_exe()
            .map_err(|e| CliError::new(Exit::System, format!("where is this program? {e}"), ""))?,
    };
    if !as_json {
        let takes = if args.quick { "a minute or two" } else { experiment.takes };
        eprintln!(
            "{}: {} (about {takes}; what was trained before is not trained again)",
            experiment.name, experiment.what
        );
    }
    let written = request.make(experiment)?;
    if as_json {
        text::json(&serde_json::json!({"experiment": experiment.name, "page": written.page}))?;
    } else {
        text::out(&format!("{}{}\n", written.tables, written.page.display()))?;
    }
    Ok(Exit::Ok)
}

fn list(as_json: bool) -> Result<Exit, CliError> {
    if as_json {
        let one =
            |e: &crate::experiment::Experiment| serde_json::json!({"name": e.name, "what": e.what, "takes": e.takes});
        text::json(&EXPERIMENTS.iter().map(one).collect::<Vec<_>>())?;
    } else {
        let lines = EXPERIMENTS.iter().map(|e| [e.name, e.takes, e.what].map(str::to_owned).to_vec());
        text::out(&text::columns(&lines.collect::<Vec<_>>()))?;
    }
    Ok(Exit::Ok)
}

impl From<ExperimentError> for CliError {
    fn from(e: ExperimentError) -> Self {
        let (exit, help) = match e {
            ExperimentError::Learn(inner) => return inner.into(),
            ExperimentError::Unknown(_) => (Exit::Usage, "`sidecar experiment list` names them"),
            ExperimentError::File { .. } => (Exit::Input, "may the folder of --out be written?"),
            ExperimentError::Damaged { .. } => (Exit::Input, "delete the file to train that run again"),
            ExperimentError::Model(_) => (Exit::Internal, "please report this"),
        };
        Self::new(exit, e, help)
    }
}
