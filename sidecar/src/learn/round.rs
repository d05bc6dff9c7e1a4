//! What one coordination round has collected at the controller.

use crate::wire::{Agent, Kind, Message};
use candle_core::{Device, Tensor};
use mops::Contribution;
use predict::TransformerConfig;
use serde::Serialize;
use std::collections::BTreeMap;

/// Most windows a message of training may hold.
const MOST_WINDOWS: usize = 256;

/// What came in and what was made of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RoundCounters {
    /// Messages taken.
    pub taken: u64,
    /// The same again.
    pub duplicates: u64,
    /// Of another round.
    pub late: u64,
    /// Of another run or agent, of another shape, or not finite.
    pub refused: u64,
    /// Rounds that updated the shared part.
    pub rounds: u64,
    /// Rounds that ended by time with fewer than all agents.
    pub timed_out: u64,
    /// Steps rolled back.
    pub rolled_back: u64,
}

/// Embedding and label of one draw, as far as they came.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) z: Option<Tensor>,
    pub(super) y: Option<Tensor>,
    pub(super) done: Option<Contribution>,
}

impl Slot {
    pub(super) fn ready(&self) -> bool {
        self.z.is_some() && self.y.is_some() && self.done.is_none()
    }
}

/// Agent, draw, its embedding, and ∂ℓ/∂z of it.
pub(super) type GradientOf = (usize, u32, Tensor, Vec<f32>);

/// Collected by agent and draw, which is the micro-batch of the wire.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) slots: BTreeMap<(usize, u32), Slot>,
    pub(super) first_mono_ns: Option<u64>,
}

/// What became of one message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Put {
    Taken,
    Duplicate,
    Refused,
}

impl Collected {
    pub(super) fn put(&mut self, agent: usize, message: &Message, shape: &TransformerConfig, now_mono_ns: u64) -> Put {
        let h = &message.header;
        let want = match h.kind {
            Kind::Embedding => [shape.observe, shape.width],
            _ => [shape.horizon, 1],
        };
        let dims: Vec<usize> = h.dims().iter().map(|d| *d as usize).collect();
        let values = message.to_f32();
        let fits = dims.len() == 3 && dims[1..] == want && (1..=MOST_WINDOWS).contains(&dims[0]);
        let windows = dims.first().copied().unwrap_or_default();
        let slot = self.slots.get(&(agent, h.micro_batch));
        let other = slot.and_then(|s| if h.kind == Kind::Embedding { s.y.as_ref() } else { s.z.as_ref() });
        let agrees = other.is_none_or(|o| o.dims().first() == Some(&windows));
        if !fits || !agrees || values.iter().any(|v| !v.is_finite()) {
            return Put::Refused;
        }
        let Ok(tensor) = Tensor::from_vec(values, dims, &Device::Cpu) else { return Put::Refused };
        let slot = self.slots.entry((agent, h.micro_batch)).or_default();
        let place = if h.kind == Kind::Embedding { &mut slot.z } else { &mut slot.y };
        if place.is_some() {
            return Put::Duplicate;
        }
        *place = Some(tensor);
        self.first_mono_ns.get_or_insert(now_mono_ns);
        Put::Taken
    }

    /// Whether every draw of every agent is reckoned.
    pub(super) fn complete(&self, agents: usize, draws: u32) -> bool {
        (0..agents).all(|a| (0..draws).all(|b| self.slots.get(&(a, b)).is_some_and(|s| s.done.is_some())))
    }

    /// What was reckoned, draw by draw, and ∂ℓ/∂z of the last draw, which is the one of the step.
    pub(super) fn by_draw(&mut self, draws: u32) -> (Vec<Vec<Contribution>>, Vec<GradientOf>) {
        let mut all: Vec<Vec<Contribution>> = (0..draws).map(|_| Vec::new()).collect();
        let mut gradients = Vec::new();
        for ((agent, draw), slot) in &mut self.slots {
            let (Some(mut c), Some(z)) = (slot.done.take(), slot.z.take()) else { continue };
            if *draw + 1 == draws {
                gradients.push((*agent, *draw, z, std::mem::take(&mut c.embedding)));
            }
            if let Some(of) = all.get_mut(*draw as usize) {
                of.push(c);
            }
        }
        (all, gradients)
    }
}

/// Index of an agent among those of the rounds.
pub(super) fn index(agents: &[Agent], agent: Agent) -> Option<usize> {
    agents.iter().position(|a| *a == agent)
}
