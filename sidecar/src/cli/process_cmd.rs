//! The processes: each with its run folder, its metrics and the order to stop.

use super::args::{Args, Command};
use super::entry::load;
use super::error::CliError;
use super::exit::Exit;
use super::joined::Joined;
use super::stop::Stop;
use super::text;
use crate::air::{AirProcessConfig, WorkerCommand};
use crate::config::{Config, Duration, ExtraProcess, ProcessName};
use crate::telemetry::{Metrics, add_air_metrics, serve_metrics};
use crate::up::{self, UpOptions};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub(super) fn up(args: &Args, duration: Option<Duration>) -> Result<Exit, CliError> {
    let mut config = load(args)?;
    if let Some(lab) = &config.lab {
        let program = crate::demo::lab_binary()?;
        config.up.extra.push(ExtraProcess {
            name: "lab".into(),
            command: vec![program.display().to_string(), "--config".into(), lab.display().to_string()],
            restart_with: Some(ProcessName::Air),
            essential: false,
        });
    }
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
    let mut config = load(args)?;
    if let Command::Air { strict: true, .. } = args.command {
        config.air.strict = true;
    }
    let stop = Stop::on_signals(None)?;
    let joined = Joined::new(args, &config, args.command.name())?;
    let went = match &args.command {
        Command::Air { .. } => hold_air(args, &config, &joined, &stop),
        Command::AirWorker { door } => air(&config, &joined, Some(door.clone()), &stop),
        Command::TxGuard => super::tx::guard(&config, joined.run_id(), &stop),
        Command::Relay { phrase } => super::relay_cmd::relay(&config, phrase, &stop),
        Command::Ran => {
            let ran = config.ran_process(joined.run_id());
            crate::ran::run(&ran, Some(joined.dir()), &stop.shared_flag()).map_err(CliError::from)
        }
        Command::Core => {
            let core = config.core_process(joined.run_id());
            block_on(crate::core::run(core, Some(joined.dir().to_path_buf()), stop.receiver()))
        }
        Command::App => {
            let app = config.app_process(joined.run_id());
            block_on(crate::app::run(app, Some(joined.dir().to_path_buf()), stop.receiver()))
        }
        Command::Controller => {
            let name = joined.dir().file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
            let controller = config.controller_process(joined.run_id(), &name);
            crate::controller::run(&controller, Some(joined.dir()), stop.flag()).map_err(CliError::from)
        }
        _ => Err(CliError::new(Exit::Internal, "not a process", "please report this")),
    };
    joined.close(went).map(|()| Exit::Ok)
}

/// The holder of the connections, and under it the worker; a recording needs no holder.
fn hold_air(args: &Args, config: &Config, joined: &Joined, stop: &Stop) -> Result<(), CliError> {
    if config.air.gnb.play.is_some() {
        return air(config, joined, None, stop);
    }
    let program = std::env::current_exe()
        .map_err(|e| CliError::new(Exit::System, format!("cannot find this program: {e}"), ""))?;
    let mut arguments: Vec<OsString> = vec!["-c".into(), effective(config, joined.dir())?.into()];
    arguments.extend(["--run-dir".into(), joined.dir().into()]);
    arguments.extend(std::iter::repeat_n("-v".into(), usize::from(args.verbose)));
    arguments.extend(args.log_json.then(|| "--log-json".into()));
    arguments.push("air-worker".into());
    let hold = config.air_hold();
    Ok(crate::air::hold(&hold, &WorkerCommand { program, arguments }, stop.flag())?)
}

/// The file with the configuration in force: the run's, or where that is another one, a second beside it. So a worker that is started later
/// has the same one, whatever became of the file that was named on the command line.
fn effective(config: &Config, dir: &Path) -> Result<PathBuf, CliError> {
    let yaml = config.to_yaml()?;
    let of_run = dir.join("config.yaml");
    if std::fs::read_to_string(&of_run).is_ok_and(|text| text == yaml) {
        return Ok(of_run);
    }
    let own = dir.join("air.yaml");
    std::fs::write(&own, yaml)
        .map_err(|e| CliError::new(Exit::Record, format!("cannot write {}: {e}", own.display()), ""))?;
    Ok(own)
}

fn air(config: &Config, joined: &Joined, door: Option<PathBuf>, stop: &Stop) -> Result<(), CliError> {
    let process = AirProcessConfig { door, ..config.air_process(joined.run_id()) };
    let metrics = Metrics::new("air")?;
    add_air_metrics(&metrics, &process.stats)?;
    let _served = serve_metrics(&config.air.metrics.at(), &metrics)?;
    let done = crate::air::run(&process, Some(joined.dir()), stop.flag())?;
    let hard = done.counters.hard();
    if config.air.strict && hard > 0 {
        let named = done.counters.named().into_iter().filter(|(_, n)| *n > 0);
        let list: Vec<String> = named.map(|(name, n)| format!("{name} {n}")).collect();
        let why = format!("{hard} integrity faults in a strict run: {}", list.join(", "));
        return Err(CliError::new(Exit::Integrity, why, "the log names the peer"));
    }
    Ok(())
}

fn block_on<E>(process: impl Future<Output = Result<(), E>>) -> Result<(), CliError>
where
    CliError: From<E>,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| CliError::new(Exit::System, format!("cannot start the runtime: {e}"), ""))?;
    let done = runtime.block_on(process);
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    Ok(done?)
}
