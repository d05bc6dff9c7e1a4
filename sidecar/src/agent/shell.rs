//! The shell of an agent: record, metrics, link to the controller, orders and learner in one loop with what its [`Role`] hears.

use super::{AgentConfig, AgentError, Learner, Orders, Role, stopped};
use crate::record::Writer;
use crate::telemetry::{Metrics, serve_metrics};
use crate::wire::{Agent, Dealer, DealerConfig, DealerEvent, Kind, Message};
use prometheus::{Gauge, GaugeVec};
use serde::Serialize;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// Label of orders that were carried out, and of those that could not be.
const DONE: &str = "done";
const FAILED: &str = "failed";

/// What a role is made with: the record and the metrics of its process.
pub struct Base {
    /// The record.
    pub writer: Writer,
    /// The metrics; served once the agent runs.
    pub metrics: Metrics,
}

impl Base {
    /// Opens the record in `run_dir`, where there is one, and the metrics.
    ///
    /// # Errors
    /// [`AgentError::Record`].
    pub fn open(agent: Agent, run_dir: Option<&Path>) -> Result<Self, AgentError> {
        let writer = match run_dir {
            Some(dir) => Writer::open(dir, agent.name())?,
            None => Writer::nowhere(),
        };
        Ok(Self { writer, metrics: Metrics::new(agent.name())? })
    }

    /// Runs the agent until `shutdown` turns true, or its sender is gone.
    ///
    /// # Errors
    /// [`AgentError`] where it cannot start; a controller that is away is no error.
    pub async fn run<R: Role>(
        self,
        role: R,
        mut heard: mpsc::Receiver<R::Heard>,
        config: &AgentConfig,
        mut shutdown: watch::Receiver<bool>,
    ) -> Result<(), AgentError> {
        let name = R::AGENT.name();
        // Both are there from the start, so that the first order is seen as an increase.
        for result in [DONE, FAILED] {
            role.orders().with_label_values(&[result]);
        }
        let link =
            self.metrics.gauge_vec("sidecar_link_messages", "Counters of the link to the controller", &["what"])?;
        let rounds = self.metrics.gauge("sidecar_learn_rounds", "Coordination rounds that changed the weights")?;
        let _server = config.metrics.as_ref().map(|at| serve_metrics(at, &self.metrics)).transpose()?;
        let mut dealer = DealerConfig::new(&config.controller, R::AGENT);
        dealer.run = config.run;
        dealer.hello = role.hello();
        tracing::info!(controller = %config.controller, hello = %dealer.hello, "{name} runs");
        let (dealer, mut from_controller) = Dealer::connect(dealer)?;
        let dealer = Arc::new(dealer);
        let spawn = |learn| Learner::spawn(learn, Arc::clone(&dealer), self.writer.clone());
        let learner = config.learn.clone().map(spawn).transpose().map_err(AgentError::Thread)?;
        let orders = Orders::new(R::KIND, config.limits.clone());
        let mut shell = Shell { role, orders, dealer, learner, writer: self.writer, link, rounds };
        let mut tick = tokio::time::interval(config.state_every);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stopped(&mut shutdown) => break,
                Some(heard) = heard.recv() => shell.role.hear(heard),
                Some(event) = from_controller.recv() => shell.controller(event).await,
                _ = tick.tick() => shell.report().await,
            }
        }
        shell.writer.flush()?;
        tracing::info!("{name} ended");
        Ok(())
    }
}

/// An order carried out, or not.
#[derive(Serialize)]
struct OrderRow<'a> {
    id: u64,
    action: &'a str,
    ok: bool,
    reason: &'a str,
}

struct Shell<R> {
    role: R,
    orders: Orders,
    dealer: Arc<Dealer>,
    learner: Option<Learner>,
    writer: Writer,
    link: GaugeVec,
    rounds: Gauge,
}

impl<R: Role> Shell<R> {
    async fn controller(&mut self, event: DealerEvent) {
        match event {
            DealerEvent::Message { message, mono_ns } if message.header.kind == Kind::Action => {
                self.order(&message, mono_ns).await;
            }
            DealerEvent::Message { message, .. } if Learner::wants(message.header.kind) => {
                if let Some(learner) = &self.learner {
                    learner.give(message);
                }
            }
            DealerEvent::Message { .. } => {}
            DealerEvent::Up { .. } => tracing::info!("controller is there"),
            DealerEvent::Down { reason, .. } => tracing::warn!(reason, "controller is away; {}", R::AWAY),
            DealerEvent::Refused(refusal) => tracing::warn!(code = refusal.code, reason = refusal.reason, "refused"),
        }
    }

    async fn order(&mut self, message: &Message, mono_ns: u64) {
        let (id, approved) = match self.orders.take(message, R::AGENT, mono_ns) {
            Ok(Ok(order)) => order,
            Ok(Err(answer)) => {
                self.dealer.send(answer);
                return;
            }
            Err(e) => return tracing::warn!(error = %e, "order that cannot be read"),
        };
        let words = approved.action().words();
        let result = self.role.carry_out(approved.into_action()).await;
        let reason = result.as_ref().err().cloned().unwrap_or_default();
        self.writer.row(R::ORDERS, &OrderRow { id, action: &words, ok: result.is_ok(), reason: &reason });
        self.role.orders().with_label_values(&[if result.is_ok() { DONE } else { FAILED }]).inc();
        if let Ok(answer) = self.orders.done(R::AGENT, id, result) {
            self.dealer.send(answer);
        }
    }

    async fn report(&mut self) {
        let mono_ns = self.role.look().await;
        let board = self.learner.as_ref().map(Learner::board).unwrap_or_default();
        self.rounds.set(board.rounds as f64);
        if let Ok(message) = Message::json(Kind::State, R::AGENT, &self.role.state(mono_ns, board)) {
            self.dealer.send(message);
        }
        for (what, n) in self.dealer.stats().snapshot() {
            self.link.with_label_values(&[what]).set(n as f64);
        }
    }
}
