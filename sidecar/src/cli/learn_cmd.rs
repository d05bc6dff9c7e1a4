//! `sidecar learn pretrain`.

use super::args::LearnCommand;
use super::error::CliError;
use super::exit::Exit;
use super::text;
use crate::learn::{LearnError, PretrainConfig, run_pretrain, table};

pub(super) fn run(command: &LearnCommand, as_json: bool) -> Result<Exit, CliError> {
    let LearnCommand::Pretrain { data, out, rounds, seed } = command;
    let config = PretrainConfig { rounds: *rounds, seed: *seed, ..PretrainConfig::default() };
    let manifest = run_pretrain(data.as_deref(), out, &config)?;
    if as_json {
        text::json(&manifest)?;
    } else {
        text::out(&table(&manifest))?;
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
