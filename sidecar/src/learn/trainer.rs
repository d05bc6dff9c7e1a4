//! The training side of an agent: one batch a round over the E-interface, its gradient back over the G-interface.

use super::{DataSet, LearnError};
use crate::wire::{Agent, Kind, Message};
use mops::AgentPart;
use predict::data::{Batch, Encoded, Normaliser, Trace, WindowAt, WindowSpec};
use predict::optim::{OptimiserConfig, StepOutcome};
use predict::{Precision, SeededRng};
use std::collections::VecDeque;

/// A window with its labels (dimensionless).
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// What was observed.
    pub encoded: Encoded,
    /// What came.
    pub labels: Vec<f32>,
}

/// How an agent trains.
#[derive(Debug, Clone, Copy)]
pub struct TrainerConfig {
    /// Who it is.
    pub agent: Agent,
    /// Run that its messages belong to.
    pub run: u64,
    /// Windows of a draw.
    pub batch: usize,
    /// Batches a round, as the weighting asks for; the last one is that of the step.
    pub draws: usize,
    /// Seed of the draw of windows.
    pub seed: u64,
    /// Optimiser.
    pub optimiser: OptimiserConfig,
}

/// What a message from the controller did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrainerEvent {
    /// A gradient was applied (or rolled back) and the agent is at the next round.
    Stepped {
        /// Round that ended.
        round: u64,
        /// Whether the weights are new.
        outcome: StepOutcome,
    },
    /// The controller is at another round; what was pending is given up.
    Moved {
        /// Round now.
        round: u64,
    },
    /// A duplicate, late or damaged message: dropped and counted.
    Dropped,
}

/// Windows seen while running that are kept for training.
const RECENT: usize = 2048;

/// The training side of an agent.
#[derive(Debug)]
pub struct Trainer {
    pub(super) config: TrainerConfig,
    pub(super) part: AgentPart,
    pub(super) rng: SeededRng,
    pub(super) round: u64,
    seq: u64,
    trace: Trace,
    normaliser: Normaliser,
    spec: WindowSpec,
    before: Vec<WindowAt>,
    recent: VecDeque<Window>,
    sent: Option<Vec<Message>>,
    /// Messages dropped.
    pub dropped: u64,
    /// Steps rolled back.
    pub rolled_back: u64,
}

impl Trainer {
    /// From data made ready (its training windows are drawn from, beside those of [`Trainer::add`]) and weights.
    ///
    /// # Errors
    /// [`LearnError::Model`] for weights of another shape.
    pub fn new(config: TrainerConfig, data: &DataSet, weights: Option<&[u8]>) -> Result<Self, LearnError> {
        let mut part = AgentPart::new(data.config(), config.optimiser, config.seed)?;
        if let Some(bytes) = weights {
            part.load_weights(bytes)?;
        }
        Ok(Self {
            rng: SeededRng::new(config.seed, 100 + u64::from(config.agent.code())),
            config,
            part,
            round: 0,
            seq: 0,
            trace: data.trace.clone(),
            normaliser: data.normaliser.clone(),
            spec: data.spec,
            before: data.train.clone(),
            recent: VecDeque::new(),
            sent: None,
            dropped: 0,
            rolled_back: 0,
        })
    }

    /// Adds windows seen while running; the oldest go when there are many. Half of each batch is drawn from them.
    pub fn add(&mut self, windows: impl IntoIterator<Item = Window>) {
        self.recent.extend(windows);
        while self.recent.len() > RECENT {
            self.recent.pop_front();
        }
    }

    /// Round the agent is at.
    #[must_use]
    pub fn round(&self) -> u64 {
        self.round
    }

    /// Whether a gradient is awaited.
    #[must_use]
    pub fn waiting(&self) -> bool {
        self.sent.is_some()
    }

    /// Embedding and label of each draw of this round. While a gradient is awaited, the same bytes again: sending them twice does no harm.
    ///
    /// # Errors
    /// [`LearnError::Model`] when there is no window, or the embedding is not finite.
    pub fn messages(&mut self, now_mono_ns: u64) -> Result<Vec<Message>, LearnError> {
        if let Some(sent) = &self.sent {
            return Ok(sent.clone());
        }
        let mut sent = Vec::new();
        for draw in 0..self.config.draws.max(1) {
            let batch = self.draw()?;
            let z = self.part.upload(&batch.x)?;
            for (kind, tensor) in [(Kind::Embedding, &z), (Kind::Label, &batch.y)] {
                let mut m =
                    Message::f32(kind, self.config.agent, tensor.dims(), &tensor.flatten_all()?.to_vec1::<f32>()?)?;
                self.seq += 1;
                (m.header.run, m.header.round, m.header.seq, m.header.sent_mono_ns) =
                    (self.config.run, self.round, self.seq, now_mono_ns);
                m.header.micro_batch = u32::try_from(draw).unwrap_or(u32::MAX);
                sent.push(m);
            }
        }
        self.sent = Some(sent.clone());
        Ok(sent)
    }

    /// A batch of windows, half of them of those seen while running.
    pub(super) fn draw(&mut self) -> Result<Batch, LearnError> {
        let (mut encoded, mut labels) = (Vec::new(), Vec::new());
        for _ in 0..self.config.batch.max(1) {
            let recent = !self.recent.is_empty() && (self.before.is_empty() || self.rng.below(2) == 1);
            let window = if recent {
                self.recent.get(self.rng.below(self.recent.len())).map(|w| (w.encoded.clone(), w.labels.clone()))
            } else {
                let at = self.before.get(self.rng.below(self.before.len())).copied();
                at.and_then(|w| self.normaliser.window(&self.trace, w, self.spec))
            };
            if let Some((e, l)) = window {
                encoded.push(e);
                labels.push(l);
            }
        }
        Ok(Batch::assemble(encoded, &labels, self.spec)?)
    }

    /// Takes a `Gradient`, or an `Ack` that says which round the controller is at.
    ///
    /// # Errors
    /// [`LearnError::Model`] when a tensor operation fails.
    pub fn on_message(&mut self, message: &Message) -> Result<TrainerEvent, LearnError> {
        let h = &message.header;
        if h.run != self.config.run {
            self.dropped += 1;
            return Ok(TrainerEvent::Dropped);
        }
        match h.kind {
            Kind::Gradient if h.round == self.round => {
                // of the last draw: embedding, label
                let last = self.sent.as_ref().and_then(|sent| sent.iter().nth_back(1));
                let same_shape =
                    last.is_some_and(|z| (z.header.dims(), z.header.micro_batch) == (h.dims(), h.micro_batch));
                let outcome = if same_shape { self.part.apply_gradient(&message.to_f32())? } else { None };
                let Some(outcome) = outcome else {
                    self.dropped += 1;
                    return Ok(TrainerEvent::Dropped);
                };
                self.rolled_back += u64::from(!outcome.applied());
                let round = self.round;
                self.round += 1;
                self.sent = None;
                Ok(TrainerEvent::Stepped { round, outcome })
            }
            Kind::Ack if h.round != self.round => {
                self.part.abandon();
                self.sent = None;
                self.round = h.round;
                Ok(TrainerEvent::Moved { round: h.round })
            }
            _ => {
                self.dropped += 1;
                Ok(TrainerEvent::Dropped)
            }
        }
    }

    /// The weights now, exact, for [`super::Predictor::set_weights`].
    ///
    /// # Errors
    /// [`LearnError::Model`] when they cannot be written.
    pub fn weights(&self) -> Result<Vec<u8>, LearnError> {
        Ok(self.part.weights(Precision::F32)?)
    }

    pub(super) fn forget_sent(&mut self) {
        self.sent = None;
        self.part.abandon();
    }
}
