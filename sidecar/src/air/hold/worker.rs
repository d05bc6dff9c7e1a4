//! The worker as the holder starts and ends it.

use crate::clock::mono_ns;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// How a worker is started. It ends when the holder does, whatever way the holder ends.
#[derive(Debug, Clone)]
pub struct WorkerCommand {
    /// This program.
    pub program: PathBuf,
    /// Its arguments; the door's path is added.
    pub arguments: Vec<OsString>,
}

/// A worker that runs.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
}

/// Between two looks whether it has ended.
const LOOK: Duration = Duration::from_millis(2);

impl Worker {
    pub(super) fn start(command: &WorkerCommand, door: &std::path::Path) -> io::Result<Self> {
        let mut tied = Command::new(&command.program);
        tied.arg("child-of").arg(std::process::id().to_string()).arg("--").arg(&command.program);
        let child = tied.args(&command.arguments).arg(door).stdin(Stdio::null()).spawn()?;
        Ok(Self { child })
    }

    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Asks it to end, and makes it where it does not within `patience`.
    pub(super) fn stop(&mut self, patience: Duration) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap_or(0));
        if self.ended().is_some() || kill(pid, Signal::SIGTERM).is_err() {
            return;
        }
        let until = mono_ns().saturating_add(u64::try_from(patience.as_nanos()).unwrap_or(u64::MAX));
        while mono_ns() < until {
            if self.ended().is_some() {
                return;
            }
            std::thread::sleep(LOOK);
        }
        self.end();
    }

    /// It said that it is done: how it ends.
    pub(super) fn wait(&mut self) -> Option<ExitStatus> {
        self.child.wait().ok()
    }

    /// It is gone when this comes back: nobody but the holder uses the sockets then.
    pub(super) fn end(&mut self) -> Option<ExitStatus> {
        self.child.kill().ok();
        self.child.wait().ok()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end();
    }
}
