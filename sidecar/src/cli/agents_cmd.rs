//! The agents and their controller as processes: from the document to their settings.

use super::error::CliError;
use super::exit::Exit;
use super::joined::Joined;
use super::stop::Stop;
use crate::agent::LearnerConfig;
use crate::app::{AppConfig, AppTrace};
use crate::config::{Config, MetricsSection};
use crate::controller::ControllerConfig;
use crate::core::CoreConfig;
use crate::wire::Agent;
use core_bridge::open5gs::{Endpoint, PollerConfig, Source};
use core_bridge::trace::TraceConfig;
use std::future::Future;
use std::time::Duration;
use tokio::sync::watch;

/// Time between two states that an agent sends to the controller.
const STATE_EVERY: Duration = Duration::from_millis(100);

pub(super) fn ran(config: &Config, joined: &Joined, stop: &Stop) -> Result<(), CliError> {
    let mut process = config.ran_process(joined.run_id());
    process.learn = learner(config, Agent::Ran, joined.run_id());
    crate::ran::run(&process, Some(joined.dir()), &stop.shared_flag()).map_err(started)
}

pub(super) fn controller(config: &Config, joined: &Joined, stop: &Stop) -> Result<(), CliError> {
    let c = &config.controller;
    let run = joined.dir().file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let process = ControllerConfig {
        run: joined.run_id(),
        bind: c.bind.clone(),
        http: c.http,
        token: c.token.clone(),
        hub: config.controller_hub(&run),
        train: config.learn.enabled.then_some(config.learn.train),
        round_timeout_ns: (config.learn.round_timeout.s() * 1e9) as u64,
        metrics: Some(c.metrics.listen),
    };
    crate::controller::run(&process, Some(joined.dir()), stop.flag()).map_err(started)
}

pub(super) fn core(config: &Config, joined: &Joined, stop: &Stop) -> Result<(), CliError> {
    let c = &config.core;
    let mut endpoints = Vec::new();
    let mut ask = |base: &Option<String>, sources: &[Source]| {
        if let Some(base) = base {
            endpoints.extend(sources.iter().map(|s| Endpoint { source: *s, base: base.clone() }));
        }
    };
    ask(&c.amf, &[Source::AmfMetrics, Source::UeInfo, Source::GnbInfo]);
    ask(&c.smf, &[Source::SmfMetrics, Source::PduInfo]);
    ask(&c.upf, &[Source::UpfMetrics]);
    ask(&c.pcf, &[Source::PcfMetrics]);
    let process = CoreConfig {
        run: joined.run_id(),
        controller: config.controller.bind.clone(),
        poller: PollerConfig { period: c.poll.std(), timeout: c.timeout.std(), ..PollerConfig::new(endpoints) },
        user_plane: c.user_plane.clone(),
        state_every: STATE_EVERY,
        timeout: c.timeout.std(),
        limits: config.guard_limits(),
        learn: learner(config, Agent::Core, joined.run_id()),
        metrics: Some(metrics(&c.metrics)),
    };
    let dir = joined.dir().to_path_buf();
    block_on(stop, |shutdown| crate::core::run(process, Some(dir), shutdown))?.map_err(started)
}

pub(super) fn app(config: &Config, joined: &Joined, stop: &Stop) -> Result<(), CliError> {
    let c = &config.app;
    // the trace of a document is a CSV with one column of Mbit/s, for the first subscriber
    let supi = config.air.ues.iter().find_map(|ue| ue.supi.clone());
    let trace = c.trace.as_ref().zip(supi).map(|(path, supi)| AppTrace {
        file: TraceConfig { path: path.clone(), columns: vec!["mbps".into()], time: None, run: None },
        supi,
        bit_per_s_per_unit: 1e6,
        every: Duration::from_millis(100),
    });
    let process = AppConfig {
        run: joined.run_id(),
        controller: config.controller.bind.clone(),
        listen: c.listen,
        trace,
        control: c.control.clone(),
        silent_after: c.silent_after.std(),
        state_every: STATE_EVERY,
        timeout: Duration::from_secs(1),
        limits: config.guard_limits(),
        learn: learner(config, Agent::App, joined.run_id()),
        metrics: Some(metrics(&c.metrics)),
    };
    let dir = joined.dir().to_path_buf();
    block_on(stop, |shutdown| crate::app::run(process, Some(dir), shutdown))?.map_err(started)
}

fn learner(config: &Config, agent: Agent, run: u64) -> Option<LearnerConfig> {
    let l = &config.learn;
    let mut learner = LearnerConfig::new(agent, run);
    learner.train = l.train;
    learner.round_every = l.round_every.std();
    learner.batch = l.batch as usize;
    learner.seed = config.run.seed;
    l.enabled.then_some(learner)
}

fn metrics(section: &MetricsSection) -> (std::net::SocketAddr, Option<String>) {
    (section.listen, section.token.clone())
}

/// Runs a task with a shutdown that the order to stop gives.
fn block_on<F: Future>(stop: &Stop, task: impl FnOnce(watch::Receiver<bool>) -> F) -> Result<F::Output, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| CliError::new(Exit::System, format!("cannot start the runtime: {e}"), ""))?;
    let (tell, shutdown) = watch::channel(false);
    let stop = stop.clone();
    let out = runtime.block_on(async move {
        tokio::spawn(async move {
            stop.wait().await;
            tell.send_replace(true);
        });
        task(shutdown).await
    });
    runtime.shutdown_timeout(Duration::from_millis(500));
    Ok(out)
}

/// What keeps these processes from starting is an address, a file, or a wrong value; each message says which.
fn started(error: impl std::fmt::Display) -> CliError {
    CliError::new(
        Exit::System,
        error,
        "`ss -lxtnp` tells who has an address; `sidecar config show` tells what is in force",
    )
}
