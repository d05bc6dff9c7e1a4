//! The controller as a process: the hub between a ROUTER, the learning threads and HTTP.

use super::config::HubConfig;
use super::http::{self, Served};
use super::hub::Hub;
use super::rounds::{Learning, Rounds};
use super::state::ApiState;
use super::transmitter::TransmitterConfig;
use super::tx_watch::{TxWatch, news};
use crate::clock::mono_ns;
use crate::config::WeightingMethod;
use crate::learn::{Source, Triggers};
use crate::record::Writer;
use crate::telemetry::{Metrics, MetricsAt, serve_metrics};
use crate::wire::{Kind, Message, Router, RouterConfig, RouterEvent};
use prometheus::{Gauge, GaugeVec};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Time between two looks of the hub.
const TICK: Duration = Duration::from_millis(50);
/// Every so many ticks people see a new state.
const SHOW_EVERY: u64 = 4;

/// Settings of the process.
#[derive(Debug, Clone)]
pub struct ControllerConfig {
    /// Run number for the wire.
    pub run: u64,
    /// Where agents connect.
    pub bind: String,
    /// The HTTP interface.
    pub http: SocketAddr,
    /// Token of the HTTP interface; needed beyond loopback.
    pub token: Option<String>,
    /// The hub.
    pub hub: HubConfig,
    /// Whether agents and controller train together; `None` = no model at all.
    pub train: Option<bool>,
    /// A round ends with those present after this long, ns.
    pub round_timeout_ns: u64,
    /// How the agents are weighted in what they share.
    pub weighting: WeightingMethod,
    /// When they train.
    pub triggers: Triggers,
    /// Time from one state of the shared part that is kept to the next, ns; 0 = none is.
    pub keep_ns: u64,
    /// The guard of a radio that transmits, where there is one.
    pub transmitter: Option<TransmitterConfig>,
    /// Where `/metrics` is served.
    pub metrics: Option<MetricsAt>,
}

/// Why the controller cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ControllerError {
    /// The agents' address.
    #[error(transparent)]
    Link(#[from] crate::wire::LinkError),
    /// The HTTP address.
    #[error("HTTP at {addr}: {source}; is another controller running?")]
    Http {
        /// As configured.
        addr: SocketAddr,
        /// The system's reason.
        source: std::io::Error,
    },
    /// HTTP beyond this host without a token.
    #[error("HTTP at {0} is reachable from other hosts: set `controller.token`, or listen on 127.0.0.1")]
    NeedsToken(SocketAddr),
    /// The record.
    #[error(transparent)]
    Record(#[from] crate::record::RecordError),
    /// `/metrics`.
    #[error(transparent)]
    Telemetry(#[from] crate::telemetry::TelemetryError),
    /// Learning.
    #[error(transparent)]
    Learn(#[from] crate::learn::LearnError),
    /// The runtime.
    #[error("cannot start the runtime or a thread: {0}")]
    Runtime(std::io::Error),
}

/// Runs the controller until `stop` is set, recording to `run_dir` where there is one.
///
/// # Errors
/// [`ControllerError`] where it cannot start.
pub fn run(config: &ControllerConfig, run_dir: Option<&Path>, stop: &AtomicBool) -> Result<(), ControllerError> {
    if !config.http.ip().is_loopback() && config.token.as_deref().is_none_or(str::is_empty) {
        return Err(ControllerError::NeedsToken(config.http));
    }
    let writer = match run_dir {
        Some(dir) => Writer::open(dir, "controller")?,
        None => Writer::nowhere(),
    };
    let metrics = Metrics::new("controller")?;
    let gauges = Gauges::new(&metrics)?;
    let _server = config.metrics.as_ref().map(|at| serve_metrics(at, &metrics)).transpose()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(ControllerError::Runtime)?;
    let result = runtime.block_on(serve(config, writer, gauges, stop));
    runtime.shutdown_timeout(Duration::from_millis(500));
    result
}

async fn serve(
    config: &ControllerConfig,
    writer: Writer,
    mut gauges: Gauges,
    stop: &AtomicBool,
) -> Result<(), ControllerError> {
    let (router, mut agents) = Router::bind(RouterConfig::new(&config.bind, config.run))?;
    let router = Arc::new(router);
    let mut rounds = match config.train {
        Some(train) => {
            let (weighting, timeout_ns) = (config.weighting, config.round_timeout_ns);
            let (triggers, keep_ns) = (config.triggers, config.keep_ns);
            let learning = Learning { train, weighting, timeout_ns, triggers, keep_ns };
            Some(Rounds::start(config.run, learning, &router, writer.clone())?)
        }
        None => None,
    };
    let mut hub = Hub::new(config.hub.clone());
    let guard = config.transmitter.clone().map(|t| TxWatch::start(t, writer.clone()));
    let mut guard = guard.transpose().map_err(ControllerError::Runtime)?;
    let transmitter = |guard: &Option<TxWatch>| guard.as_ref().map(|g| g.state(mono_ns())).unwrap_or_default();
    let mut first = hub.api(mono_ns());
    first.transmitter = transmitter(&guard);
    let (show, state) = watch::channel(Arc::new(first));
    let (goals_in, mut goals) = mpsc::channel(8);
    let (ending, ended) = watch::channel(false);
    let stops = guard.as_ref().map(TxWatch::stops);
    let served = Served { state, goals: goals_in, stops, token: config.token.as_deref().map(Arc::from) };
    let mut http = tokio::spawn(http::serve(config.http, served, ended));
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut ticks = 0_u64;
    while !stop.load(Ordering::Relaxed) {
        tokio::select! {
            _ = tick.tick() => {
                ticks += 1;
                let now = mono_ns();
                for (agent, message) in hub.tick(now) {
                    let training = rounds.as_ref().and_then(Rounds::last_run);
                    let row = OrderRow { order: message.parse().unwrap_or_default(), goal: hub.goal(), training };
                    writer.row("order", &row);
                    router.send(agent, message);
                }
                for effect in hub.judged_since() {
                    writer.row("effect", &effect);
                }
                if ticks.is_multiple_of(SHOW_EVERY) {
                    let mut state = hub.api(now);
                    if let Some(rounds) = &rounds {
                        for (agent, ratio) in state.errors_of_persistence() {
                            rounds.forecast(&agent, ratio, now);
                        }
                        state.rounds = rounds.state();
                    }
                    state.transmitter = transmitter(&guard);
                    gauges.set(&state);
                    for ue in &state.ues {
                        writer.row_at("ue", now, &UeRecord::of(ue));
                    }
                    show.send_replace(Arc::new(state));
                }
            }
            Some(event) = agents.recv() => from_agent(event, &mut hub, rounds.as_mut()),
            Some((text, answer)) = goals.recv() => {
                let goal = hub.set_goal(&text);
                writer.row("goal", &goal);
                if let Some(rounds) = &rounds {
                    rounds.goal(&goal.text);
                }
                // who asked may have gone
                let _gone = answer.send(goal);
            }
            () = news(&mut guard) => {
                let now = transmitter(&guard);
                show.send_modify(|state| Arc::make_mut(state).transmitter = now);
            }
            done = &mut http => {
                let result = done.unwrap_or_else(|e| Err(std::io::Error::other(e)));
                if let Err(source) = result {
                    return Err(ControllerError::Http { addr: config.http, source });
                }
            }
        }
    }
    ending.send_replace(true);
    writer.flush()?;
    Ok(())
}

fn from_agent(event: RouterEvent, hub: &mut Hub, rounds: Option<&mut Rounds>) {
    match event {
        RouterEvent::Joined { agent, mono_ns, .. } => {
            tracing::info!(agent = agent.name(), "an agent joined");
            hub.take(&Message::empty(Kind::Hello, agent), mono_ns);
        }
        RouterEvent::Left { agent, .. } => tracing::warn!(agent = agent.name(), "an agent left"),
        RouterEvent::Message { agent, message, mono_ns } => {
            hub.take(&message, mono_ns);
            if let Some(rounds) = rounds.filter(|_| Rounds::wants(message.header.kind)) {
                rounds.give(agent, message);
            }
        }
        RouterEvent::Refused { refusal, .. } => {
            tracing::warn!(code = refusal.code, reason = refusal.reason, "refused a peer")
        }
    }
}

/// An order, or a word on what is in force, in the record.
#[derive(serde::Serialize)]
struct OrderRow<'a> {
    #[serde(flatten)]
    order: serde_json::Map<String, serde_json::Value>,
    /// What was made of the goal in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    goal: Option<&'a str>,
    /// Number of the last training run that ended before.
    #[serde(skip_serializing_if = "Option::is_none")]
    training: Option<u64>,
}

/// A UE in the record.
#[derive(serde::Serialize)]
struct UeRecord<'a> {
    supi: &'a str,
    beam_snr_db: Option<f64>,
    predicted_snr_db: Option<f64>,
    demand_bit_per_s: Option<f64>,
    capacity_bit_per_s: Option<f64>,
    offered_bit_per_s: Option<f64>,
    delivered_bit_per_s: Option<f64>,
    resolution: Option<&'a str>,
    stalled: bool,
}

impl<'a> UeRecord<'a> {
    fn of(ue: &'a super::state::UeRow) -> Self {
        Self {
            supi: &ue.supi,
            beam_snr_db: ue.beam_snr_db,
            predicted_snr_db: ue.predicted_snr_db,
            demand_bit_per_s: ue.demand_bit_per_s,
            capacity_bit_per_s: ue.capacity_bit_per_s,
            offered_bit_per_s: ue.offered_bit_per_s,
            delivered_bit_per_s: ue.delivered_bit_per_s,
            resolution: ue.resolution.as_deref(),
            stalled: ue.stalled,
        }
    }
}

struct Gauges {
    agents: GaugeVec,
    actions: GaugeVec,
    rounds: Gauge,
    training: Gauge,
    shared_errors: GaugeVec,
    sources: GaugeVec,
    errors: GaugeVec,
    delivered: GaugeVec,
    drops: GaugeVec,
    shown: BTreeSet<String>,
}

impl Gauges {
    fn new(m: &Metrics) -> Result<Self, crate::telemetry::TelemetryError> {
        Ok(Self {
            agents: m.gauge_vec("sidecar_controller_agent_up", "1 where the agent spoke lately", &["agent"])?,
            actions: m.gauge_vec("sidecar_controller_actions", "Fate of actions since start", &["kind", "fate"])?,
            rounds: m.gauge("sidecar_controller_rounds", "Coordination rounds that changed the shared part")?,
            training: m.gauge("sidecar_controller_training", "1 where rounds update now")?,
            shared_errors: m.gauge_vec(
                "sidecar_controller_shared_error",
                "O- and C-error over the shared part, mean over the last rounds",
                &["error"],
            )?,
            sources: m.gauge_vec(
                "sidecar_prediction_source",
                "1 for who made an agent's last forecast: controller, local_shared, dlinear or persistence",
                &["agent", "source"],
            )?,
            errors: m.gauge_vec("sidecar_prediction_nmae", "Normalised mean absolute error", &["agent", "model"])?,
            delivered: m.gauge_vec("sidecar_ue_delivered_bits_per_second", "Rate that arrives at a UE", &["supi"])?,
            drops: m.gauge_vec("sidecar_controller_drops", "Things dropped since start", &["reason"])?,
            shown: BTreeSet::new(),
        })
    }

    fn set(&mut self, state: &ApiState) {
        for a in &state.agents {
            self.agents.with_label_values(&[a.agent.as_str()]).set(if a.present { 1.0 } else { 0.0 });
        }
        for (kind, c) in &state.counts {
            let fates = [
                ("proposed", c.proposed),
                ("refused", c.refused),
                ("late", c.late),
                ("effective", c.effective),
                ("no_effect", c.no_effect),
                ("rolled_back", c.rolled_back),
                ("abandoned", c.abandoned),
            ];
            for (fate, n) in fates {
                self.actions.with_label_values(&[kind.as_str(), fate]).set(n as f64);
            }
        }
        self.rounds.set(state.rounds.rounds as f64);
        self.training.set(if state.rounds.training { 1.0 } else { 0.0 });
        for (name, error) in [("o", state.rounds.o_error), ("c", state.rounds.c_error)] {
            if let Some(error) = error {
                self.shared_errors.with_label_values(&[name]).set(error);
            }
        }
        for e in &state.errors {
            self.errors.with_label_values(&[e.agent.as_str(), e.model.as_str()]).set(e.nmae);
        }
        for p in &state.predictions {
            for source in Source::ALL {
                let is_it = if p.model == source.name() { 1.0 } else { 0.0 };
                self.sources.with_label_values(&[p.agent.as_str(), source.name()]).set(is_it);
            }
        }
        for (reason, n) in &state.drops {
            self.drops.with_label_values(&[reason.as_str()]).set(*n as f64);
        }
        let mut gone = std::mem::take(&mut self.shown);
        for u in state.ues.iter().filter(|u| !u.supi.is_empty()) {
            if let Some(rate) = u.delivered_bit_per_s {
                self.delivered.with_label_values(&[u.supi.as_str()]).set(rate);
                gone.remove(&u.supi);
                self.shown.insert(u.supi.clone());
            }
        }
        for supi in gone {
            // there was one: nothing to tell
            let _was = self.delivered.remove_label_values(&[supi.as_str()]);
        }
    }
}
