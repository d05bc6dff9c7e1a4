//! Stops whatever is sent, with the guard's help or without.

use super::client::TxClient;
use super::config::GuardConfig;
use super::error::TxError;
use super::keys::beside;
use super::messages::{Answer, Ask};
use super::schema;
use crate::clock::mono_ns;
use governor::State;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A guard that has not said that it is safe after this long is killed: what its radio has still queued is 20 ms at most, ns.
const PATIENCE_NS: u64 = 60_000_000;
/// Until then it is asked again where it had no place for one more connection.
const AGAIN: Duration = Duration::from_millis(2);

/// How it was stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "how")]
pub enum StopReport {
    /// The guard says so.
    Confirmed {
        /// From the first step to its answer, ns.
        took_ns: u64,
    },
    /// It did not answer and was killed; what was queued in the radio, 20 ms at most, has played out.
    Killed {
        /// Its process.
        pid: i32,
    },
    /// There is no guard.
    NobodyThere,
}

/// What a guard says that was asked to stop: the radio is in the safe state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stopped {
    /// Whether anything was armed or on air.
    #[schemars(schema_with = "schema::state")]
    pub was: State,
    /// How long it took at the guard, ns.
    pub took_ns: u64,
}

/// Asks the guard at `control` for the safe state, and waits until it says that the radio is there.
///
/// # Errors
/// [`TxError`]: then nothing is known. [`stop`] does more.
pub fn ask_stop(control: &str, patience: Duration) -> Result<Stopped, TxError> {
    let until_ns = mono_ns().saturating_add(u64::try_from(patience.as_nanos()).unwrap_or(u64::MAX));
    loop {
        let left = Duration::from_nanos(until_ns.saturating_sub(mono_ns()));
        let asked = TxClient::connect_within(control, left)
            .and_then(|mut guard| guard.ask(&Ask::Stop, left, |a| matches!(a, Answer::Stopped { .. })));
        match asked {
            Ok(Answer::Stopped { was, took_ns }) => return Ok(Stopped { was, took_ns }),
            Ok(_) => return Err(TxError::Silent(control.to_owned())),
            Err(e @ TxError::Away { .. }) => return Err(e),
            Err(e) if mono_ns() >= until_ns => return Err(e),
            Err(_) => std::thread::sleep(AGAIN),
        }
    }
}

/// Where the guard notes its process number.
pub(super) fn pid_file(config: &GuardConfig) -> PathBuf {
    beside(&config.stop_file, "pid")
}

/// Brings the safe state: the stop file first, then the guard's own way, then SIGKILL. The stop file stays where the guard did not answer.
///
/// # Errors
/// [`TxError::File`] where the stop file cannot be written and nothing else helped.
pub fn stop(config: &GuardConfig) -> Result<StopReport, TxError> {
    let began_ns = mono_ns();
    let path = &config.stop_file;
    // one that is there is somebody's lock-out, and stays
    let made = OpenOptions::new().write(true).create_new(true).open(path);
    let is_ours = made.is_ok();
    let touched = match made {
        Ok(_) => Ok(()),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(TxError::File { path: path.clone(), source }),
    };
    let left = Duration::from_nanos((began_ns + PATIENCE_NS).saturating_sub(mono_ns()));
    if ask_stop(&config.control, left).is_ok() {
        if is_ours {
            // it is the guard's own stop that counts from here on
            let _ = std::fs::remove_file(path);
        }
        return Ok(StopReport::Confirmed { took_ns: mono_ns() - began_ns });
    }
    match running(&pid_file(config)) {
        Some(pid) if kill(Pid::from_raw(pid), Signal::SIGKILL).is_ok() => Ok(StopReport::Killed { pid }),
        _ => touched.map(|()| StopReport::NobodyThere),
    }
}

/// The guard's process, if that number is still one.
fn running(file: &Path) -> Option<i32> {
    let pid: i32 = std::fs::read_to_string(file).ok()?.trim().parse().ok()?;
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    line.split(|b| *b == 0).any(|word| word == b"tx-guard").then_some(pid)
}
