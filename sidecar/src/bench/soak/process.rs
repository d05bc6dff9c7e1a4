//! Processes under test, and what the kernel says of them.

use crate::bench::loop_lab::{beside, stop};
use crate::config::Config;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What the kernel says of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usage {
    /// Resident memory, bytes.
    pub(super) rss: u64,
    /// Open files.
    pub(super) files: u64,
}

impl Usage {
    /// Of a process that is there.
    pub(super) fn of(pid: u32) -> Option<Self> {
        let proc = PathBuf::from(format!("/proc/{pid}"));
        let status = std::fs::read_to_string(proc.join("status")).ok()?;
        let kib = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?.split_whitespace().next()?;
        let files = std::fs::read_dir(proc.join("fd")).ok()?.count() as u64;
        Some(Self { rss: kib.parse::<u64>().ok()? * 1024, files })
    }
}

/// Children of a process: those that run and those that ended and were not waited for.
pub(super) fn children(parent: u32) -> (Vec<u32>, usize) {
    let (mut running, mut zombies) = (Vec::new(), 0);
    let Ok(all) = std::fs::read_dir("/proc") else { return (running, zombies) };
    for entry in all.filter_map(Result::ok) {
        let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse().ok()) else { continue };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        let Some((_, rest)) = stat.rsplit_once(')') else { continue };
        let mut rest = rest.split_whitespace();
        let state = rest.next();
        if rest.next().and_then(|p| p.parse().ok()) != Some(parent) {
            continue;
        }
        match state {
            Some("Z") => zombies += 1,
            _ => running.push(pid),
        }
    }
    (running, zombies)
}

/// One of our processes; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Process(Child);

impl Process {
    /// Starts `sidecar NAME` with a configuration; its words go to `NAME.log` in `dir`.
    pub(super) fn start(dir: &Path, config: &Config, name: &str) -> Result<Self, String> {
        let file = dir.join("sidecar.yaml");
        let fail = |e: &dyn std::fmt::Display| format!("cannot start sidecar {name}: {e}");
        std::fs::write(&file, config.to_yaml().map_err(|e| fail(&e))?).map_err(|e| fail(&e))?;
        let log = std::fs::File::create(dir.join(format!("{name}.log"))).map_err(|e| fail(&e))?;
        let mut command = Command::new(program().map_err(|e| fail(&e))?);
        command.arg("-c").arg(&file).arg(name).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command.spawn().map(Self).map_err(|e| fail(&e))
    }

    pub(super) fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Whether it has ended.
    pub(super) fn ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }

    /// The one child that runs; `None` where there is none, or not one alone.
    pub(super) fn worker(&self) -> Option<u32> {
        match children(self.pid()).0[..] {
            [one] => Some(one),
            _ => None,
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        stop(&mut self.0);
    }
}

/// Sends a signal; a process that is gone needs none.
pub(super) fn end(pid: u32, signal: Signal) {
    if let Ok(pid) = i32::try_from(pid) {
        let _gone = kill(Pid::from_raw(pid), signal);
    }
}

/// The program `sidecar`: this one, or beside it where this is a test.
fn program() -> std::io::Result<PathBuf> {
    let me = std::env::current_exe()?;
    if me.file_name().is_some_and(|n| n == "sidecar") {
        return Ok(me);
    }
    beside(&me, "sidecar")
        .ok_or_else(|| std::io::Error::new(std::io::ErrorKind::NotFound, "build it: cargo build -p sidecar"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_child_is_seen_running_then_ended_then_gone() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let own = std::process::id();
        // between fork and exec it has next to nothing of its own
        let mut usage = Usage::of(child.id()).unwrap();
        for _ in 0..200 {
            if usage.rss > 100_000 {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
            usage = Usage::of(child.id()).unwrap();
        }
        assert!(usage.rss > 100_000 && usage.files >= 3, "{usage:?}");
        assert!(children(own).0.contains(&child.id()));
        end(child.id(), Signal::SIGKILL);
        for _ in 0..200 {
            if !children(own).0.contains(&child.id()) {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(children(own).1 >= 1);
        child.wait().unwrap();
        assert_eq!(Usage::of(child.id()), None);
    }
}
