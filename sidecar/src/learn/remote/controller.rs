//! A controller that does nothing but train.

use crate::clock::mono_ns;
use crate::learn::keep;
use crate::learn::{LearnError, RoundCounters, SharedConfig, SharedLearner, Work};
use crate::wire::{Agent, Kind, Message, Router, RouterConfig, RouterEvent};
use predict::TransformerConfig;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Longest time without a look at the order to stop.
const LOOK: Duration = Duration::from_millis(100);
/// After the last agent is done, who did not hear it may ask again for so long, ns.
const LINGER_NS: u64 = 500_000_000;
/// One that is started again after the last round waits so long for agents, ns: they may have ended.
const ALONE_NS: u64 = 10_000_000_000;

/// What a controller's process is given.
#[derive(Debug, Clone)]
pub struct RemoteController {
    /// Where agents connect.
    pub endpoint: String,
    /// Weighting and optimiser; no round ends before all agents are in it.
    pub shared: SharedConfig,
    /// It ends after this many rounds.
    pub rounds: u64,
    /// Folder of its state, `controller.state`, of `rounds.jsonl`, and at the end of its weights, `controller.weights`.
    pub folder: PathBuf,
    /// Whether its state is kept after every round.
    pub keeps: bool,
}

/// A line of `rounds.jsonl`: a round that ended. After a kill its last one may be there twice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoundLine {
    /// Its number.
    pub round: u64,
    /// When, host-monotonic, ns.
    pub mono_ns: u64,
    /// Loss of each agent, in the order ran, core, app.
    pub losses: Vec<f32>,
    /// How much each counted.
    pub weights: Vec<f64>,
}

/// What a controller's process did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ControllerEnd {
    /// Round it is at.
    pub round: u64,
    /// Of this process, from its start.
    #[serde(flatten)]
    pub counters: RoundCounters,
}

impl RemoteController {
    /// Trains until all agents have done all rounds, or it is told to stop.
    ///
    /// # Errors
    /// [`LearnError`]: an address that is taken, a state that is damaged, a file, or a model.
    pub fn run(&self, stop: &AtomicBool) -> Result<ControllerEnd, LearnError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(|e| LearnError::Message(format!("no runtime: {e}")))?;
        runtime.block_on(self.serve(stop))
    }

    async fn serve(&self, stop: &AtomicBool) -> Result<ControllerEnd, LearnError> {
        keep::folder(&self.folder)?;
        let shared = SharedConfig { timeout_ns: u64::MAX, ..self.shared.clone() };
        let mut learner = SharedLearner::new(shared, TransformerConfig::table2(1), None)?;
        let state = self.folder.join("controller.state");
        if let Some(bytes) = keep::read(&state)? {
            learner.resume(&bytes)?;
            tracing::info!(round = learner.round(), "goes on");
        }
        let lines = self.folder.join("rounds.jsonl");
        let log = File::options().create(true).append(true).open(&lines);
        let mut log = log.map_err(|e| LearnError::file(&lines, e))?;
        let bound = Router::bind(RouterConfig::new(&self.endpoint, self.shared.run));
        let (router, mut events) = bound.map_err(|e| LearnError::Message(e.to_string()))?;
        tracing::info!(endpoint = router.endpoint(), "agents may come");
        let mut done = BTreeSet::new();
        let weights = self.folder.join("controller.weights");
        let mut ends_ns = None;
        if learner.round() >= self.rounds {
            keep::replace(&weights, &learner.weights()?)?;
            ends_ns = Some(mono_ns() + ALONE_NS);
        }
        while !stop.load(Relaxed) && ends_ns.is_none_or(|at| mono_ns() < at) {
            if let Some((agent, message)) = next(&mut events).await {
                if message.header.kind == Kind::Ack && message.header.round == self.rounds {
                    done.insert(agent.code());
                    router.send(agent, farewell(&message));
                } else {
                    for answer in learner.on_message(&message, mono_ns()) {
                        router.send(agent, answer);
                    }
                }
            }
            loop {
                match learner.work(mono_ns()) {
                    Ok(Work::Idle) => break,
                    Ok(Work::Reckoned { .. } | Work::Watched { .. }) => {}
                    Err(error) => tracing::warn!(%error, "a draw is left out; it will be sent again"),
                    Ok(Work::Ended { round, agents, messages, .. }) => {
                        let losses = agents.iter().map(|a| a.loss).collect();
                        let weights = agents.iter().map(|a| a.weight).collect();
                        let line = RoundLine { round, mono_ns: mono_ns(), losses, weights };
                        let text = serde_json::to_string(&line).map_err(|e| LearnError::Message(e.to_string()))?;
                        writeln!(log, "{text}").map_err(|e| LearnError::file(&lines, e))?;
                        if self.keeps {
                            keep::replace(&state, &learner.checkpoint()?)?;
                        }
                        // not before the state is kept: no agent may be ahead of it
                        for (agent, message) in messages {
                            router.send(agent, message);
                        }
                    }
                }
            }
            if ends_ns.is_none() && done.len() == self.shared.agents.len() {
                keep::replace(&weights, &learner.weights()?)?;
                ends_ns = Some(mono_ns() + LINGER_NS);
            }
        }
        Ok(ControllerEnd { round: learner.round(), counters: learner.counters() })
    }
}

/// The same word back.
fn farewell(message: &Message) -> Message {
    let mut answer = Message::empty(Kind::Ack, Agent::Controller);
    (answer.header.run, answer.header.round) = (message.header.run, message.header.round);
    answer
}

/// The next message of an agent, or none after a while.
async fn next(events: &mut mpsc::Receiver<RouterEvent>) -> Option<(Agent, Message)> {
    match timeout(LOOK, events.recv()).await {
        Ok(Some(RouterEvent::Message { agent, message, .. })) => Some((agent, message)),
        Ok(Some(RouterEvent::Joined { agent, .. })) => {
            tracing::info!(agent = agent.name(), "an agent joined");
            None
        }
        Ok(Some(RouterEvent::Left { agent, .. })) => {
            tracing::warn!(agent = agent.name(), "an agent left");
            None
        }
        Ok(Some(RouterEvent::Refused { refusal, .. })) => {
            tracing::warn!(code = refusal.code, reason = refusal.reason, "refused a peer");
            None
        }
        Ok(None) => {
            tokio::time::sleep(LOOK).await;
            None
        }
        Err(_) => None,
    }
}
