//! The virtual USRP, as a program beside this one.

use crate::bench::loop_lab::beside;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A program of ours beside this one.
pub(super) fn program(name: &str) -> Result<PathBuf, String> {
    let me = std::env::current_exe().map_err(|e| format!("cannot find this program: {e}"))?;
    beside(&me, name)
        .ok_or_else(|| format!("{name} is not beside {}: build it with `cargo build -p {name}`", me.display()))
}

/// A running box; it ends with this.
#[derive(Debug)]
pub(super) struct Radio {
    child: Child,
    pub(super) plugin_path: String,
    pub(super) device_args: String,
    control: PathBuf,
    events: PathBuf,
}

impl Radio {
    pub(super) fn start(dir: &Path) -> Result<Self, String> {
        let program = program("virtual-usrp")?;
        let mut child = Command::new(&program)
            .arg(dir)
            // what left the antenna is counted in its events; the samples themselves would be 24 GB
            .args(["--sample-limit", "1000000"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .map_err(|e| format!("{}: {e}", program.display()))?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line).map_err(|e| e.to_string())?;
        }
        let told: Value = serde_json::from_str(&line).map_err(|_| "the virtual USRP did not start".to_owned())?;
        let text = |key: &str| told[key].as_str().unwrap_or_default().to_owned();
        Ok(Self {
            plugin_path: text("plugin_path"),
            device_args: text("device_args"),
            control: text("control").into(),
            events: text("events").into(),
            child,
        })
    }

    /// One command of its control socket.
    pub(super) fn control(&self, line: &str) -> Result<String, String> {
        let fail = |e: std::io::Error| format!("the virtual USRP does not answer: {e}");
        let mut socket = UnixStream::connect(&self.control).map_err(fail)?;
        socket.write_all(format!("{line}\n").as_bytes()).map_err(fail)?;
        let mut answer = String::new();
        BufReader::new(socket).read_line(&mut answer).map_err(fail)?;
        if answer.starts_with("error") { Err(format!("{line}: {answer}")) } else { Ok(answer) }
    }

    /// What its first transmitter does now.
    pub(super) fn on_air(&self) -> Result<Value, String> {
        let all: Value = serde_json::from_str(&self.control("onair")?).map_err(|e| e.to_string())?;
        Ok(all[0].clone())
    }

    /// Everything from byte `from` of its record on, and where that ends.
    pub(super) fn events(&self, from: u64) -> Result<(Vec<Value>, u64), String> {
        let text = std::fs::read_to_string(&self.events).map_err(|e| e.to_string())?;
        let new = text.get(from as usize..).unwrap_or_default();
        let end = new.rfind('\n').map_or(0, |at| at + 1);
        let all = new[..end].lines().filter_map(|l| serde_json::from_str::<Value>(l).ok()).collect();
        Ok((all, from + end as u64))
    }
}

impl Drop for Radio {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
