//! The gNB as a process: tied to us, in a process group of its own, ended by SIGTERM and at last by SIGKILL.

use super::pty::Pty;
use nix::errno::Errno;
use nix::pty::PtyMaster;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::ffi::OsString;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};

/// A gNB that was started.
///
/// It becomes what `sidecar child-of` becomes: the kernel sends it SIGTERM when the thread that started it ends, so start it from one that
/// lives as long as the process. Ctrl-C at our terminal does not reach its group: we pass it on.
#[derive(Debug)]
pub(super) struct GnbChild {
    child: Child,
    group: Pid,
    status: Option<ExitStatus>,
}

impl GnbChild {
    /// Starts it under a terminal of its own; gives the terminal and what it says on standard error.
    pub(super) fn start(sidecar: &Path, command: &[OsString]) -> io::Result<(Self, PtyMaster, ChildStderr)> {
        let Pty { master, input, output } = Pty::open()?;
        let mut tied = Command::new(sidecar);
        tied.arg("child-of").arg(std::process::id().to_string()).arg("--").args(command);
        tied.stdin(input).stdout(output).stderr(Stdio::piped()).process_group(0);
        let mut child = tied.spawn()?;
        let stderr = child.stderr.take().ok_or_else(|| io::Error::other("no pipe for its standard error"))?;
        let group = Pid::from_raw(i32::try_from(child.id()).unwrap_or(0));
        Ok((Self { child, group, status: None }, master, stderr))
    }

    /// Its pid.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, once it and all that it started in its group have.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.child.try_wait().ok().flatten();
        }
        self.status.filter(|_| !self.has_others())
    }

    /// Whether it has ended and others of its group have not.
    pub(super) fn has_others(&self) -> bool {
        self.status.is_some() && killpg(self.group, None) != Err(Errno::ESRCH)
    }

    /// SIGTERM to its group.
    pub(super) fn terminate(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// SIGKILL to its group.
    pub(super) fn kill(&self) {
        self.signal(Signal::SIGKILL);
    }

    fn signal(&self, signal: Signal) {
        if let Err(error) = killpg(self.group, signal)
            && error != Errno::ESRCH
        {
            tracing::error!(%signal, %error, "the gNB cannot be told to end");
        }
    }

    /// Whether the kernel ends it when we die. It does not for a program that has more rights than who starts it: it drops the order
    /// then. `None` where it cannot be looked at.
    pub(super) fn is_tied(&self) -> Option<bool> {
        let exe = format!("/proc/{}/exe", self.child.id());
        let mode = std::fs::metadata(&exe).ok()?.permissions().mode();
        let mut value = [0_u8; 64];
        let has_capabilities = rustix::fs::getxattr(exe.as_str(), "security.capability", &mut value[..]).is_ok();
        Some(mode & 0o6000 == 0 && !has_capabilities)
    }
}

impl Drop for GnbChild {
    fn drop(&mut self) {
        if self.ended().is_none() {
            self.kill();
            let _gone = self.child.wait();
        }
    }
}

/// The code that we end with: the gNB's own, or 128 and the signal that ended it, as shells have it.
pub(super) fn code_of(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|s| 128 + s));
    code.and_then(|c| u8::try_from(c).ok()).unwrap_or(u8::MAX)
}
