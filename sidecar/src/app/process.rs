//! The process: one loop over what the application and the controller say.

use super::config::{AppConfig, AppError};
use super::source::Source;
use crate::agent::{Learner, Orders, stopped};
use crate::clock::mono_ns;
use crate::controller::state::{AppItem, AppState};
use crate::guard::{Action, ActionKind, Approved};
use crate::record::Writer;
use crate::telemetry::{Metrics, MetricsServer, serve_metrics};
use crate::wire::{Agent, Dealer, DealerConfig, DealerEvent, Kind, Message};
use core_bridge::act::{AppControl, HttpAppControl};
use core_bridge::app::{RateReport, Resolution};
use core_bridge::http::Http;
use prometheus::{Gauge, GaugeVec, IntCounter, IntCounterVec};
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use tokio::sync::watch;

const ME: Agent = Agent::App;
/// Largest answer of the application's control, bytes.
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// Runs `app` until `shutdown` turns true, or its sender is gone.
///
/// # Errors
/// [`AppError`] where it cannot start; an application or a controller that is away is no error.
pub async fn run(
    config: AppConfig,
    run_dir: Option<PathBuf>,
    mut shutdown: watch::Receiver<bool>,
) -> Result<(), AppError> {
    let writer = match &run_dir {
        Some(dir) => Writer::open(dir, "app")?,
        None => Writer::nowhere(),
    };
    let gauges = Gauges::new(&config)?;
    let http = Http::new(config.timeout, MAX_ANSWER_BYTES)?;
    let mut source = Source::open(&config).await?;
    let mut link = DealerConfig::new(&config.controller, ME);
    link.run = config.run;
    link.hello = serde_json::json!({ "trace": config.trace.is_some(), "resolutions": config.control.is_some() });
    let (dealer, mut from_controller) = Dealer::connect(link)?;
    let dealer = Arc::new(dealer);
    let learner = match config.learn.clone() {
        Some(learn) => Some(Learner::spawn(learn, Arc::clone(&dealer), writer.clone()).map_err(AppError::Thread)?),
        None => None,
    };
    let control = config.control.as_deref().map(|base| HttpAppControl::new(http, base));
    let orders = Orders::new(ActionKind::Resolution, config.limits.clone());
    let silent_ns = u64::try_from(config.silent_after.as_nanos()).unwrap_or(u64::MAX);
    let mut this = Process {
        control,
        orders,
        items: Vec::new(),
        heard_ns: mono_ns(),
        silent: false,
        dealer,
        learner,
        writer,
        gauges,
    };
    let mut tick = tokio::time::interval(config.state_every);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    tracing::info!(controller = %config.controller, "app runs");
    loop {
        tokio::select! {
            () = stopped(&mut shutdown) => break,
            Some((report, at)) = source.reports.recv() => this.rates(&report, at),
            Some(event) = from_controller.recv() => this.controller(event).await,
            _ = tick.tick() => {
                this.state(silent_ns);
                if let Some(stats) = source.stats() {
                    this.gauges.refused.set(stats.refused.load(Relaxed) as f64);
                    this.gauges.dropped.set(stats.dropped.load(Relaxed) as f64);
                }
            }
        }
    }
    this.writer.flush()?;
    tracing::info!("app ended");
    Ok(())
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

#[derive(Serialize)]
struct OrderRow<'a> {
    id: u64,
    action: &'a str,
    ok: bool,
    reason: &'a str,
}

struct Process {
    control: Option<HttpAppControl>,
    orders: Orders,
    items: Vec<AppItem>,
    heard_ns: u64,
    silent: bool,
    dealer: Arc<Dealer>,
    learner: Option<Learner>,
    writer: Writer,
    gauges: Gauges,
}

impl Process {
    fn rates(&mut self, report: &RateReport, mono_ns: u64) {
        self.heard_ns = mono_ns;
        if std::mem::take(&mut self.silent) {
            tracing::info!("the application reports again");
        }
        self.gauges.reports.inc();
        self.items.clear();
        for item in &report.items {
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
                supi: item.supi.clone(),
                offered_bit_per_s: Some(item.offered_bit_per_s),
                delivered_bit_per_s: Some(item.delivered_bit_per_s),
                resolution: item.resolution.map(|r| r.name().to_owned()),
                stalled: item.stalled.unwrap_or(false),
            });
        }
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
            DealerEvent::Down { reason, .. } => {
                tracing::warn!(reason, "controller is away; resolutions stay as they are")
            }
            DealerEvent::Refused(refusal) => tracing::warn!(code = refusal.code, reason = refusal.reason, "refused"),
        }
    }

    async fn carry_out(&mut self, id: u64, approved: Approved<Action>) {
        let words = approved.action().words();
        let result = match (approved.into_action(), &self.control) {
            (Action::Resolution { supi, res }, Some(control)) => match Resolution::from_name(&res) {
                Some(resolution) => control.set_resolution(&supi, resolution).await.map_err(|e| e.to_string()),
                None => Err(format!("the application does not know {res}")),
            },
            _ => Err("no control of the application is configured (app.control)".to_owned()),
        };
        let reason = result.as_ref().err().cloned().unwrap_or_default();
        self.writer.row("app_order", &OrderRow { id, action: &words, ok: result.is_ok(), reason: &reason });
        self.gauges.orders.with_label_values(&[if result.is_ok() { "done" } else { "failed" }]).inc();
        if let Ok(answer) = self.orders.done(ME, id, result) {
            self.dealer.send(answer);
        }
    }

    fn state(&mut self, silent_ns: u64) {
        let mono_ns = mono_ns();
        if !self.silent && mono_ns.saturating_sub(self.heard_ns) > silent_ns {
            tracing::warn!("no application rates; what was reported is no longer observed");
            self.silent = true;
            self.items.clear();
        }
        self.gauges.silent.set(f64::from(u8::from(self.silent)));
        let board = self.learner.as_ref().map(Learner::board).unwrap_or_default();
        let state = AppState {
            mono_ns: self.heard_ns,
            items: self.items.clone(),
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
    reports: IntCounter,
    refused: Gauge,
    dropped: Gauge,
    silent: Gauge,
    orders: IntCounterVec,
    link: GaugeVec,
    rounds: Gauge,
    _server: Option<MetricsServer>,
}

impl Gauges {
    fn new(config: &AppConfig) -> Result<Self, AppError> {
        let m = Metrics::new("app")?;
        let made = Self {
            reports: m.counter("sidecar_app_reports_total", "Rate reports taken")?,
            refused: m.gauge("sidecar_app_refused_reports", "Rate reports refused since the start")?,
            dropped: m.gauge("sidecar_app_dropped_reports", "Rate reports dropped since the start")?,
            silent: m.gauge("sidecar_app_silent", "1 where the application gives no rates")?,
            orders: m.counter_vec("sidecar_app_orders_total", "Orders of the controller", &["result"])?,
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
