//! The other peer: a GNU Radio flowgraph as labs write it, in a process of its own.

use super::path::Path;
use super::run::BenchError;
use std::io::Read;
use std::process::{Child, Command, Stdio};

/// The flowgraph.
const FLOWGRAPH: &str = include_str!("../../../../hil-tests/peers/gnuradio/flowgraph.py");
/// The Python on `PATH`, else the system's, which is the one that distributions install GNU Radio for.
const PYTHONS: [&str; 2] = ["python3", "/usr/bin/python3"];

/// What it does with samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// `multiply_const` by 1 in each direction.
    Constant,
    /// `selective_fading_model` with the 23 taps of TDL-A at 300 ns and 70 Hz in each direction.
    TdlA,
}

impl Flow {
    pub const ALL: [Self; 2] = [Self::Constant, Self::TdlA];

    const fn argument(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::TdlA => "tdl-a",
        }
    }
}

/// A GNU Radio that is installed.
pub(super) struct Installed {
    python: &'static str,
    pub version: String,
}

/// What is installed; else why it is not compared with.
pub(super) fn find() -> Result<Installed, String> {
    let found = PYTHONS.into_iter().find_map(|python| {
        let run = Command::new(python).args(["-c", FLOWGRAPH, "version"]).stdin(Stdio::null()).output().ok()?;
        let version = String::from_utf8_lossy(&run.stdout).trim().to_owned();
        run.status.success().then_some(Installed { python, version })
    });
    found.ok_or_else(|| "gnuradio not installed".into())
}

/// A flowgraph that runs; dropped, it ends.
pub(super) struct Flowgraph(Child);

impl Flowgraph {
    /// Starts it.
    ///
    /// # Errors
    /// [`BenchError::Thread`] when there is no process.
    pub fn start(installed: &Installed, flow: Flow, path: &Path) -> Result<Self, BenchError> {
        let ue = path.ues.first().ok_or_else(|| BenchError::Thread("no UE".into()))?;
        let child = Command::new(installed.python)
            .args(["-c", FLOWGRAPH, flow.argument(), &path.gnb_tx, &path.gnb_rx, &ue.tx, &ue.rx])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        child.map(Self).map_err(|e| BenchError::Thread(format!("{}: {e}", installed.python)))
    }

    /// Ends it and gives what it said of errors.
    pub fn end(mut self) -> String {
        let mut said = String::new();
        let killed = self.0.kill();
        if let (Ok(()), Some(mut stderr)) = (killed, self.0.stderr.take()) {
            // No more than for a message to a person.
            let _whole = stderr.read_to_string(&mut said);
        }
        said
    }
}

impl Drop for Flowgraph {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }
}
