//! The training side of the controller: collects a round, updates the shared part, gives the gradients back.
//!
//! A round is named by its number, a message of it by agent and draw (the micro-batch of the wire); so messages may be lost, doubled, late or out of order, and either
//! side may die. What was reckoned last stays, so that an agent that did not get its gradient gets it when it sends the same again. An agent
//! at another round is told which one is on (`Ack`).

use super::LearnError;
use super::round::{Collected, GradientOf, Put, RoundCounters, index};
use crate::wire::{Agent, Kind, Message};
use mops::{CError, Contribution, Gram, OError, SharedPart, StaticWeights, Weighting};
use predict::optim::{OptimiserConfig, StepOutcome};
use predict::{Precision, TransformerConfig};

/// How the controller trains.
#[derive(Debug, Clone)]
pub struct SharedConfig {
    /// Run that its messages belong to.
    pub run: u64,
    /// Agents of a round, in the order of their weights.
    pub agents: Vec<Agent>,
    /// How they are weighted, which also says how many batches each of them draws for a round.
    pub weighting: Weighting,
    /// After this long from its first message a round ends with those present.
    pub timeout_ns: u64,
    /// Optimiser of the shared part.
    pub optimiser: OptimiserConfig,
}

impl Default for SharedConfig {
    fn default() -> Self {
        let agents = vec![Agent::Ran, Agent::Core, Agent::App];
        Self {
            run: 0,
            weighting: Weighting::Static(StaticWeights::uniform(agents.len())),
            agents,
            timeout_ns: 5_000_000_000,
            optimiser: OptimiserConfig::default(),
        }
    }
}

/// What one agent added to a round.
#[derive(Debug, Clone, PartialEq)]
pub struct SharedEvent {
    /// Who.
    pub agent: Agent,
    /// Its loss.
    pub loss: f32,
    /// How much its gradient counted.
    pub weight: f64,
    /// Estimate of its O-error from this batch; the agent's own share is not observed here.
    pub o_error: OError,
}

/// Estimates from the batches of the step, over the shared part.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Shows {
    /// Joint O-error ‖Σ γᵢ gᵢ‖ with the weights in force, scaled to a sum of 1.
    pub o_error: f64,
    /// C-error of these weights.
    pub c_error: f64,
    /// Bytes of the round's embeddings, labels and gradients.
    pub bytes: u64,
}

/// What a call of [`SharedLearner::work`] did.
#[derive(Debug)]
pub enum Work {
    /// Nothing to do yet.
    Idle,
    /// One draw was reckoned.
    Reckoned {
        /// Whose.
        agent: Agent,
    },
    /// The round ended.
    Ended {
        /// Its number.
        round: u64,
        /// Whether the shared part is new.
        outcome: StepOutcome,
        /// What each agent present added.
        agents: Vec<SharedEvent>,
        /// What it shows of the errors.
        errors: Shows,
        /// To send: a `Gradient` for each agent's last draw, addressed.
        messages: Vec<(Agent, Message)>,
    },
    /// The round ended without a step, since there is no training now: the errors were looked at.
    Watched {
        /// Its number.
        round: u64,
        /// What it shows of the errors.
        errors: Shows,
        /// To send: the number of the next round to each agent present.
        messages: Vec<(Agent, Message)>,
    },
}

/// The training side of the controller.
#[derive(Debug)]
pub struct SharedLearner {
    pub(super) config: SharedConfig,
    pub(super) part: SharedPart,
    pub(super) round: u64,
    collected: Collected,
    pub(super) last: Vec<(Agent, Message)>,
    seq: u64,
    trains: bool,
    /// Of the last step.
    weights: Vec<f64>,
    counters: RoundCounters,
}

impl SharedLearner {
    /// With weights, or initialised from seed 0.
    ///
    /// # Errors
    /// [`LearnError::Model`] for weights of another shape.
    pub fn new(config: SharedConfig, shape: TransformerConfig, weights: Option<&[u8]>) -> Result<Self, LearnError> {
        let mut part = SharedPart::new(shape, config.optimiser, 0)?;
        if let Some(bytes) = weights {
            part.load_weights(bytes)?;
        }
        let weights = vec![1.0; config.agents.len()];
        Ok(Self {
            config,
            part,
            weights,
            trains: true,
            round: 0,
            collected: Collected::default(),
            last: Vec::new(),
            seq: 0,
            counters: RoundCounters::default(),
        })
    }

    /// Whether rounds end with a step from now on; they do at the start. Without, they show the errors alone.
    pub const fn train(&mut self, trains: bool) {
        self.trains = trains;
    }

    /// Round that is on.
    #[must_use]
    pub fn round(&self) -> u64 {
        self.round
    }

    /// Batches an agent draws for a round.
    fn draws(&self) -> u32 {
        u32::try_from(self.config.weighting.draws()).unwrap_or(1)
    }

    /// Counters since the start.
    #[must_use]
    pub fn counters(&self) -> RoundCounters {
        self.counters
    }

    /// Takes an `Embedding` or `Label`; gives what is to be answered to its sender at once.
    pub fn on_message(&mut self, message: &Message, now_mono_ns: u64) -> Vec<Message> {
        let h = &message.header;
        let known = index(&self.config.agents, h.agent).filter(|_| {
            h.run == self.config.run && matches!(h.kind, Kind::Embedding | Kind::Label) && h.micro_batch < self.draws()
        });
        let Some(agent) = known else {
            self.counters.refused += 1;
            return Vec::new();
        };
        if h.round != self.round {
            self.counters.late += 1;
            // one answer to all of an agent's draws is enough, and it is the last one's whose gradient goes back
            if h.kind == Kind::Label || h.micro_batch + 1 != self.draws() {
                return Vec::new();
            }
            return vec![self.answer_to_other_round(message, now_mono_ns)];
        }
        match self.collected.put(agent, message, &self.part.config(), now_mono_ns) {
            Put::Taken => self.counters.taken += 1,
            Put::Duplicate => self.counters.duplicates += 1,
            Put::Refused => self.counters.refused += 1,
        }
        Vec::new()
    }

    fn answer_to_other_round(&mut self, message: &Message, now_mono_ns: u64) -> Message {
        let h = &message.header;
        let again = self.last.iter().find(|(agent, g)| {
            *agent == h.agent
                && g.header.round == h.round
                && g.header.micro_batch == h.micro_batch
                && g.header.dims() == h.dims()
        });
        let mut answer = again.map_or_else(|| Message::empty(Kind::Ack, Agent::Controller), |(_, g)| g.clone());
        if answer.header.kind == Kind::Ack {
            answer.header.round = self.round;
        }
        self.stamp(&mut answer, now_mono_ns);
        answer
    }

    fn stamp(&mut self, message: &mut Message, now_mono_ns: u64) {
        self.seq += 1;
        message.header.run = self.config.run;
        message.header.seq = self.seq;
        message.header.sent_mono_ns = now_mono_ns;
    }

    /// Does one piece of work: reckons one draw, or ends the round. Call it in a loop until it is [`Work::Idle`], and then when a
    /// message came or every 100 ms or so.
    ///
    /// # Errors
    /// [`LearnError::Model`] when a tensor operation fails; the round goes on without that draw.
    pub fn work(&mut self, now_mono_ns: u64) -> Result<Work, LearnError> {
        if let Some((key, slot)) = self.collected.slots.iter_mut().find(|(_, s)| s.ready()) {
            let agent = key.0;
            if let (Some(z), Some(y)) = (&slot.z, &slot.y) {
                match self.part.contribution(agent, z, y) {
                    Ok(c) => slot.done = Some(c),
                    Err(e) => {
                        slot.y = None;
                        return Err(e.into());
                    }
                }
            }
            return Ok(Work::Reckoned { agent: self.config.agents[agent] });
        }
        let complete = self.collected.complete(self.config.agents.len(), self.draws());
        let expired =
            self.collected.first_mono_ns.is_some_and(|t| now_mono_ns.saturating_sub(t) >= self.config.timeout_ns);
        let some = self.collected.slots.values().any(|s| s.done.is_some());
        let ends = complete || (expired && some);
        if !ends {
            return Ok(Work::Idle);
        }
        self.counters.timed_out += u64::from(!complete);
        self.end(now_mono_ns)
    }

    fn end(&mut self, now_mono_ns: u64) -> Result<Work, LearnError> {
        let (draws, gradients) = self.collected.by_draw(self.draws());
        self.collected = Collected::default();
        let step = draws.last().map_or(&[][..], |d| d.as_slice());
        let down: usize = gradients.iter().map(|(_, _, _, g)| g.len()).sum();
        let windows: usize = gradients.iter().filter_map(|(_, _, z, _)| z.dims().first()).sum();
        // an embedding is as large as its gradient; a label has a value a step of the horizon
        let up = draws.len() * (down + windows * self.part.config().horizon);
        let bytes = 4 * (up + down) as u64;
        if !self.trains {
            let errors = self.shows(step, bytes)?;
            return Ok(self.watched(errors, &gradients, now_mono_ns));
        }
        let weights = self.config.weighting.weigh(self.config.agents.len(), &draws)?;
        self.weights.clone_from(&weights);
        let contributions = draws.into_iter().next_back().unwrap_or_default();
        let errors = self.shows(&contributions, bytes)?;
        let result = self.part.update_along(|agent| weights[agent] as f32, &contributions)?;
        self.counters.rounds += u64::from(result.outcome.applied());
        self.counters.rolled_back += u64::from(!result.outcome.applied());
        let agents = contributions
            .iter()
            .map(|c| SharedEvent {
                agent: self.config.agents[c.agent],
                loss: c.loss,
                weight: weights[c.agent],
                o_error: OError::of_batch(&c.shared, None),
            })
            .collect();
        let mut messages = Vec::with_capacity(gradients.len());
        for (agent, micro, z, gradient) in gradients {
            let mut m = Message::f32(Kind::Gradient, Agent::Controller, z.dims(), &gradient)?;
            (m.header.round, m.header.micro_batch) = (self.round, micro);
            self.stamp(&mut m, now_mono_ns);
            messages.push((self.config.agents[agent], m));
        }
        self.last.clone_from(&messages);
        let round = self.round;
        self.round += 1;
        Ok(Work::Ended { round, outcome: result.outcome, agents, errors, messages })
    }

    /// Errors of these batches, with the weights of the last step.
    fn shows(&self, of: &[Contribution], bytes: u64) -> Result<Shows, LearnError> {
        let gradients: Vec<&[Vec<f32>]> = of.iter().map(|c| c.shared.as_slice()).collect();
        if gradients.is_empty() {
            return Ok(Shows { bytes, ..Shows::default() });
        }
        let gram = Gram::of(&gradients)?;
        let gamma: Vec<f64> = of.iter().map(|c| self.weights[c.agent]).collect();
        let sum: f64 = gamma.iter().sum();
        let gamma: Vec<f64> =
            gamma.iter().map(|g| if sum > 0.0 { g / sum } else { 1.0 / gamma.len() as f64 }).collect();
        Ok(Shows { o_error: gram.norm(&gamma), c_error: CError::of(&gram, &gamma).norm, bytes })
    }

    /// On to the next round, with no step.
    fn watched(&mut self, errors: Shows, present: &[GradientOf], now_mono_ns: u64) -> Work {
        let round = self.round;
        self.round += 1;
        self.last.clear();
        let mut messages = Vec::with_capacity(present.len());
        for (agent, ..) in present {
            let mut next = Message::empty(Kind::Ack, Agent::Controller);
            next.header.round = self.round;
            self.stamp(&mut next, now_mono_ns);
            messages.push((self.config.agents[*agent], next));
        }
        Work::Watched { round, errors, messages }
    }

    /// The weights now, exact, for [`super::SharedServer::set_weights`] and, where permitted, the agents' copies.
    ///
    /// # Errors
    /// [`LearnError::Model`] when they cannot be written.
    pub fn weights(&self) -> Result<Vec<u8>, LearnError> {
        Ok(self.part.weights(Precision::F32)?)
    }

    pub(super) fn resume_at(&mut self, round: u64, last: Vec<(Agent, Message)>) {
        self.round = round;
        self.collected = Collected::default();
        self.last = last;
    }
}
