//! The virtual lab as a child process on free ports.

use crate::free_ports::FreePorts;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Who listens in a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receivers {
    /// UEs.
    pub ues: usize,
    /// Whether there is an eavesdropper; it comes after the UEs.
    pub eavesdropper: bool,
}

impl Receivers {
    /// All of them.
    #[must_use]
    pub const fn count(self) -> usize {
        self.ues + self.eavesdropper as usize
    }
}

/// Why the lab cannot run.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The binary is not beside this one.
    #[error("the virtual lab is not at {0}: build it with `cargo build -p lab`, or use `make demo`")]
    Missing(PathBuf),
    /// Free ports.
    #[error("no free port on 127.0.0.1: {0}")]
    Ports(std::io::Error),
    /// Start or files.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// It ended before its time.
    #[error("the lab ended early; the end of {} says why", .log.display())]
    Ended {
        /// Its log.
        log: PathBuf,
    },
}

impl LabError {
    fn system(what: impl Into<String>, source: std::io::Error) -> Self {
        Self::System { what: what.into(), source }
    }
}

/// Loopback ports for one world and the processes around it.
#[derive(Debug, Clone)]
pub struct Ports {
    /// gNB transmit and receive.
    pub gnb: (u16, u16),
    /// A terminal's receive and transmit, UEs first, then the eavesdropper.
    pub terminals: Vec<(u16, u16)>,
    /// gNB's WebSocket.
    pub ws: u16,
    /// AMF, SMF, UPF, PCF.
    pub core: [u16; 4],
    /// User plane's control.
    pub userplane: u16,
    /// Application's control.
    pub app: u16,
    /// Where the application pushes to.
    pub rates: u16,
    /// The lab's own view.
    pub world: u16,
}

impl Ports {
    /// Ports that are free now.
    ///
    /// # Errors
    /// [`LabError::Ports`].
    pub fn free(receivers: Receivers) -> Result<Self, LabError> {
        let mut ports = FreePorts::stock(12 + 2 * receivers.count()).map_err(LabError::Ports)?;
        let mut next = || ports.take().map_err(LabError::Ports);
        Ok(Self {
            gnb: (next()?, next()?),
            terminals: (0..receivers.count()).map(|_| Ok((next()?, next()?))).collect::<Result<_, LabError>>()?,
            ws: next()?,
            core: [next()?, next()?, next()?, next()?],
            userplane: next()?,
            app: next()?,
            rates: next()?,
            world: next()?,
        })
    }
}

/// `tcp://127.0.0.1:<port>`.
#[must_use]
pub fn tcp(port: u16) -> String {
    format!("tcp://127.0.0.1:{port}")
}

/// What world it is.
#[derive(Debug, Clone)]
pub struct World<'a> {
    /// Who listens.
    pub receivers: Receivers,
    /// Seed of everything drawn.
    pub seed: u64,
    /// Radio seconds per wall second at most; `None` = as fast as it goes.
    pub pace: Option<f64>,
    /// Ends after this radio time, s.
    pub duration_s: f64,
    /// Where its truth goes.
    pub log: &'a Path,
}

/// The lab's configuration (JSON is YAML).
#[must_use]
pub fn config(ports: &Ports, world: &World<'_>) -> Value {
    let at = |port: u16| format!("127.0.0.1:{port}");
    let resolutions = ["1080p", "1080p", "2160p"];
    let ues: Vec<Value> = ports
        .terminals
        .iter()
        .enumerate()
        .map(|(k, (rx, tx))| {
            json!({
                "rx_port": tcp(*rx),
                "tx_port": tcp(*tx),
                "sst": if k == 2 { 2 } else { 1 },
                "resolution": resolutions.get(k).copied().unwrap_or("480p"),
                "eavesdropper": k == world.receivers.ues,
            })
        })
        .collect();
    json!({
        "seed": world.seed,
        "pace": world.pace,
        "duration_s": world.duration_s,
        "gnb": {"tx_port": tcp(ports.gnb.0), "rx_port": tcp(ports.gnb.1)},
        "ues": ues,
        "ws": {"listen": at(ports.ws), "period_ms": 200},
        "core": {
            "amf": at(ports.core[0]), "smf": at(ports.core[1]), "upf": at(ports.core[2]), "pcf": at(ports.core[3]),
            "userplane": at(ports.userplane), "app": at(ports.app),
            "rates_url": format!("http://127.0.0.1:{}/rates", ports.rates),
        },
        "world": {"listen": at(ports.world), "log": world.log},
    })
}

/// The running lab; ends when dropped.
#[derive(Debug)]
pub struct LabChild {
    child: Child,
    log: PathBuf,
}

impl LabChild {
    /// Starts the `lab` binary that stands beside this one, in `dir`.
    ///
    /// # Errors
    /// [`LabError`].
    pub fn start(dir: &Path, ports: &Ports, world: &World<'_>) -> Result<Self, LabError> {
        let me = std::env::current_exe().map_err(|e| LabError::system("find this program", e))?;
        let binary = beside(&me, "lab").ok_or_else(|| LabError::Missing(me.with_file_name("lab")))?;
        let file = dir.join("lab.yaml");
        std::fs::write(&file, config(ports, world).to_string()).map_err(|e| LabError::system("write lab.yaml", e))?;
        let log = dir.join("lab.log");
        let out = std::fs::File::create(&log).map_err(|e| LabError::system("write lab.log", e))?;
        let err = out.try_clone().map_err(|e| LabError::system("write lab.log", e))?;
        // tied to us: it does not outlive a kill of this process
        let mut command = Command::new(&me);
        command.arg("child-of").arg(std::process::id().to_string()).arg("--").arg(&binary);
        if me.file_name().is_none_or(|n| n != "sidecar") {
            command = Command::new(&binary);
        }
        let child = command
            .arg("--config")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .spawn()
            .map_err(|e| LabError::system(format!("start {}", binary.display()), e))?;
        Ok(Self { child, log })
    }

    /// Whether it has ended.
    pub fn ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// An error that points to its log.
    #[must_use]
    pub fn early(&self) -> LabError {
        LabError::Ended { log: self.log.clone() }
    }
}

impl Drop for LabChild {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

/// A program of ours that lies beside this one.
pub(super) fn beside(me: &Path, name: &str) -> Option<PathBuf> {
    // a test binary lives one folder deeper
    let folders = [me.parent(), me.parent().and_then(Path::parent)];
    folders.into_iter().flatten().map(|d| d.join(name)).find(|p| p.is_file())
}

/// SIGTERM, a moment, then SIGKILL.
pub(super) fn stop(child: &mut Child) {
    if matches!(child.try_wait(), Ok(Some(_))) {
        return;
    }
    if let Ok(pid) = i32::try_from(child.id()) {
        // a child that is gone already needs no signal
        let _gone = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGTERM);
    }
    for _ in 0..80 {
        if matches!(child.try_wait(), Ok(Some(_))) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let _gone = child.kill();
    let _gone = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUR: Receivers = Receivers { ues: 3, eavesdropper: true };

    #[test]
    fn ports_are_all_different() {
        let p = Ports::free(FOUR).unwrap();
        let mut all: Vec<u16> = vec![p.gnb.0, p.gnb.1, p.ws, p.userplane, p.app, p.rates, p.world];
        all.extend(p.core.iter());
        all.extend(p.terminals.iter().flat_map(|(a, b)| [*a, *b]));
        let n = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!((all.len(), all[0] > 0), (n, true));
    }

    #[test]
    fn the_last_terminal_is_the_eavesdropper() {
        let ports = Ports::free(FOUR).unwrap();
        let c =
            config(&ports, &World { receivers: FOUR, seed: 1, pace: None, duration_s: 5.0, log: Path::new("w.jsonl") });
        assert_eq!(c["ues"].as_array().unwrap().len(), 4);
        assert_eq!((&c["ues"][3]["eavesdropper"], &c["ues"][0]["eavesdropper"]), (&json!(true), &json!(false)));
    }
}
