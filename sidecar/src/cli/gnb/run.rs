//! Runs a gNB under a terminal of ours.

use crate::cli::args::Args;
use crate::cli::entry::load;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::joined::Joined;
use crate::cli::stop::Stop;
use crate::gnb::{Counters, Ended, GnbError, socket_in};
use crate::telemetry::{Metrics, serve_metrics};
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs it; the exit code is the gNB's.
pub(in crate::cli) fn run(command: &[OsString], args: &Args) -> Result<ExitCode, CliError> {
    if command.is_empty() {
        let help = "sidecar gnb -- gnb -c gnb.yml runs one; sidecar gnb status asks the one that runs";
        return Err(CliError::new(Exit::Usage, "which gNB?", help));
    }
    let config = load(args)?;
    let sidecar = std::env::current_exe()
        .map_err(|e| CliError::new(Exit::System, format!("cannot find this program: {e}"), ""))?;
    let stop = Stop::on_signals(None)?;
    let joined = Joined::new(args, &config, "gnb")?;
    let went = run_in(&joined, command, &config, sidecar, &stop);
    match went {
        Ok(ended) if ended.code == 0 => joined.close(Ok(ExitCode::SUCCESS)),
        Ok(ended) => {
            let failed = CliError::new(Exit::Peer, &ended.words, "the end of gnb.log in the run folder tells why");
            eprint!("{}", failed.lines());
            joined.close::<()>(Err(failed)).ok();
            Ok(ExitCode::from(ended.code))
        }
        Err(e) => joined.close(Err(e)),
    }
}

fn run_in(
    joined: &Joined,
    command: &[OsString],
    config: &crate::config::Config,
    sidecar: std::path::PathBuf,
    stop: &Stop,
) -> Result<Ended, CliError> {
    let metrics = Metrics::new("gnb")?;
    let counters = Counters::new(&metrics)?;
    let _served = serve_metrics(&config.gnb_console.metrics.at(), &metrics)?;
    let process = config.gnb_process(command.to_vec(), sidecar, socket_in(joined.dir()), joined.run_id());
    Ok(crate::gnb::run(&process, joined.dir(), &counters, stop.flag())?)
}

impl From<GnbError> for CliError {
    fn from(e: GnbError) -> Self {
        match e {
            GnbError::Record(e) => e.into(),
            GnbError::Telemetry(e) => e.into(),
            e @ GnbError::System { .. } => Self::new(
                Exit::System,
                e,
                "a socket's path has at most 107 bytes: `--set run.root=DIR` or --run-dir makes it shorter",
            ),
        }
    }
}
