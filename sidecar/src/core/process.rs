//! The process: one loop over what the core, the user plane and the controller say.

use super::config::{CoreConfig, CoreError};
use super::rows::{EndpointRow, MetricRow, OrderRow, UserPlaneRow};
use crate::agent::{Learner, Orders, stopped};
use crate::clock::mono_ns;
use crate::controller::state::{CoreItem, CoreState};
use crate::guard::{Action, ActionKind, Approved};
use crate::record::Writer;
use crate::telemetry::{Metrics, MetricsServer, serve_metrics};
use crate::wire::{Agent, Dealer, DealerConfig, DealerEvent, Kind, Message};
use core_bridge::act::{HttpUserPlane, UserPlane, UserPlaneUe};
use core_bridge::http::Http;
use core_bridge::identity::Identities;
use core_bridge::open5gs::{CoreEvent, CoreSample, EndpointState, Poller};
use prometheus::GaugeVec;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch;

const ME: Agent = Agent::Core;

/// Runs `core` until `shutdown` turns true, or its sender is gone.
///
/// # Errors
/// [`CoreError`] where it cannot start; a core or a controller that is away is no error.
pub async fn run(
    config: CoreConfig,
    run_dir: Option<PathBuf>,
    mut shutdown: watch::Receiver<bool>,
) -> Result<(), CoreError> {
    let writer = match &run_dir {
        Some(dir) => Writer::open(dir, "core")?,
        None => Writer::nowhere(),
    };
    let gauges = Gauges::new(&config)?;
    let http = Http::new(config.timeout, config.poller.max_bytes)?;
    let (poller, mut from_core) = Poller::spawn(&config.poller)?;
    let mut link = DealerConfig::new(&config.controller, ME);
    link.run = config.run;
    link.hello = serde_json::json!({ "endpoints": poller.endpoints(), "rate_limits": config.user_plane.is_some() });
    let (dealer, mut from_controller) = Dealer::connect(link)?;
    let dealer = Arc::new(dealer);
    let learner = match config.learn.clone() {
        Some(learn) => Some(Learner::spawn(learn, Arc::clone(&dealer), writer.clone()).map_err(CoreError::Thread)?),
        None => None,
    };
    let user_plane = config.user_plane.as_deref().map(|base| HttpUserPlane::new(http, base));
    let orders = Orders::new(ActionKind::RateLimit, config.limits.clone());
    let mut this =
        Process { user_plane, orders, identities: Identities::new(), ues: Vec::new(), dealer, learner, writer, gauges };
    let mut tick = tokio::time::interval(config.state_every);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    tracing::info!(controller = %config.controller, endpoints = poller.endpoints(), "core runs");
    loop {
        tokio::select! {
            () = stopped(&mut shutdown) => break,
            Some(event) = from_core.recv() => this.core(event),
            Some(event) = from_controller.recv() => this.controller(event).await,
            _ = tick.tick() => this.state().await,
        }
    }
    this.writer.flush()?;
    tracing::info!("core ended");
    Ok(())
}

struct Process {
    user_plane: Option<HttpUserPlane>,
    orders: Orders,
    identities: Identities,
    ues: Vec<UserPlaneUe>,
    dealer: Arc<Dealer>,
    learner: Option<Learner>,
    writer: Writer,
    gauges: Gauges,
}

impl Process {
    fn core(&mut self, event: CoreEvent) {
        match event {
            CoreEvent::State { source, state, mono_ns } => {
                let (name, reason) = match &state {
                    EndpointState::Ok => ("ok", ""),
                    EndpointState::Unreachable(reason) => ("unreachable", reason.as_str()),
                    EndpointState::Bad(reason) => ("bad", reason.as_str()),
                };
                if name == "ok" {
                    tracing::info!(endpoint = source.name(), "core endpoint answers");
                } else {
                    tracing::warn!(endpoint = source.name(), reason, "core endpoint {name}");
                }
                self.gauges.endpoint.with_label_values(&[source.name()]).set(f64::from(u8::from(name == "ok")));
                self.writer.row_at(
                    "core_endpoint",
                    mono_ns,
                    &EndpointRow { source: source.name(), state: name, reason },
                );
            }
            CoreEvent::Sample { source, sample, mono_ns } => match sample {
                CoreSample::Ues(ues) => {
                    self.identities.ues(&ues);
                    self.identified(mono_ns);
                }
                CoreSample::Pdus(pdus) => {
                    self.identities.pdus(&pdus);
                    self.identified(mono_ns);
                }
                CoreSample::Gnbs(gnbs) => {
                    self.writer.row_at("core_gnbs", mono_ns, &serde_json::json!({ "gnbs": gnbs }))
                }
                CoreSample::Metrics(metrics) => {
                    for s in metrics.samples.iter().filter(|s| !s.name.starts_with("process_")) {
                        let row = MetricRow { source: source.name(), name: &s.name, value: s.value };
                        self.writer.row_at("core_metric", mono_ns, &row);
                    }
                }
            },
        }
    }

    fn identified(&self, mono_ns: u64) {
        for identity in self.identities.iter() {
            self.writer.row_at("core_identity", mono_ns, identity);
        }
        self.gauges.ues.set(self.identities.iter().filter(|i| i.connected == Some(true)).count() as f64);
    }

    async fn controller(&mut self, event: DealerEvent) {
        match event {
            DealerEvent::Message { message, mono_ns } if message.header.kind == Kind::Action => {
                match self.orders.take(&message, ME, mono_ns) {
                    Ok(Ok((id, approved))) => self.carry_out(id, approved).await,
                    Ok(Err(answer)) => {
                        self.dealer.send(answer);
                    }
                    Err(e) => tracing::warn!(error = %e, "order that cannot be read"),
                }
            }
            DealerEvent::Message { message, .. } if Learner::wants(message.header.kind) => {
                if let Some(learner) = &self.learner {
                    learner.give(message);
                }
            }
            DealerEvent::Message { .. } => {}
            DealerEvent::Up { .. } => tracing::info!("controller is there"),
            DealerEvent::Down { reason, .. } => tracing::warn!(reason, "controller is away; limits stay as they are"),
            DealerEvent::Refused(refusal) => tracing::warn!(code = refusal.code, reason = refusal.reason, "refused"),
        }
    }

    async fn carry_out(&mut self, id: u64, approved: Approved<Action>) {
        let words = approved.action().words();
        let result = match (approved.into_action(), &self.user_plane) {
            (Action::RateLimit { supi, bit_per_s }, Some(user_plane)) => {
                user_plane.set_limit(&supi, bit_per_s).await.map_err(|e| e.to_string())
            }
            _ => Err("no user plane is configured (core.user_plane)".to_owned()),
        };
        let reason = result.as_ref().err().cloned().unwrap_or_default();
        self.writer.row("core_order", &OrderRow { id, action: &words, ok: result.is_ok(), reason: &reason });
        self.gauges.orders.with_label_values(&[if result.is_ok() { "done" } else { "failed" }]).inc();
        if let Ok(answer) = self.orders.done(ME, id, result) {
            self.dealer.send(answer);
        }
    }

    async fn state(&mut self) {
        let mono_ns = if let Some(user_plane) = &self.user_plane {
            match user_plane.list().await {
                Ok(ues) => {
                    let now = mono_ns();
                    for ue in &ues {
                        self.writer.row_at("core_user_plane", now, &UserPlaneRow::from(ue));
                    }
                    self.ues = ues;
                    self.gauges.user_plane.set(1.0);
                    now
                }
                Err(e) => {
                    tracing::debug!(error = %e, "user plane");
                    // What is no longer seen is not observed.
                    self.ues.clear();
                    self.gauges.user_plane.set(0.0);
                    mono_ns()
                }
            }
        } else {
            mono_ns()
        };
        let finite = |x: Option<f64>| x.filter(|x| x.is_finite());
        let item = |ue: &UserPlaneUe| CoreItem {
            supi: ue.supi.clone(),
            limit_bit_per_s: finite(ue.limit_bit_per_s),
            delivered_bit_per_s: finite(ue.delivered_bit_per_s),
        };
        let board = self.learner.as_ref().map(Learner::board).unwrap_or_default();
        let state = CoreState {
            mono_ns,
            items: self.ues.iter().map(item).collect(),
            predictions: board.predictions,
            errors: board.errors,
        };
        if let Ok(message) = Message::json(Kind::State, ME, &state) {
            self.dealer.send(message);
        }
        for (what, n) in self.dealer.stats().snapshot() {
            self.gauges.link.with_label_values(&[what]).set(n as f64);
        }
        self.gauges.rounds.set(board.rounds as f64);
    }
}

struct Gauges {
    endpoint: GaugeVec,
    ues: prometheus::Gauge,
    user_plane: prometheus::Gauge,
    orders: prometheus::IntCounterVec,
    link: GaugeVec,
    rounds: prometheus::Gauge,
    _server: Option<MetricsServer>,
}

impl Gauges {
    fn new(config: &CoreConfig) -> Result<Self, CoreError> {
        let m = Metrics::new("core")?;
        let made = Self {
            endpoint: m.gauge_vec(
                "sidecar_core_endpoint_up",
                "1 where the endpoint's last answer was good",
                &["endpoint"],
            )?,
            ues: m.gauge("sidecar_core_connected_ues", "UEs the core sees connected")?,
            user_plane: m.gauge("sidecar_core_user_plane_up", "1 where the user plane's control answers")?,
            orders: m.counter_vec("sidecar_core_orders_total", "Orders of the controller", &["result"])?,
            link: m.gauge_vec("sidecar_link_messages", "Counters of the link to the controller", &["what"])?,
            rounds: m.gauge("sidecar_learn_rounds", "Coordination rounds that changed the weights")?,
            _server: None,
        };
        let server = match &config.metrics {
            Some((addr, token)) => Some(serve_metrics(*addr, &m, token.as_deref())?),
            None => None,
        };
        Ok(Self { _server: server, ..made })
    }
}
