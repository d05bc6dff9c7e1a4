//! The learning side of the controller on threads of its own: one serves forecasts at once, one trains.

use super::state::RoundState;
use crate::config::WeightingMethod;
use crate::learn::{ETA, LearnError, SharedConfig, SharedLearner, SharedServer, Work, built_in, weighting};
use crate::record::Writer;
use crate::wire::{Agent, Kind, Message, Router};
use predict::TransformerConfig;
use serde::Serialize;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Messages that wait for a thread before new ones are dropped.
const QUEUE: usize = 256;

/// The two threads' handle; they end when it is dropped.
pub struct Rounds {
    serve: SyncSender<(Agent, Message)>,
    train: Option<SyncSender<(Agent, Message)>>,
    state: Arc<Mutex<RoundState>>,
    /// Messages dropped because a thread was behind.
    pub dropped: u64,
}

/// How agents and controller learn together.
#[derive(Debug, Clone, Copy)]
pub struct Learning {
    /// Train, not only forecast.
    pub train: bool,
    /// How the agents are weighted in what they share.
    pub weighting: WeightingMethod,
    /// A round ends with those present after this long, ns.
    pub timeout_ns: u64,
}

/// One contribution to a round, for the record.
#[derive(Debug, Serialize)]
struct RoundRow {
    round: u64,
    agent: &'static str,
    loss: f32,
    /// How much its gradient counted in the step.
    weight: f64,
    applied: bool,
}

impl Rounds {
    /// Starts the threads with the built-in weights.
    ///
    /// # Errors
    /// [`LearnError`] where the weights do not fit; [`LearnError::Message`] where the system gives no thread.
    pub fn start(
        run: u64,
        Learning { train, weighting: method, timeout_ns }: Learning,
        router: &Arc<Router>,
        writer: Writer,
    ) -> Result<Self, LearnError> {
        let shape = TransformerConfig::table2(1);
        let weights = built_in(Agent::Controller).map(|w| w.shared);
        let state = Arc::new(Mutex::new(RoundState::default()));
        let (new_weights, fresh) = sync_channel::<Vec<u8>>(1);
        let spawn = |name: &str, body: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new()
                .name(name.to_owned())
                .spawn(body)
                .map(drop)
                .map_err(|e| LearnError::Message(format!("no thread for learning: {e}")))
        };
        let (serve, requests) = sync_channel(QUEUE);
        let mut server = SharedServer::new(run, shape, weights)?;
        let out = Arc::clone(router);
        spawn("serve", Box::new(move || serve_all(&mut server, &requests, &fresh, &out)))?;
        let train = if train {
            let (inbox, messages) = sync_channel(QUEUE);
            let agents = SharedConfig::default().agents;
            let weighting = weighting(method, agents.len(), ETA, run)?;
            let config = SharedConfig { run, timeout_ns, agents, weighting, ..SharedConfig::default() };
            let mut learner = SharedLearner::new(config, shape, weights)?;
            let (out, shown) = (Arc::clone(router), Arc::clone(&state));
            let body = move || train_all(&mut learner, &messages, &new_weights, &out, &shown, &writer);
            spawn("train", Box::new(body))?;
            Some(inbox)
        } else {
            None
        };
        Ok(Self { serve, train, state, dropped: 0 })
    }

    /// Whether a message is for these threads.
    #[must_use]
    pub const fn wants(kind: Kind) -> bool {
        matches!(kind, Kind::Embedding | Kind::Label | Kind::Infer)
    }

    /// Hands over a message; dropped and counted where the thread is behind.
    pub fn give(&mut self, agent: Agent, message: Message) {
        let to = if message.header.kind == Kind::Infer { Some(&self.serve) } else { self.train.as_ref() };
        if to.is_some_and(|to| to.try_send((agent, message)).is_err()) {
            self.dropped += 1;
        }
    }

    /// Where the rounds stand.
    #[must_use]
    pub fn state(&self) -> RoundState {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve_all(
    server: &mut SharedServer,
    requests: &Receiver<(Agent, Message)>,
    fresh: &Receiver<Vec<u8>>,
    router: &Router,
) {
    while let Ok((agent, message)) = requests.recv() {
        if let Ok(weights) = fresh.try_recv()
            && let Err(error) = server.set_weights(&weights)
        {
            tracing::warn!(%error, "the old weights keep serving");
        }
        match server.answer(&message, crate::clock::mono_ns()) {
            Ok(answer) => {
                router.send(agent, answer);
            }
            Err(error) => tracing::debug!(%error, agent = agent.name(), "a request of inference is refused"),
        }
    }
}

fn train_all(
    learner: &mut SharedLearner,
    messages: &Receiver<(Agent, Message)>,
    fresh: &SyncSender<Vec<u8>>,
    router: &Router,
    state: &Mutex<RoundState>,
    writer: &Writer,
) {
    loop {
        match messages.recv_timeout(Duration::from_millis(100)) {
            Ok((agent, message)) => {
                for answer in learner.on_message(&message, crate::clock::mono_ns()) {
                    router.send(agent, answer);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        loop {
            match learner.work(crate::clock::mono_ns()) {
                Ok(Work::Idle) => break,
                Ok(Work::Reckoned { .. }) => {}
                Ok(Work::Ended { round, outcome, agents, messages }) => {
                    for (agent, message) in messages {
                        router.send(agent, message);
                    }
                    if outcome.applied()
                        && let Ok(weights) = learner.weights()
                        && fresh.try_send(weights).is_err()
                    {
                        tracing::debug!("the serving side takes the next weights");
                    }
                    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                    state.rounds += u64::from(outcome.applied());
                    for e in agents {
                        state.losses.insert(e.agent.name().to_owned(), f64::from(e.loss));
                        let (agent, applied) = (e.agent.name(), outcome.applied());
                        let row = RoundRow { round, agent, loss: e.loss, weight: e.weight, applied };
                        writer.row("round", &row);
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a draw is left out");
                    break;
                }
            }
        }
    }
}
