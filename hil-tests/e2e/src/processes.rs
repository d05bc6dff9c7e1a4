//! The lab and all our processes under `sidecar up`, on free ports, in a folder of the test's own.

use crate::program::{Program, sidecar};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sidecar::config::Config;
use sidecar::demo::Plan;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A program that the workspace builds, beside the test's own executable.
///
/// # Panics
/// When it is not there: `cargo build --workspace --bins` makes it.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    let mut dir = std::env::current_exe().unwrap_or_default();
    dir.pop();
    if dir.ends_with("deps") {
        dir.pop();
    }
    let path = dir.join(name);
    assert!(path.is_file(), "{} is missing: cargo build --workspace --bins", path.display());
    path
}

/// Asks every 100 ms until the answer is yes; false after `seconds`.
pub fn wait_until(seconds: u64, mut yes: impl FnMut() -> bool) -> bool {
    for _ in 0..seconds * 10 {
        if yes() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    false
}

/// Everything running.
#[derive(Debug)]
pub struct System {
    up: Program,
    plan: Plan,
    root: PathBuf,
}

impl System {
    /// Starts `sidecar up` with the lab beside it.
    ///
    /// # Panics
    /// When a program or file cannot be had.
    #[must_use]
    pub fn start(dir: &Path, seed: u64) -> Self {
        Self::start_with(dir, seed, |_| ())
    }

    /// The same; `shape` may change the configuration before.
    ///
    /// # Panics
    /// When a program or file cannot be had.
    #[must_use]
    pub fn start_with(dir: &Path, seed: u64, shape: impl FnOnce(&mut Config)) -> Self {
        let root = dir.join("runs");
        let mut plan = Plan::prepare(&dir.join("plan"), &binary("lab"), &root, seed, true)
            .unwrap_or_else(|e| panic!("no plan: {e}"));
        shape(&mut plan.config);
        let file = dir.join("sidecar.yaml");
        let yaml = plan.config.to_yaml().unwrap_or_else(|e| panic!("no configuration: {e}"));
        std::fs::write(&file, yaml).unwrap_or_else(|e| panic!("cannot write {}: {e}", file.display()));
        let up = Program::start(&mut sidecar(&file, &["up"]), dir.join("up.log"));
        Self { up, plan, root }
    }

    /// What everything runs with.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.plan.config
    }

    /// The controller's state; `Null` where it does not answer.
    #[must_use]
    pub fn api(&self) -> serde_json::Value {
        json(&self.plan.api_url, &[])
    }

    /// The lab's state; `Null` where it does not answer.
    #[must_use]
    pub fn world(&self) -> serde_json::Value {
        json(&self.plan.world_url, &[])
    }

    /// Loops closed since the controller knows `ran`.
    #[must_use]
    pub fn loops(&self) -> u64 {
        self.api()["loop"]["loops"].as_u64().unwrap_or(0)
    }

    /// Text of a process's `/metrics`; empty where it does not answer.
    #[must_use]
    pub fn metrics_of_ran(&self) -> String {
        text(&format!("http://{}/metrics", self.plan.config.ran.metrics.listen), &[])
    }

    /// The run's folder.
    #[must_use]
    pub fn run_dir(&self) -> Option<PathBuf> {
        std::fs::read_dir(&self.root).ok()?.filter_map(Result::ok).map(|e| e.path()).find(|p| p.is_dir())
    }

    /// Folder that holds the run.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The last pid of a process by the run's manifest.
    #[must_use]
    pub fn pid(&self, process: &str) -> Option<i32> {
        let text = std::fs::read_to_string(self.run_dir()?.join("manifest.json")).ok()?;
        let manifest: serde_json::Value = serde_json::from_str(&text).ok()?;
        let all = manifest["processes"].as_array()?;
        let last = all.iter().rfind(|p| p["name"] == process)?;
        i32::try_from(last["pid"].as_i64()?).ok()
    }

    /// `kill -9` of a process; its pid.
    ///
    /// # Panics
    /// When it does not run.
    pub fn kill_9(&self, process: &str) -> i32 {
        let pid = self.pid(process).unwrap_or_else(|| panic!("{process} is not in the manifest"));
        kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap_or_else(|e| panic!("cannot kill {process} ({pid}): {e}"));
        pid
    }

    /// `kill -9` of the supervisor itself.
    pub fn kill_9_up(&mut self) {
        self.up.kill();
    }

    /// SIGTERM to the supervisor; whether it ended with exit code 0.
    #[must_use]
    pub fn stop(mut self) -> bool {
        self.up.end() == Some(0)
    }
}

/// What a `GET` with these parameters answers, as JSON; `Null` where nobody answers, or with something else.
#[must_use]
pub fn json(url: &str, query: &[(&str, &str)]) -> serde_json::Value {
    serde_json::from_str(&text(url, query)).unwrap_or_default()
}

/// What a `GET` with these parameters answers; empty where nobody answers within two seconds.
#[must_use]
pub fn text(url: &str, query: &[(&str, &str)]) -> String {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return String::new() };
    runtime
        .block_on(async {
            let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).build().ok()?;
            client.get(url).query(query).send().await.ok()?.text().await.ok()
        })
        .unwrap_or_default()
}
