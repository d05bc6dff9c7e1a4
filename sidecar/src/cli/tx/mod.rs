//! `sidecar tx …` and the process `tx-guard`.

mod args;
mod fire;
mod guard;
mod log;
mod status;
mod watch;

pub use args::TxCommand;
pub(super) use guard::guard;

use super::error::CliError;
use super::exit::Exit;
use super::text;
use crate::clock::wall;
use crate::config::Config;
use crate::tx::{GuardConfig, StopReport, TxError};
use std::io::Read;
use std::path::Path;

pub(super) fn run(command: &TxCommand, config: &Config, as_json: bool) -> Result<Exit, CliError> {
    let guard = config.tx_guard(0).map_err(TxError::from)?;
    match command {
        TxCommand::Status { watch: false } => status::show(&guard, as_json),
        TxCommand::Status { watch: true } => watch::watch(&guard, as_json),
        TxCommand::Arm(args) => fire::arm(args, &guard, as_json),
        TxCommand::Fire(args) => fire::fire(args, &guard, as_json),
        TxCommand::Feed => fire::feed(&guard),
        TxCommand::Stop => stop(&guard, as_json),
        TxCommand::Log { file, sigmf: Some(out), .. } => log::annotate(file.as_deref().unwrap_or(&guard.log), out),
        TxCommand::Log { file, lines, .. } => log::show(file.as_deref().unwrap_or(&guard.log), *lines, as_json),
        TxCommand::Verify { file, head } => {
            log::verify(file.as_deref().unwrap_or(&guard.log), head.as_deref(), as_json)
        }
        TxCommand::Keygen { key } => keygen(key),
        TxCommand::Sign { policy, key } => {
            crate::tx::sign(policy, key, wall())?;
            text::out(&format!("{} is signed\n", policy.display()))?;
            Ok(Exit::Ok)
        }
    }
}

fn stop(guard: &GuardConfig, as_json: bool) -> Result<Exit, CliError> {
    let report = crate::tx::stop(guard)?;
    if as_json {
        text::json(&report)?;
        return Ok(Exit::Ok);
    }
    let file = guard.stop_file.display();
    text::out(&match report {
        StopReport::Confirmed { took_ns } => format!("safe after {:.1} ms\n", took_ns as f64 * 1e-6),
        StopReport::Killed { pid } => format!(
            "tx-guard did not answer and was killed (process {pid}); what its radio had queued, 20 ms at most, is over. {file} stays until you remove it\n"
        ),
        StopReport::NobodyThere => {
            format!("no tx-guard runs. {file} keeps the next one from sending until you remove it\n")
        }
    })?;
    Ok(Exit::Ok)
}

fn keygen(key: &Path) -> Result<Exit, CliError> {
    let mut random = [0; 32];
    let source = |source| TxError::System { what: "random bits", source };
    std::fs::File::open("/dev/urandom").and_then(|mut f| f.read_exact(&mut random)).map_err(source)?;
    let public = crate::tx::generate(key, random)?;
    let (secret, public_path) = (key.display(), crate::tx::beside(key, "pub"));
    text::out(&format!(
        "{secret}: the secret half, for who answers for the transmitter, on no machine that transmits\n{}: {public}\n",
        public_path.display()
    ))?;
    Ok(Exit::Ok)
}

impl From<TxError> for CliError {
    fn from(e: TxError) -> Self {
        let (exit, help) = match &e {
            TxError::Away { .. } => {
                (Exit::Peer, "start it with `sidecar tx-guard -c FILE`; `tx.control` names its socket")
            }
            TxError::Silent(_) => (Exit::Peer, "`sidecar tx stop` stops it in any case; the end of its log tells why"),
            TxError::Refused { .. } => (Exit::Refused, "`sidecar tx status` shows what is allowed and what is missing"),
            TxError::Wire(_) => (Exit::Peer, "install the same release on both sides"),
            TxError::Radio(_) => (Exit::Peer, "`sidecar radio list` and `sidecar radio probe` show what there is"),
            TxError::File { .. } | TxError::Key(_) | TxError::Log { .. } => (Exit::Input, ""),
            TxError::Denied(_) => (Exit::Refused, "docs/safety.md tells what a policy holds"),
            TxError::System { .. } => (Exit::System, "is another tx-guard running?"),
        };
        Self::new(exit, e, help)
    }
}
