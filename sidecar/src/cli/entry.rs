//! From the command line to an exit code.

use super::args::{Args, Command, RunCommand};
use super::error::CliError;
use super::exit::Exit;
use super::{
    air, bench_cmd, child_of, config_cmd, csi_cmd, data_cmd, demo_cmd, doctor_cmd, experiment_cmd, gnb, iq, learn_cmd,
    process_cmd, radio, run_cmd, text, tx,
};
use crate::config::{Config, Loaded};
use crate::telemetry::{LogStyle, init_tracing};
use clap::Parser;
use std::process::ExitCode;

/// The whole command: reads the command line, does it, says what went wrong.
#[must_use]
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(e) => {
            let wrong = e.use_stderr();
            // Nobody is there to be told when standard error is closed.
            let _ = e.print();
            return if wrong { Exit::Usage.into() } else { Exit::Ok.into() };
        }
    };
    match dispatch(&args) {
        Ok(code) => code,
        Err(e) => {
            eprint!("{}", e.lines());
            e.exit.into()
        }
    }
}

fn dispatch(args: &Args) -> Result<ExitCode, CliError> {
    if let Command::ChildOf { parent, command } = &args.command {
        return Err(child_of::become_child(*parent, command));
    }
    let at_work = matches!(
        args.command,
        Command::Air { ask: None, .. }
            | Command::AirWorker { .. }
            | Command::Gnb { ask: None, .. }
            | Command::Ran
            | Command::Core
            | Command::App
            | Command::Controller
            | Command::TxGuard
            | Command::Relay { .. }
            | Command::Up { .. }
    );
    // Processes say what they do; commands only what went wrong.
    init_tracing(args.command.name(), LogStyle { json: args.log_json, verbose: args.verbose + u8::from(at_work) })?;
    if let Command::Gnb { ask: None, command } = &args.command {
        return gnb::run(command, args);
    }
    run(args).map(Into::into)
}

fn run(args: &Args) -> Result<Exit, CliError> {
    match &args.command {
        Command::Air { ask: Some(command), .. } => air::run(command, &load(args)?, args.json),
        Command::Air { ask: None, .. }
        | Command::AirWorker { .. }
        | Command::Ran
        | Command::Core
        | Command::App
        | Command::Controller
        | Command::TxGuard
        | Command::Relay { .. } => process_cmd::run(args),
        Command::Tx(command) => tx::run(command, &load(args)?, args.json),
        Command::Radio(command) => radio::run(command, args),
        Command::Gnb { ask: Some(command), .. } => gnb::ask(command, args, &load(args)?),
        Command::Up { duration } => process_cmd::up(args, *duration),
        Command::Run(command) => {
            let root = load(args)?.run.root;
            match command {
                RunCommand::List => run_cmd::list(&root, args.json),
                RunCommand::Show { run } => run_cmd::show(&root, run, args.json),
                RunCommand::Export { run, csv, out } => run_cmd::export(&root, run, *csv, out.as_deref(), args.json),
            }
        }
        Command::Demo { duration, lab, plain } => {
            demo_cmd::run(&load(args)?, *duration, lab.clone(), *plain, args.json)
        }
        Command::Doctor(doctor) => doctor_cmd::run(doctor, args),
        Command::Csi { csi, from } => csi_cmd::run(csi, from, args),
        Command::Iq(command) => iq::run(command, &load(args)?, args.json),
        Command::Sources(sources) => csi_cmd::sources(sources, args.json),
        Command::Config(command) => config_cmd::run(command, args),
        Command::Bench(bench) => bench_cmd::run(bench, args.json),
        Command::Data(command) => data_cmd::run(command, args.json),
        Command::Learn(command) => learn_cmd::run(command, args.json),
        Command::Experiment(experiment) => experiment_cmd::run(experiment, args.json),
        Command::ExitCodes => {
            text::out(&text::exit_codes(args.json))?;
            Ok(Exit::Ok)
        }
        Command::ChildOf { .. } | Command::Gnb { ask: None, .. } => Ok(Exit::Internal),
    }
}

/// The configuration that the command line names.
pub(super) fn load(args: &Args) -> Result<Config, CliError> {
    Ok(Loaded::load(args.config.as_deref(), &args.set)?.config)
}

impl Command {
    /// The name in logs.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Air { .. } | Self::AirWorker { .. } => "air",
            Self::Gnb { .. } => "gnb",
            Self::Ran => "ran",
            Self::Core => "core",
            Self::App => "app",
            Self::Controller => "controller",
            Self::TxGuard => "tx-guard",
            Self::Relay { .. } => "relay",
            Self::Tx(_) => "tx",
            Self::Radio(_) => "radio",
            Self::Up { .. } => "up",
            _ => "sidecar",
        }
    }
}
