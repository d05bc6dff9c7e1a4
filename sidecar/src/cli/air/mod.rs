//! `sidecar air …`: asks a running `air`, and verifies what it captured.

mod args;
mod capture;
mod fault;
mod set;
mod status;
mod verify;

pub use args::AirCommand;

use super::error::CliError;
use super::exit::Exit;
use crate::config::Config;

pub(super) fn run(command: &AirCommand, config: &Config, as_json: bool) -> Result<Exit, CliError> {
    let address = &config.air.control;
    match command {
        AirCommand::Status => status::show(address, as_json),
        AirCommand::Set(args) => set::run(args, address, as_json),
        AirCommand::Capture(args) => capture::run(args, config, as_json),
        AirCommand::Verify(args) => verify::run(args, as_json),
        AirCommand::Fault(command) => fault::run(command, config, as_json),
    }
}

/// Index of the receiver of this name.
fn stream_of(config: &Config, name: &str) -> Result<u32, CliError> {
    let at = config.air.ues.iter().position(|ue| ue.name == name);
    at.and_then(|i| u32::try_from(i).ok()).ok_or_else(|| {
        let names: Vec<&str> = config.air.ues.iter().map(|ue| ue.name.as_str()).collect();
        CliError::new(Exit::Usage, format!("there is no receiver {name}"), format!("known: {}", names.join(", ")))
    })
}
