//! The thread that feeds an agent's series to its predictor and takes part in the rounds.

use crate::clock::mono_ns;
use crate::config::WeightingMethod;
use crate::controller::state::{ErrorRow, PredictionRow};
use crate::learn::{
    DataSet, Kept, LearnError, Predictor, PredictorConfig, ReplayRow, TraceSource, Trainer, TrainerConfig,
    TrainerEvent, built_in, draws, replay, source,
};
use crate::record::Writer;
use crate::wire::{Agent, Dealer, Kind, Message};
use predict::data::WindowSpec;
use predict::optim::OptimiserConfig;
use serde::Serialize;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How an agent predicts and trains.
#[derive(Debug, Clone)]
pub struct LearnerConfig {
    /// Who.
    pub agent: Agent,
    /// Run of the controller.
    pub run: u64,
    /// Wall time from one sample of the series to the next: the trace replays faster than time.
    pub sample_every: Duration,
    /// Take part in coordination rounds.
    pub train: bool,
    /// Time between two rounds.
    pub round_every: Duration,
    /// Windows of a draw.
    pub batch: usize,
    /// How the controller weights the agents, which says how many batches a round takes.
    pub weighting: WeightingMethod,
    /// Seed of the draw of windows.
    pub seed: u64,
    /// Optimiser.
    pub optimiser: OptimiserConfig,
    /// Time from one state that is kept beside the run's logs to the next; zero = none is.
    pub keep_every: Duration,
}

impl LearnerConfig {
    /// A sample each 100 ms, a round each second with 16 windows.
    #[must_use]
    pub fn new(agent: Agent, run: u64) -> Self {
        Self {
            agent,
            run,
            sample_every: Duration::from_millis(100),
            train: true,
            round_every: Duration::from_secs(1),
            batch: 16,
            weighting: WeightingMethod::Static,
            seed: 1,
            optimiser: OptimiserConfig::default(),
            keep_every: Duration::from_secs(10),
        }
    }
}

/// What the thread shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Board {
    /// Last forecast, first and last value of the horizon.
    pub predictions: Vec<PredictionRow>,
    /// Errors over the first pass through the test part; later passes would be scored on what was trained on.
    pub errors: Vec<ErrorRow>,
    /// Samples fed.
    pub samples: u64,
    /// Rounds that changed the weights.
    pub rounds: u64,
    /// Messages of the rounds that could not be used.
    pub dropped: u64,
}

/// The running thread; it ends when this is dropped.
#[derive(Debug)]
pub struct Learner {
    inbox: Option<SyncSender<Message>>,
    board: Arc<Mutex<Board>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Serialize)]
struct ForecastRow<'a> {
    agent: &'static str,
    quantity: &'a str,
    origin: u64,
    model: &'static str,
    observed: Option<f32>,
    values: &'a [f32],
}

#[derive(Serialize)]
struct RoundRow {
    agent: &'static str,
    round: u64,
    applied: bool,
}

impl Learner {
    /// Starts the thread. Messages of the rounds leave over `dealer`; those that come are handed to [`Learner::give`].
    ///
    /// # Errors
    /// The system's, where it gives no thread.
    pub fn spawn(config: LearnerConfig, dealer: Arc<Dealer>, writer: Writer) -> std::io::Result<Self> {
        let (inbox, messages) = sync_channel(256);
        let board = Arc::new(Mutex::new(Board::default()));
        let shown = Arc::clone(&board);
        let thread = std::thread::Builder::new().name("learner".to_owned()).spawn(move || {
            if let Err(e) = work(&config, &messages, &dealer, &writer, &shown) {
                tracing::error!(agent = config.agent.name(), error = %e, "prediction ended; the agent goes on without");
            }
        })?;
        Ok(Self { inbox: Some(inbox), board, thread: Some(thread) })
    }

    /// Whether a message is for this thread.
    #[must_use]
    pub const fn wants(kind: Kind) -> bool {
        matches!(kind, Kind::Gradient | Kind::Prediction | Kind::Ack)
    }

    /// Hands over a message; `false` where the thread is behind and the message was dropped.
    pub fn give(&self, message: Message) -> bool {
        self.inbox.as_ref().is_some_and(|i| i.try_send(message).is_ok())
    }

    /// What it shows now.
    #[must_use]
    pub fn board(&self) -> Board {
        self.board.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Learner {
    fn drop(&mut self) {
        self.inbox = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct State<'a> {
    config: &'a LearnerConfig,
    source: TraceSource,
    predictor: Predictor,
    trainer: Option<Trainer>,
    kept: Kept,
    rows: Vec<ReplayRow>,
    next: usize,
    passes: u64,
    board: &'a Mutex<Board>,
    writer: &'a Writer,
}

fn work(
    config: &LearnerConfig,
    inbox: &Receiver<Message>,
    dealer: &Dealer,
    writer: &Writer,
    board: &Mutex<Board>,
) -> Result<(), LearnError> {
    let Some(source) = source(config.agent) else { return Ok(()) };
    let data = DataSet::new(source.read()?, source.split, WindowSpec::default())?;
    let weights = built_in(config.agent);
    let (own, shared) = (weights.map(|w| w.agent), weights.map(|w| w.shared));
    let serve = PredictorConfig { agent: config.agent, run: config.run, keep_shared: true };
    let mut predictor = Predictor::new(serve, &data, own, shared)?;
    let kept = Kept::beside(writer.path(), config.agent, nanos(config.keep_every));
    let trainer = if config.train {
        let train = TrainerConfig {
            agent: config.agent,
            run: config.run,
            batch: config.batch,
            draws: draws(config.weighting),
            seed: config.seed,
            optimiser: config.optimiser,
        };
        let mut trainer = Trainer::new(train, &data, own)?;
        if kept.resume(|state| trainer.resume(state)) {
            predictor.set_weights(&trainer.weights()?)?;
            tracing::info!(
                agent = config.agent.name(),
                round = trainer.round(),
                "what was learned in this run goes on"
            );
        }
        Some(trainer)
    } else {
        None
    };
    let rows = replay(&data);
    let mut state = State { config, source, predictor, trainer, kept, rows, next: 0, passes: 0, board, writer };
    let (sample_ns, round_ns) = (nanos(config.sample_every), nanos(config.round_every));
    let (mut sample_at, mut round_at) = (mono_ns(), mono_ns() + round_ns);
    loop {
        let now = mono_ns();
        if now >= sample_at {
            state.sample(dealer)?;
            // A thread that was held up does not rush through the series afterwards.
            sample_at = (sample_at + sample_ns).max(now);
        }
        if now >= round_at {
            state.round(dealer)?;
            round_at = now + round_ns;
        }
        let wait = sample_at.min(round_at).saturating_sub(mono_ns()).max(100_000);
        match inbox.recv_timeout(Duration::from_nanos(wait)) {
            Ok(message) => state.take(&message)?,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

impl State<'_> {
    fn sample(&mut self, dealer: &Dealer) -> Result<(), LearnError> {
        let Some(row) = self.rows.get(self.next).cloned() else { return Ok(()) };
        if row.begins {
            self.predictor.new_series();
        }
        self.next += 1;
        if self.next == self.rows.len() {
            (self.next, self.passes) = (0, self.passes + 1);
        }
        self.predictor.push(&row.values);
        if let Some(message) = self.predictor.infer_message(mono_ns())? {
            dealer.send(message);
        }
        let windows = self.predictor.take_windows();
        if let Some(trainer) = &mut self.trainer {
            trainer.add(windows);
        }
        self.show(row.values.first().copied().flatten());
        Ok(())
    }

    fn show(&self, observed: Option<f32>) {
        let agent = self.config.agent.name();
        let forecast = self.predictor.forecast();
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        board.samples = self.predictor.samples();
        if let Some(f) = &forecast {
            let row = |(step, value): (usize, &f32)| PredictionRow {
                agent: agent.to_owned(),
                series: self.source.quantity.to_owned(),
                model: f.source.name().to_owned(),
                horizon_s: (step + 1) as f64 * self.source.period_s,
                value: f64::from(*value),
            };
            board.predictions = f.values.iter().enumerate().map(row).collect();
            let row = ForecastRow {
                agent,
                quantity: self.source.quantity,
                origin: f.origin,
                model: f.source.name(),
                observed,
                values: &f.values,
            };
            self.writer.row("forecast", &row);
        }
        if self.passes == 0 {
            let figures = self.predictor.figures();
            let sums = [
                ("transformer", &figures.transformer),
                ("dlinear", &figures.dlinear),
                ("persistence", &figures.persistence),
            ];
            let row = |(model, sum): (&str, &predict::ErrorSum)| {
                let windows = self.predictor.samples().saturating_sub(self.predictor.without_transformer());
                sum.nmae().map(|nmae| ErrorRow { agent: agent.to_owned(), model: model.to_owned(), nmae, windows })
            };
            board.errors = sums.into_iter().filter_map(row).collect();
        }
    }

    fn round(&mut self, dealer: &Dealer) -> Result<(), LearnError> {
        let Some(trainer) = &mut self.trainer else { return Ok(()) };
        for message in trainer.messages(mono_ns())? {
            dealer.send(message);
        }
        Ok(())
    }

    fn take(&mut self, message: &Message) -> Result<(), LearnError> {
        if message.header.kind == Kind::Prediction {
            self.predictor.on_prediction(message);
        } else if let Some(trainer) = &mut self.trainer
            && let TrainerEvent::Stepped { round, outcome } = trainer.on_message(message)?
        {
            if outcome.applied() {
                self.predictor.set_weights(&trainer.weights()?)?;
            }
            self.kept.save(mono_ns(), || trainer.checkpoint());
            let row = RoundRow { agent: self.config.agent.name(), round, applied: outcome.applied() };
            self.writer.row("round", &row);
            self.board.lock().unwrap_or_else(PoisonError::into_inner).rounds += u64::from(outcome.applied());
        }
        let dropped = self.predictor.refused + self.trainer.as_ref().map_or(0, |t| t.dropped);
        self.board.lock().unwrap_or_else(PoisonError::into_inner).dropped = dropped;
        Ok(())
    }
}

fn nanos(d: Duration) -> u64 {
    u64::try_from(d.as_nanos()).unwrap_or(u64::MAX)
}
