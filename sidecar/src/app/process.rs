//! The process: what the application says, and resolutions; all else is the [shell](crate::agent::Base) of an agent.

use super::config::{AppConfig, AppError};
use super::source::Source;
use crate::agent::{AgentError, Base, Board, Role};
use crate::clock::mono_ns;
use crate::controller::state::{AppItem, AppState};
use crate::guard::{Action, ActionKind};
use crate::record::Writer;
use crate::telemetry::{Metrics, TelemetryError};
use crate::wire::Agent;
use core_bridge::act::{AppControl, HttpAppControl};
use core_bridge::app::{RateReport, RateServer, Resolution};
use core_bridge::http::Http;
use prometheus::{Gauge, IntCounter, IntCounterVec};
use serde::Serialize;
use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use tokio::sync::watch;

/// Largest answer of the application's control, bytes.
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// Runs `app` until `shutdown` turns true, or its sender is gone.
///
/// # Errors
/// [`AppError`] where it cannot start; an application or a controller that is away is no error.
pub async fn run(config: AppConfig, run_dir: Option<PathBuf>, shutdown: watch::Receiver<bool>) -> Result<(), AppError> {
    let base = Base::open(App::AGENT, run_dir.as_deref())?;
    let gauges = Gauges::new(&base.metrics).map_err(AgentError::from)?;
    let http = Http::new(config.timeout, MAX_ANSWER_BYTES)?;
    let Source { server, reports } = Source::open(&config).await?;
    let role = App {
        server,
        control: config.control.as_deref().map(|base| HttpAppControl::new(http, base)),
        items: Vec::new(),
        heard_ns: mono_ns(),
        silent: false,
        silent_ns: u64::try_from(config.silent_after.as_nanos()).unwrap_or(u64::MAX),
        writer: base.writer.clone(),
        gauges,
    };
    Ok(base.run(role, reports, &config.agent, shutdown).await?)
}

#[derive(Serialize)]
struct RateRow<'a> {
    radio_s: f64,
    supi: &'a str,
    offered_bit_per_s: f64,
    delivered_bit_per_s: f64,
    resolution: Option<Resolution>,
    stalled: Option<bool>,
}

struct App {
    server: Option<RateServer>,
    control: Option<HttpAppControl>,
    items: Vec<AppItem>,
    heard_ns: u64,
    silent: bool,
    silent_ns: u64,
    writer: Writer,
    gauges: Gauges,
}

impl Role for App {
    const AGENT: Agent = Agent::App;
    const KIND: ActionKind = ActionKind::Resolution;
    const ORDERS: &'static str = "app_order";
    const AWAY: &'static str = "resolutions stay as they are";
    type Heard = (RateReport, u64);
    type State = AppState;

    fn hello(&self) -> serde_json::Value {
        serde_json::json!({ "trace": self.server.is_none(), "resolutions": self.control.is_some() })
    }

    fn orders(&self) -> &IntCounterVec {
        &self.gauges.orders
    }

    fn hear(&mut self, (report, mono_ns): (RateReport, u64)) {
        self.heard_ns = mono_ns;
        if std::mem::take(&mut self.silent) {
            tracing::info!("the application reports again");
        }
        self.gauges.reports.inc();
        self.items.clear();
        for item in report.items {
            let row = RateRow {
                radio_s: report.t_s,
                supi: &item.supi,
                offered_bit_per_s: item.offered_bit_per_s,
                delivered_bit_per_s: item.delivered_bit_per_s,
                resolution: item.resolution,
                stalled: item.stalled,
            };
            self.writer.row_at("app_rate", mono_ns, &row);
            self.items.push(AppItem {
                supi: item.supi,
                offered_bit_per_s: Some(item.offered_bit_per_s),
                delivered_bit_per_s: Some(item.delivered_bit_per_s),
                resolution: item.resolution.map(|r| r.name().to_owned()),
                stalled: item.stalled.unwrap_or(false),
            });
        }
    }

    async fn carry_out(&mut self, action: Action) -> Result<(), String> {
        match (action, &self.control) {
            (Action::Resolution { supi, res }, Some(control)) => match Resolution::from_name(&res) {
                Some(resolution) => control.set_resolution(&supi, resolution).await.map_err(|e| e.to_string()),
                None => Err(format!("the application does not know {res}")),
            },
            _ => Err("no control of the application is configured (app.control)".to_owned()),
        }
    }

    async fn look(&mut self) -> u64 {
        let now = mono_ns();
        if !self.silent && now.saturating_sub(self.heard_ns) > self.silent_ns {
            tracing::warn!("no application rates; what was reported is no longer observed");
            self.silent = true;
            self.items.clear();
        }
        self.gauges.silent.set(f64::from(u8::from(self.silent)));
        if let Some(stats) = self.server.as_ref().map(RateServer::stats) {
            self.gauges.refused.set(stats.refused.load(Relaxed) as f64);
            self.gauges.dropped.set(stats.dropped.load(Relaxed) as f64);
        }
        self.heard_ns
    }

    fn state(&self, mono_ns: u64, board: Board) -> AppState {
        AppState { mono_ns, items: self.items.clone(), predictions: board.predictions, errors: board.errors }
    }
}

struct Gauges {
    reports: IntCounter,
    refused: Gauge,
    dropped: Gauge,
    silent: Gauge,
    orders: IntCounterVec,
}

impl Gauges {
    fn new(m: &Metrics) -> Result<Self, TelemetryError> {
        Ok(Self {
            reports: m.counter("sidecar_app_reports_total", "Rate reports taken")?,
            refused: m.gauge("sidecar_app_refused_reports", "Rate reports refused since the start")?,
            dropped: m.gauge("sidecar_app_dropped_reports", "Rate reports dropped since the start")?,
            silent: m.gauge("sidecar_app_silent", "1 where the application gives no rates")?,
            orders: m.counter_vec("sidecar_app_orders_total", "Orders of the controller", &["result"])?,
        })
    }
}
