//! The process: what the core and the user plane say, and rate limits; all else is the [shell](crate::agent::Base) of an agent.

use super::config::{CoreConfig, CoreError};
use super::rows::{EndpointRow, MetricRow, UserPlaneRow};
use crate::agent::{AgentError, Base, Board, Role};
use crate::clock::mono_ns;
use crate::controller::state::{CoreItem, CoreState};
use crate::guard::{Action, ActionKind};
use crate::record::Writer;
use crate::telemetry::{Metrics, TelemetryError};
use crate::wire::Agent;
use core_bridge::act::{HttpUserPlane, UserPlane, UserPlaneUe};
use core_bridge::http::Http;
use core_bridge::identity::Identities;
use core_bridge::open5gs::{CoreEvent, CoreSample, EndpointState, Poller};
use prometheus::{Gauge, GaugeVec, IntCounterVec};
use std::path::PathBuf;
use tokio::sync::watch;

/// Runs `core` until `shutdown` turns true, or its sender is gone.
///
/// # Errors
/// [`CoreError`] where it cannot start; a core or a controller that is away is no error.
pub async fn run(
    config: CoreConfig,
    run_dir: Option<PathBuf>,
    shutdown: watch::Receiver<bool>,
) -> Result<(), CoreError> {
    let base = Base::open(Core::AGENT, run_dir.as_deref())?;
    let gauges = Gauges::new(&base.metrics).map_err(AgentError::from)?;
    let http = Http::new(config.timeout, config.poller.max_bytes)?;
    let (poller, from_core) = Poller::spawn(&config.poller)?;
    let role = Core {
        poller,
        user_plane: config.user_plane.as_deref().map(|base| HttpUserPlane::new(http, base)),
        identities: Identities::new(),
        ues: Vec::new(),
        writer: base.writer.clone(),
        gauges,
    };
    Ok(base.run(role, from_core, &config.agent, shutdown).await?)
}

struct Core {
    poller: Poller,
    user_plane: Option<HttpUserPlane>,
    identities: Identities,
    ues: Vec<UserPlaneUe>,
    writer: Writer,
    gauges: Gauges,
}

impl Role for Core {
    const AGENT: Agent = Agent::Core;
    const KIND: ActionKind = ActionKind::RateLimit;
    const ORDERS: &'static str = "core_order";
    const AWAY: &'static str = "limits stay as they are";
    type Heard = CoreEvent;
    type State = CoreState;

    fn hello(&self) -> serde_json::Value {
        serde_json::json!({ "endpoints": self.poller.endpoints(), "rate_limits": self.user_plane.is_some() })
    }

    fn orders(&self) -> &IntCounterVec {
        &self.gauges.orders
    }

    fn hear(&mut self, event: CoreEvent) {
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

    async fn carry_out(&mut self, action: Action) -> Result<(), String> {
        match (action, &self.user_plane) {
            (Action::RateLimit { supi, bit_per_s }, Some(user_plane)) => {
                user_plane.set_limit(&supi, bit_per_s).await.map_err(|e| e.to_string())
            }
            _ => Err("no user plane is configured (core.user_plane)".to_owned()),
        }
    }

    async fn look(&mut self) -> u64 {
        let Some(user_plane) = &self.user_plane else { return mono_ns() };
        let seen = user_plane.list().await;
        let now = mono_ns();
        self.gauges.user_plane.set(f64::from(u8::from(seen.is_ok())));
        // What is no longer seen is not observed.
        self.ues = seen.unwrap_or_else(|e| {
            tracing::debug!(error = %e, "user plane");
            Vec::new()
        });
        for ue in &self.ues {
            self.writer.row_at("core_user_plane", now, &UserPlaneRow::from(ue));
        }
        now
    }

    fn state(&self, mono_ns: u64, board: Board) -> CoreState {
        let finite = |x: Option<f64>| x.filter(|x| x.is_finite());
        let item = |ue: &UserPlaneUe| CoreItem {
            supi: ue.supi.clone(),
            limit_bit_per_s: finite(ue.limit_bit_per_s),
            delivered_bit_per_s: finite(ue.delivered_bit_per_s),
        };
        CoreState {
            mono_ns,
            items: self.ues.iter().map(item).collect(),
            predictions: board.predictions,
            errors: board.errors,
        }
    }
}

impl Core {
    fn identified(&self, mono_ns: u64) {
        for identity in self.identities.iter() {
            self.writer.row_at("core_identity", mono_ns, identity);
        }
        self.gauges.ues.set(self.identities.iter().filter(|i| i.connected == Some(true)).count() as f64);
    }
}

struct Gauges {
    endpoint: GaugeVec,
    ues: Gauge,
    user_plane: Gauge,
    orders: IntCounterVec,
}

impl Gauges {
    fn new(m: &Metrics) -> Result<Self, TelemetryError> {
        Ok(Self {
            endpoint: m.gauge_vec(
                "sidecar_core_endpoint_up",
                "1 where the endpoint's last answer was good",
                &["endpoint"],
            )?,
            ues: m.gauge("sidecar_core_connected_ues", "UEs the core sees connected")?,
            user_plane: m.gauge("sidecar_core_user_plane_up", "1 where the user plane's control answers")?,
            orders: m.counter_vec("sidecar_core_orders_total", "Orders of the controller", &["result"])?,
        })
    }
}
