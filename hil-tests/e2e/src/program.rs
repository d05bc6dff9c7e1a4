//! A program under test, ended with the test however that ends.

use crate::wait_until;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// How long it may take to end after it was asked to, s; then it is killed.
const END_S: u64 = 10;

/// A program whose words go to a file. Dropped, it ends: SIGTERM first, SIGKILL where that does not help.
#[derive(Debug)]
pub struct Program {
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts it.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(command: &mut Command, log: PathBuf) -> Self {
        Self::try_start(command, log).unwrap_or_else(|e| panic!("cannot start {command:?}: {e}"))
    }

    /// Starts it, where there is such a program.
    ///
    /// # Errors
    /// What the system says.
    pub fn try_start(command: &mut Command, log: PathBuf) -> io::Result<Self> {
        let out = File::create(&log)?;
        let err = out.try_clone()?;
        let child = command.stdin(Stdio::null()).stdout(out).stderr(err).spawn()?;
        Ok(Self { child, log })
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// The one child that it runs.
    #[must_use]
    pub fn child(&self) -> Option<Pid> {
        child_of(self.pid())
    }

    /// All that it has said.
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// The end of it.
    #[must_use]
    pub fn tail(&self) -> String {
        let text = self.log();
        let lines: Vec<&str> = text.lines().rev().take(15).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// How often it has said something.
    #[must_use]
    pub fn said(&self, what: &str) -> usize {
        self.log().matches(what).count()
    }

    /// Its exit code, once it has ended by itself; `None` where it has not within so many seconds, or was ended by a signal.
    pub fn code(&mut self, seconds: u64) -> Option<i32> {
        let ended = wait_until(seconds, || !matches!(self.child.try_wait(), Ok(None)));
        if ended { self.child.wait().ok()?.code() } else { None }
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }

    /// Ends it, if it still runs; the exit code, `None` where it had to be killed.
    pub fn end(&mut self) -> Option<i32> {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _gone = kill(self.pid(), Signal::SIGTERM);
            if self.code(END_S).is_none() {
                self.kill();
            }
        }
        self.child.wait().ok()?.code()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}

/// The one child that a process runs.
#[must_use]
pub fn child_of(parent: Pid) -> Option<Pid> {
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
    let alive = |pid: &i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
    };
    children.split_whitespace().filter_map(|c| c.parse().ok()).find(alive).map(Pid::from_raw)
}

/// `sidecar -c CONFIG WORDS`.
#[must_use]
pub fn sidecar(config: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(crate::binary("sidecar"));
    command.arg("-c").arg(config).args(words);
    command
}
