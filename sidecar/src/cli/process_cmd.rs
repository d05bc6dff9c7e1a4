//! The processes: each with its run folder, its log and the order to stop.

use super::args::{Args, Command};
use super::entry::load;
use super::error::CliError;
use super::exit::Exit;
use super::stop::Stop;
use super::text;
use crate::config::Duration;
use crate::up::{self, UpOptions};

pub(super) fn up(args: &Args, duration: Option<Duration>) -> Result<Exit, CliError> {
    let config = load(args)?;
    let binary = std::env::current_exe()
        .map_err(|e| CliError::new(Exit::System, format!("cannot find this program: {e}"), ""))?;
    let stop = Stop::on_signals(duration.map(Duration::std))?;
    let options = UpOptions { binary, verbose: args.verbose, log_json: args.log_json, chatty: !args.json };
    let dir = up::run(&config, &options, stop.flag())?;
    if args.json {
        text::json(&serde_json::json!({"run_dir": dir}))?;
    }
    Ok(Exit::Ok)
}

pub(super) fn run(args: &Args) -> Result<Exit, CliError> {
    let config = load(args)?;
    match &args.command {
        Command::Air | Command::Ran | Command::Core | Command::App | Command::Controller => {
            drop(config);
            Err(CliError::new(Exit::Internal, "this process is not in this build", ""))
        }
        _ => Err(CliError::new(Exit::Internal, "not a process", "please report this")),
    }
}
