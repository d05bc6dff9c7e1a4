//! Everything around a burst: the radio, the lab's key, the guard and who talks to it, each a process of its own.

use super::radio::{Radio, program};
use crate::config::{Config, Frequency, MetricsSection, SwitchSection, TxSection};
use crate::free_ports::FreePorts;
use crate::record::{RunFolder, Start};
use crate::tx::{Answer, Ask, GuardConfig, GuardStatus, LogFile, TxClient, generate, sign};
use governor::Stop;
use jiff::{SignedDuration, Timestamp};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Samples a second: 184.32 MHz by 96.
pub(super) const RATE_HZ: f64 = 1.92e6;
/// The policy allows so much; a burst asks for it.
pub(super) const GAIN_DB: f64 = 10.0;
/// Nothing is connected there.
pub(super) const SAFE_ANTENNA: &str = "CAL";
/// `false` in the safe state.
pub(super) const SWITCH: &str = "time_source_out";
const PATIENCE: Duration = Duration::from_secs(10);
/// Lines of the log that a trial adds at most.
const LOOK_BACK: usize = 50;
/// A policy that does not end during a trial holds so long.
const LONG: SignedDuration = SignedDuration::from_hours(1);

/// A process of the rig; it is killed with this.
#[derive(Debug)]
pub(super) struct Process(pub(super) Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(super) struct Rig {
    dir: PathBuf,
    run: RunFolder,
    pub(super) radio: Radio,
    file: PathBuf,
    pub(super) guard_config: GuardConfig,
    pub(super) guard: Option<Process>,
    pub(super) feeder: Option<Process>,
    pub(super) rng: ChaCha8Rng,
    /// Byte of the radio's record up to which it has been looked at.
    pub(super) seen: u64,
}

impl Rig {
    pub(super) fn new(dir: &Path, seed: u64) -> Result<Self, String> {
        let fail = |what: &str, e: &dyn std::fmt::Display| format!("{what}: {e}");
        std::fs::create_dir_all(dir).map_err(|e| fail("a folder", &e))?;
        let radio = Radio::start(&dir.join("radio"))?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let key = dir.join("lab.key");
        generate(&key, rng.random()).map_err(|e| fail("a key", &e))?;
        let mut ports = FreePorts::stock(1).map_err(|e| fail("a port", &e))?;
        let config = Config {
            tx: TxSection {
                radio: Some(radio.device_args.clone()),
                sample_rate: Frequency::new(RATE_HZ),
                // so that its reference is watched in every trial
                clock_source: Some("external".into()),
                antenna: Some("TX/RX".into()),
                safe_antenna: Some(SAFE_ANTENNA.into()),
                switch: Some(SwitchSection { setting: SWITCH.into(), on_air: "true".into(), safe: "false".into() }),
                policy: dir.join("policy.yaml"),
                key: dir.join("lab.key.pub"),
                log: dir.join("transmit.log"),
                stop_file: dir.join("stop"),
                control: format!("ipc://{}", dir.join("tx.sock").display()),
                metrics: MetricsSection::on_port(ports.take().map_err(|e| fail("a port", &e))?),
                ..TxSection::default()
            },
            ..Config::default()
        };
        let guard_config = config.tx_guard(0).map_err(|e| fail("the radio", &e))?;
        let yaml = config.to_yaml().map_err(|e| fail("the configuration", &e))?;
        let file = dir.join("sidecar.yaml");
        std::fs::write(&file, &yaml).map_err(|e| fail("the configuration", &e))?;
        let run = RunFolder::create(&dir.join("runs"), "safe-state", &Start::now(seed, Some(yaml)))
            .map_err(|e| fail("a run", &e))?;
        let dir = dir.to_path_buf();
        Ok(Self { dir, run, radio, file, guard_config, guard: None, feeder: None, rng, seen: 0 })
    }

    /// One of our commands, with the rig's configuration and radio.
    pub(super) fn command(&self, words: &[&str]) -> Result<Command, String> {
        let program = program("sidecar")?;
        let log = |name: &str| OpenOptions::new().create(true).append(true).open(self.dir.join(name));
        let (out, err): (File, File) =
            log("out.log").and_then(|o| Ok((o, log("err.log")?))).map_err(|e| format!("a log: {e}"))?;
        let mut command = Command::new(program);
        command
            .arg("-c")
            .arg(&self.file)
            .arg("--run-dir")
            .arg(self.run.dir())
            .args(words)
            .env("SOAPY_SDR_PLUGIN_PATH", &self.radio.plugin_path)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err);
        Ok(command)
    }

    pub(super) fn start(&self, words: &[&str]) -> Result<Process, String> {
        self.command(words)?.spawn().map(Process).map_err(|e| format!("cannot start {words:?}: {e}"))
    }

    /// A policy that ends then.
    fn allow_until(&self, until: Timestamp) -> Result<(), String> {
        let now = crate::clock::wall();
        let from = now.saturating_sub(LONG).unwrap_or(now);
        let policy = format!(
            "version: 1\nperson: the bench\nstop_contact: whoever runs it\nfrom: {from}\nuntil: {until}\ngrants:\n  - {{mode: conducted, radios: [31A5F2C], low_hz: 3.49e9, high_hz: 3.51e9, max_gain_db: {GAIN_DB}, max_amplitude: 0.5, max_burst_ms: 10000, max_duty: 1, duty_window_ms: 3600000}}\n"
        );
        std::fs::write(&self.guard_config.policy.policy, policy).map_err(|e| e.to_string())?;
        sign(&self.guard_config.policy.policy, &self.dir.join("lab.key"), now).map_err(|e| e.to_string())
    }

    /// A guard that is ready, under a policy that holds for `for_ms` or long, and somebody who feeds the dead-man.
    pub(super) fn ready(&mut self, for_ms: Option<i64>) -> Result<TxClient, String> {
        match self.try_ready(for_ms) {
            // `tx stop` kills a guard whose disk is slow, and what was killed may still have answered a moment ago
            Err(_) if self.guard_ended() => self.try_ready(for_ms),
            other => other,
        }
    }

    /// Whether the guard has ended, or does within a moment.
    fn guard_ended(&mut self) -> bool {
        (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(2));
            self.guard.as_mut().is_none_or(|p| !matches!(p.0.try_wait(), Ok(None)))
        })
    }

    fn try_ready(&mut self, for_ms: Option<i64>) -> Result<TxClient, String> {
        let dead = |p: &mut Option<Process>| p.as_mut().is_none_or(|p| !matches!(p.0.try_wait(), Ok(None)));
        if for_ms.is_some() || dead(&mut self.guard) {
            self.guard = None;
            let long = for_ms.map_or(LONG, SignedDuration::from_millis);
            let now = crate::clock::wall();
            self.allow_until(now.saturating_add(long).unwrap_or(now))?;
            self.guard = Some(self.start(&["tx-guard"])?);
            self.feeder = None;
        }
        let mut client = self.connect()?;
        if dead(&mut self.feeder) {
            self.feeder = Some(self.start(&["tx", "feed"])?);
        }
        self.until(&mut client, |s| {
            s.reference == Some(true) && s.fed_ms.values().all(|ms| ms.is_some_and(|ms| ms < 150))
        })?;
        Ok(client)
    }

    fn connect(&mut self) -> Result<TxClient, String> {
        let until_ns = crate::clock::mono_ns() + PATIENCE.as_nanos() as u64;
        loop {
            match TxClient::connect(&self.guard_config.control) {
                Ok(client) => return Ok(client),
                Err(e) if crate::clock::mono_ns() > until_ns => return Err(e.to_string()),
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
            if let Some(guard) = &mut self.guard
                && let Ok(Some(status)) = guard.0.try_wait()
            {
                return Err(format!("tx-guard ended: {status}"));
            }
        }
    }

    pub(super) fn status(&self, client: &mut TxClient) -> Result<GuardStatus, String> {
        match client.ask(&Ask::Status, PATIENCE, |a| matches!(a, Answer::Status(_))) {
            Ok(Answer::Status(status)) => Ok(*status),
            Ok(_) => Err("no status".into()),
            Err(e) => Err(e.to_string()),
        }
    }

    /// Waits until the guard stands so.
    pub(super) fn until(
        &self,
        client: &mut TxClient,
        good: impl Fn(&GuardStatus) -> bool,
    ) -> Result<GuardStatus, String> {
        let until_ns = crate::clock::mono_ns() + PATIENCE.as_nanos() as u64;
        loop {
            let status = self.status(client)?;
            if good(&status) {
                return Ok(status);
            }
            if crate::clock::mono_ns() > until_ns {
                return Err(format!("the guard does not get there: {status:?}"));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Why the guard stopped, by the last such line of its log, if that came after `from_ns`.
    pub(super) fn last_stop(&self, from_ns: u64) -> Result<Option<Stop>, String> {
        let log = std::fs::read_to_string(&self.guard_config.log).map_err(|e| e.to_string())?;
        let stop = log.lines().rev().take(LOOK_BACK).find_map(|line| {
            let record: serde_json::Value = serde_json::from_str(line.split_once(' ')?.1).ok()?;
            let is_new = record["mono_ns"].as_u64()? >= from_ns;
            (is_new && record["what"]["event"] == "stop")
                .then(|| serde_json::from_value(record["what"]["why"].clone()).ok())?
        });
        Ok(stop)
    }

    /// Lines of the log, all checked.
    pub(super) fn verify_log(&mut self) -> Result<u64, String> {
        self.guard = None;
        LogFile::verify(&self.guard_config.log).map(|chain| chain.lines).map_err(|e| e.to_string())
    }
}
