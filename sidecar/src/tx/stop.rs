//! Stops whatever is sent, with the guard's help or without.

use super::client::TxClient;
use super::config::GuardConfig;
use super::error::TxError;
use super::keys::beside;
use super::messages::{Answer, Ask};
use crate::clock::mono_ns;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A guard that has not said that it is safe after this long is killed: what its radio has still queued is 20 ms at most.
const PATIENCE: Duration = Duration::from_millis(60);

/// How it was stopped.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
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
    let asked = TxClient::connect(&config.control)
        .and_then(|mut guard| guard.ask(&Ask::Stop, PATIENCE, |a| matches!(a, Answer::Stopped { .. })));
    if asked.is_ok() {
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
