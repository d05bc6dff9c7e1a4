//! `sidecar up`: the supervisor with its run folder, its rows and its metrics.

use super::air_down::what_waits_on_air;
use super::error::UpError;
use super::process::specs;
use super::supervisor::{Observer, ProcessEvent, Supervisor, Timing, What};
use crate::config::Config;
use crate::record::{RunFolder, Start, Writer};
use crate::telemetry::{Metrics, serve_metrics};
use crate::tx::{Standing, observe};
use prometheus::{GaugeVec, IntCounterVec};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// What `up` is told beside the configuration.
#[derive(Debug, Clone)]
pub struct UpOptions {
    /// The binary whose subcommands are started.
    pub binary: PathBuf,
    /// Verbosity handed on.
    pub verbose: u8,
    /// Logs as JSON, handed on.
    pub log_json: bool,
    /// Lines for the person in front of it, on standard error.
    pub chatty: bool,
}

/// Runs until `stop`; gives back the run folder.
///
/// # Errors
/// [`UpError`]; the run is closed as `failed` then.
pub fn run(config: &Config, options: &UpOptions, stop: &AtomicBool) -> Result<PathBuf, UpError> {
    let start = Start::now(config.run.seed, Some(config.to_yaml()?));
    let folder = RunFolder::create(&config.run.root, &config.run.name, &start)?;
    let log = folder.writer("up")?;
    let metrics = Metrics::new("up")?;
    let served = serve_metrics(&config.up.metrics.at(), &metrics)?;
    let dir = folder.dir().to_path_buf();
    let mut watch = Watch {
        restarts: metrics.counter_vec("sidecar_up_restarts_total", "Restarts of a process", &["process"])?,
        running: metrics.gauge_vec("sidecar_up_running", "Whether a process runs", &["process"])?,
        air_down: what_waits_on_air(config),
        folder,
        log,
        chatty: options.chatty,
    };
    watch.say(&format!("run folder {}; metrics http://{}/metrics", dir.display(), served.addr()));
    if options.chatty && config.tx.radio.is_some() {
        say_transmitter(&config.tx.control, std::io::stderr().is_terminal())?;
    }
    let up = &config.up;
    let timing = Timing {
        backoff_min: up.backoff_min.std(),
        backoff_max: up.backoff_max.std(),
        stable_after: up.stable_after.std(),
        grace: up.grace.std(),
    };
    let specs = specs(config, &options.binary, &absolute(&dir)?, options.verbose, options.log_json);
    let reason = Supervisor::new(specs, &timing, config.run.seed).run(stop, &mut watch);
    let failure = reason.map(|(name, how)| {
        let log = dir.join(format!("{name}.log")).display().to_string();
        UpError::Essential { name, how, log }
    });
    watch.log.flush()?;
    watch.folder.close(failure.as_ref().map(ToString::to_string).as_deref())?;
    failure.map_or(Ok(dir), Err)
}

fn absolute(dir: &Path) -> Result<PathBuf, UpError> {
    std::path::absolute(dir).map_err(|e| UpError::System { doing: "find the run folder".into(), reason: e.to_string() })
}

/// A line for each change of how the transmitter stands, as long as this process lives.
fn say_transmitter(control: &str, is_terminal: bool) -> Result<(), UpError> {
    let mut last: Option<Standing> = None;
    observe(control.to_owned(), move |sight| {
        let standing = sight.standing();
        if last.replace(standing) != Some(standing) {
            let loud = is_terminal && standing == Standing::OnAir;
            let (on, off) = if loud { ("\x1b[1;37;41m", "\x1b[0m") } else { ("", "") };
            eprintln!("up: {on}{}{off}", sight.headline());
        }
        true
    })
    .map_err(|e| UpError::System { doing: "watch the transmitter".into(), reason: e.to_string() })
}

struct Watch {
    folder: RunFolder,
    log: Writer,
    restarts: IntCounterVec,
    running: GaugeVec,
    air_down: String,
    chatty: bool,
}

impl Watch {
    fn say(&self, line: &str) {
        if self.chatty {
            eprintln!("up: {line}");
        }
    }
}

impl Observer for Watch {
    fn event(&mut self, event: &ProcessEvent) {
        let mono_ns = crate::clock::mono_ns();
        self.log.row_at("up_process", mono_ns, event);
        let name = event.name.as_str();
        let running = self.running.with_label_values(&[name]);
        running.set(f64::from(u8::from(event.what == What::Started)));
        match event.what {
            What::Started => {
                let restarts = self.restarts.with_label_values(&[name]);
                restarts.inc_by(event.restarts.saturating_sub(restarts.get()));
                if let Err(e) = self.folder.add_process(name, event.pid.unwrap_or(0), mono_ns) {
                    tracing::warn!(error = %e, "the manifest lacks a process");
                }
                tracing::info!(process = name, pid = event.pid, restarts = event.restarts, "started");
                self.say(&format!("{name} started (pid {}, restarts {})", event.pid.unwrap_or(0), event.restarts));
            }
            What::Died | What::NotStarted => {
                let how = match (event.code, event.signal) {
                    (Some(code), _) => format!("exit code {code}"),
                    (_, Some(signal)) => format!("signal {signal}"),
                    _ => "could not be started".into(),
                };
                let wait_s = event.wait_s.unwrap_or(0.0);
                tracing::error!(process = name, how, wait_s, "died");
                self.say(&format!("{name} died ({how}), again in {wait_s:.1} s; its words are in {name}.log"));
                if name == "air" && event.what == What::Died {
                    tracing::error!("{}", self.air_down);
                    self.say(&self.air_down);
                    let told = serde_json::json!({"about": "air", "text": self.air_down});
                    self.log.row_at("advice", mono_ns, &told);
                }
            }
            What::TakenDown => self.say(&format!("{name} is restarted with what it hangs on")),
            What::Stopped | What::Killed => {
                tracing::info!(process = name, what = ?event.what, "ended");
                self.say(&format!(
                    "{name} {}",
                    if event.what == What::Killed { "did not end in time and was killed" } else { "ended" }
                ));
            }
        }
    }
}
