//! `sidecar learn pretrain|controller|agent`.

use super::args::LearnCommand;
use super::error::CliError;
use super::exit::Exit;
use super::stop::Stop;
use super::text;
use crate::learn::remote::{RemoteAgent, RemoteController};
use crate::learn::{
    ETA, LearnError, PretrainConfig, SharedConfig, TrainerConfig, data_sets, draws, run_pretrain, table, weighting,
};
use predict::optim::OptimiserConfig;

/// Run that messages of `learn controller` and `learn agent` belong to.
const RUN: u64 = 1;

pub(super) fn run(command: &LearnCommand, as_json: bool) -> Result<Exit, CliError> {
    match command {
        LearnCommand::Pretrain { data, out, rounds, seed } => {
            let config = PretrainConfig { rounds: *rounds, seed: *seed, ..PretrainConfig::default() };
            let manifest = run_pretrain(data.as_deref(), out, &config)?;
            if as_json {
                text::json(&manifest)?;
            } else {
                text::out(&table(&manifest))?;
            }
        }
        LearnCommand::Controller { bind, common } => {
            let agents = SharedConfig::default().agents;
            let weighting = weighting(common.weighting, agents.len(), ETA, common.seed).map_err(LearnError::from)?;
            let controller = RemoteController {
                endpoint: bind.clone(),
                shared: SharedConfig { run: RUN, agents, weighting, ..SharedConfig::default() },
                rounds: common.rounds,
                folder: common.dir.clone(),
                keeps: !common.forgetful,
            };
            text::json(&controller.run(Stop::on_signals(None)?.flag())?)?;
        }
        LearnCommand::Agent { name, connect, data, batch, faults, common } => {
            let (sets, _) = data_sets(data.as_deref())?;
            let agents = SharedConfig::default().agents;
            // `data_sets` gives them in the same order
            let found = agents.into_iter().zip(sets).find(|(agent, _)| agent.name() == name);
            let Some((agent, (_, set))) = found else {
                return Err(CliError::new(Exit::Usage, format!("no agent {name}"), "ran, core or app"));
            };
            let trainer = TrainerConfig {
                agent,
                run: RUN,
                batch: usize::from(*batch),
                draws: draws(common.weighting),
                seed: common.seed,
                optimiser: OptimiserConfig::default(),
            };
            let agent = RemoteAgent {
                endpoint: connect.clone(),
                trainer,
                rounds: common.rounds,
                folder: common.dir.clone(),
                keeps: !common.forgetful,
                faults: *faults,
            };
            text::json(&agent.run(&set, Stop::on_signals(None)?.flag())?)?;
        }
    }
    Ok(Exit::Ok)
}

impl From<LearnError> for CliError {
    fn from(e: LearnError) -> Self {
        let (exit, help) = match &e {
            LearnError::File { .. } => (Exit::Input, "is the file there, and may you read or write it?"),
            LearnError::Model(_) => {
                (Exit::Input, "the traces need the columns and windows that hil-tests/fixtures/traces/README.md names")
            }
            _ => (Exit::Internal, "please report this"),
        };
        Self::new(exit, e, help)
    }
}
