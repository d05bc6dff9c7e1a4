//! The processes: each with its run folder, its metrics and the order to stop.

use super::args::{Args, Command};
use super::entry::load;
use super::error::CliError;
use super::exit::Exit;
use super::joined::Joined;
use super::stop::Stop;
use super::text;
use crate::config::{Config, Duration, ExtraProcess, ProcessName};
use crate::telemetry::{Metrics, add_air_metrics, serve_metrics};
use crate::up::{self, UpOptions};

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
    let config = load(args)?;
    let stop = Stop::on_signals(None)?;
    let joined = Joined::new(args, &config, args.command.name())?;
    let went = match &args.command {
        Command::Air { .. } => air(&config, &joined, &stop),
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

fn air(config: &Config, joined: &Joined, stop: &Stop) -> Result<(), CliError> {
    let process = config.air_process(joined.run_id());
    let metrics = Metrics::new("air")?;
    add_air_metrics(&metrics, &process.stats)?;
    let _served = serve_metrics(&config.air.metrics.at(), &metrics)?;
    crate::air::run(&process, Some(joined.dir()), stop.flag())?;
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
