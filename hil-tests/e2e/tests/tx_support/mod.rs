//! A virtual USRP, a signed policy and a `tx-guard` before it.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its part")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

pub mod browser;

use e2e::{Program, sidecar, wait_until};
use sidecar::config::{Config, Frequency, ListenSection, MetricsSection, TxSection};
use sidecar::free_ports::FreePorts;
use sidecar::tx::{Answer, Ask, GuardStatus, TxClient, generate, sign};
use std::cell::Cell;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tempfile::TempDir;
use virtual_usrp::VirtualUsrp;

pub const RATE_HZ: f64 = 7.68e6;
pub const FREQUENCY_HZ: f64 = 3.5e9;

/// What the policy of the tests allows.
pub const GRANT: &str = "{mode: conducted, radios: [31A5F2C], low_hz: 3.49e9, high_hz: 3.51e9, max_gain_db: 20, max_amplitude: 0.5, max_burst_ms: 2000, max_duty: 0.5, duty_window_ms: 10000}";

/// One bench at a time: what happens in real time has no room for two on two cores.
static ALONE: Mutex<()> = Mutex::new(());

thread_local! {
    /// A test with several benches has them all.
    static MINE: Cell<bool> = const { Cell::new(false) };
}

/// The machine, as long as it is held.
struct Alone(Option<MutexGuard<'static, ()>>);

impl Alone {
    fn take() -> Self {
        Self((!MINE.replace(true)).then(|| ALONE.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        if self.0.is_some() {
            MINE.set(false);
        }
    }
}

/// The radio, and files and configuration of a guard.
pub struct Bench {
    pub usrp: VirtualUsrp,
    pub dir: TempDir,
    pub config: Config,
    pub file: PathBuf,
    /// The last to go.
    _alone: Alone,
}

impl Bench {
    pub fn new(shape: impl FnOnce(&mut TxSection)) -> Self {
        Self::with(&[], shape)
    }

    /// With these options of the virtual radio.
    pub fn with(options: &[&str], shape: impl FnOnce(&mut TxSection)) -> Self {
        let _alone = Alone::take();
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let usrp = VirtualUsrp::start(&at("radio"), options).unwrap();
        generate(&at("lab.key"), [7; 32]).unwrap();
        let mut tx = TxSection {
            radio: Some(usrp.device_args()),
            sample_rate: Frequency::new(RATE_HZ),
            frequency: Frequency::new(FREQUENCY_HZ),
            listen: ListenSection::default(),
            policy: at("policy.yaml"),
            key: at("lab.key.pub"),
            log: at("transmit.log"),
            stop_file: at("stop"),
            control: format!("ipc://{}", at("tx.sock").display()),
            metrics: MetricsSection::on_port(FreePorts::stock(1).unwrap().take().unwrap()),
            ..TxSection::default()
        };
        shape(&mut tx);
        let mut config = Config { tx, ..Config::default() };
        config.run.root = at("runs");
        let file = at("sidecar.yaml");
        std::fs::write(&file, config.to_yaml().unwrap()).unwrap();
        let bench = Self { usrp, dir, config, file, _alone };
        bench.allow(GRANT);
        bench
    }

    /// A policy with this grant, signed.
    pub fn allow(&self, grant: &str) {
        let text = format!(
            "version: 1\nperson: Jane Doe\nstop_contact: a telephone\nfrom: 2026-01-01T00:00:00Z\nuntil: 2099-01-01T00:00:00Z\ngrants:\n  - {grant}\n"
        );
        std::fs::write(&self.config.tx.policy, text).unwrap();
        sign(&self.config.tx.policy, &self.dir.path().join("lab.key"), sidecar::clock::wall()).unwrap();
    }

    /// A command with this configuration and radio.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = sidecar(&self.file, words);
        command.env("SOAPY_SDR_PLUGIN_PATH", self.usrp.plugin_path());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// The guard, ready.
    pub fn guard(&self) -> Program {
        let guard = Program::start(&mut self.command(&["tx-guard"]), self.dir.path().join("guard.log"));
        let heard = || self.status().is_some_and(|s| s.radio_is_safe && s.reception.samples > 0);
        assert!(wait_until(20, heard), "{}", guard.log());
        guard
    }

    pub fn client(&self) -> TxClient {
        TxClient::connect(&self.config.tx.control).unwrap()
    }

    pub fn status(&self) -> Option<GuardStatus> {
        let mut client = TxClient::connect(&self.config.tx.control).ok()?;
        match client.ask(&Ask::Status, Duration::from_secs(5), |a| matches!(a, Answer::Status(_))) {
            Ok(Answer::Status(status)) => Some(*status),
            _ => None,
        }
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.config.tx.log).unwrap()
    }
}

/// Standard output as text.
pub fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Standard error as text.
pub fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
