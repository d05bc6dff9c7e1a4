//! The processes: each with its run folder, its metrics and the order to stop.

use super::agents_cmd;
use super::args::{Args, Command};
use super::entry::load;
use super::error::CliError;
use super::exit::Exit;
use super::joined::Joined;
use super::stop::Stop;
use super::text;
use crate::air::AirProcessError;
use crate::config::{Config, Duration, MetricsSection};
use crate::telemetry::{Metrics, MetricsServer, add_air_metrics, serve_metrics};
use crate::up::{self, UpOptions};
use ran_bridge::air::AirError;

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
    let stop = Stop::on_signals(None)?;
    let joined = Joined::new(args, &config, args.command.name())?;
    let went = match &args.command {
        Command::Air => air(&config, &joined, &stop),
        Command::Ran => agents_cmd::ran(&config, &joined, &stop),
        Command::Core => agents_cmd::core(&config, &joined, &stop),
        Command::App => agents_cmd::app(&config, &joined, &stop),
        Command::Controller => agents_cmd::controller(&config, &joined, &stop),
        _ => Err(CliError::new(Exit::Internal, "not a process", "please report this")),
    };
    joined.close(went).map(|()| Exit::Ok)
}

fn air(config: &Config, joined: &Joined, stop: &Stop) -> Result<(), CliError> {
    let process = config.air_process(joined.run_id());
    let metrics = Metrics::new("air")?;
    add_air_metrics(&metrics, &process.stats)?;
    let _served = serve(&config.air.metrics, &metrics)?;
    crate::air::run(&process, Some(joined.dir()), stop.flag())?;
    Ok(())
}

fn serve(section: &MetricsSection, metrics: &Metrics) -> Result<MetricsServer, CliError> {
    Ok(serve_metrics(section.listen, metrics, section.token.as_deref())?)
}

impl From<AirProcessError> for CliError {
    fn from(e: AirProcessError) -> Self {
        let (exit, help) = match &e {
            AirProcessError::Air(AirError::Config(_) | AirError::Rate { .. }) => {
                (Exit::Config, "see `sidecar config show`")
            }
            AirProcessError::Air(AirError::Recording(_)) => (Exit::Input, "`sidecar csi FILE` looks into a recording"),
            AirProcessError::Air(_) | AirProcessError::Control { .. } | AirProcessError::Thread(_) => {
                (Exit::System, "`ss -lxtnp` tells who has the address")
            }
            AirProcessError::Record(_) => (Exit::Record, "is the run folder there, and is it yours to write?"),
        };
        Self::new(exit, e, help)
    }
}
