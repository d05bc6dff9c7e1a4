//! The learning side of the controller on threads of its own: one serves forecasts at once, one trains.

use super::state::{ApiState, ErrorRow, RoundState};
use crate::config::WeightingMethod;
use crate::learn::{
    ETA, Kept, LearnError, SharedConfig, SharedLearner, SharedServer, Shows, TrainingEvent, TrainingRuns, Triggers,
    Work, built_in, weighting,
};
use crate::record::Writer;
use crate::wire::{Agent, Kind, Message, Router};
use predict::TransformerConfig;
use serde::Serialize;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Messages that wait for a thread before new ones are dropped.
const QUEUE: usize = 256;

/// The two threads' handle; they end when it is dropped.
pub struct Rounds {
    serve: SyncSender<(Agent, Message)>,
    train: Option<SyncSender<(Agent, Message)>>,
    state: Arc<Mutex<RoundState>>,
    runs: Arc<Mutex<TrainingRuns>>,
    writer: Writer,
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
    /// When rounds update.
    pub triggers: Triggers,
    /// Time from one state that is kept beside the run's logs to the next, ns; 0 = none is.
    pub keep_ns: u64,
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
        Learning { train, weighting: method, timeout_ns, triggers, keep_ns }: Learning,
        router: &Arc<Router>,
        writer: Writer,
    ) -> Result<Self, LearnError> {
        let shape = TransformerConfig::table2(1);
        let weights = built_in(Agent::Controller).map(|w| w.shared);
        let state = Arc::new(Mutex::new(RoundState::default()));
        let runs = Arc::new(Mutex::new(TrainingRuns::new(triggers)));
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
            let mut kept = Kept::beside(writer.path(), Agent::Controller, keep_ns);
            if kept.resume(|bytes| learner.resume(bytes)) {
                // a channel of one that is empty takes it
                let _taken = new_weights.try_send(learner.weights()?);
                tracing::info!(round = learner.round(), "what was learned in this run goes on");
            }
            let side = Side {
                fresh: new_weights,
                router: Arc::clone(router),
                state: Arc::clone(&state),
                runs: Arc::clone(&runs),
                writer: writer.clone(),
            };
            let body = move || train_all(&mut learner, &messages, &side, &mut kept);
            spawn("train", Box::new(body))?;
            Some(inbox)
        } else {
            None
        };
        Ok(Self { serve, train, state, runs, writer, dropped: 0 })
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

    /// A person stated a goal: it begins a training run where they are begun at all.
    pub fn goal(&self, text: &str) {
        if self.train.is_some() {
            tell(&self.writer, locked(&self.runs).goal(text));
        }
    }

    /// An agent's running forecast error, as a multiple of persistence's.
    pub fn forecast(&self, agent: &str, ratio: f64, now_ns: u64) {
        if self.train.is_some() {
            tell(&self.writer, locked(&self.runs).forecast(agent, ratio, now_ns));
        }
    }

    /// Number of the last training run that ended.
    #[must_use]
    pub fn last_run(&self) -> Option<u64> {
        locked(&self.runs).last()
    }

    /// Where the rounds stand.
    #[must_use]
    pub fn state(&self) -> RoundState {
        let mut state = locked(&self.state).clone();
        let runs = locked(&self.runs);
        state.training = self.train.is_some() && runs.trains();
        (state.run, state.cause) = runs.now().map_or((None, None), |(id, c)| (Some(id), Some(c.name().to_owned())));
        (state.o_error, state.c_error) = runs.means().unzip();
        state
    }
}

impl ApiState {
    /// Each agent's running forecast error by the Transformer, as a multiple of persistence's over the same windows.
    #[must_use]
    pub fn errors_of_persistence(&self) -> Vec<(String, f64)> {
        let of = |agent: &str, model: &str| self.errors.iter().find(|e| e.agent == agent && e.model == model);
        let rows = self.errors.iter().filter(|e| e.model == "transformer");
        let ratio = |e: &ErrorRow| Some((e.agent.clone(), e.nmae / of(&e.agent, "persistence")?.nmae));
        rows.filter_map(ratio).filter(|(_, r)| r.is_finite()).collect()
    }
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes what began or ended into the record.
fn tell(writer: &Writer, event: Option<TrainingEvent>) {
    if let Some(e) = event {
        tracing::info!(run = e.id, cause = e.cause.name(), detail = %e.detail, rounds = e.rounds, why = ?e.why, "training {}", e.what);
        writer.row("training", &e);
    }
}

/// What the training thread has besides its learner.
struct Side {
    fresh: SyncSender<Vec<u8>>,
    router: Arc<Router>,
    state: Arc<Mutex<RoundState>>,
    runs: Arc<Mutex<TrainingRuns>>,
    writer: Writer,
}

impl Side {
    /// A round showed these errors: a training run may begin or end with it.
    fn shown(&self, errors: Shows) {
        let event = locked(&self.runs).round(errors.o_error, errors.c_error, errors.bytes, crate::clock::mono_ns());
        tell(&self.writer, event);
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

fn train_all(learner: &mut SharedLearner, messages: &Receiver<(Agent, Message)>, side: &Side, kept: &mut Kept) {
    loop {
        match messages.recv_timeout(Duration::from_millis(100)) {
            Ok((agent, message)) => {
                for answer in learner.on_message(&message, crate::clock::mono_ns()) {
                    side.router.send(agent, answer);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        learner.train(locked(&side.runs).trains());
        loop {
            match learner.work(crate::clock::mono_ns()) {
                Ok(Work::Idle) => break,
                Ok(Work::Reckoned { .. }) => {}
                Ok(Work::Watched { errors, messages, .. }) => {
                    for (agent, message) in messages {
                        side.router.send(agent, message);
                    }
                    side.shown(errors);
                }
                Ok(Work::Ended { round, outcome, agents, errors, messages }) => {
                    for (agent, message) in messages {
                        side.router.send(agent, message);
                    }
                    if outcome.applied()
                        && let Ok(weights) = learner.weights()
                        && side.fresh.try_send(weights).is_err()
                    {
                        tracing::debug!("the serving side takes the next weights");
                    }
                    let mut state = locked(&side.state);
                    state.rounds += u64::from(outcome.applied());
                    for e in agents {
                        state.losses.insert(e.agent.name().to_owned(), f64::from(e.loss));
                        let (agent, applied) = (e.agent.name(), outcome.applied());
                        let row = RoundRow { round, agent, loss: e.loss, weight: e.weight, applied };
                        side.writer.row("round", &row);
                    }
                    drop(state);
                    side.shown(errors);
                    kept.save(crate::clock::mono_ns(), || learner.checkpoint().map(Some));
                }
                Err(error) => {
                    tracing::warn!(%error, "a draw is left out");
                    break;
                }
            }
        }
    }
}
