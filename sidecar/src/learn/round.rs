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

/// Embedding and label of one micro-batch, as far as they came.
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

/// Agent, micro-batch, its embedding, and ∂ℓ/∂z of it.
pub(super) type GradientOf = (usize, u32, Tensor, Vec<f32>);

/// Collected by agent and micro-batch.
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

    /// Agents with all their micro-batches reckoned.
    pub(super) fn complete(&self, agents: usize, micro_batches: u32) -> bool {
        (0..agents).all(|a| (0..micro_batches).all(|b| self.slots.get(&(a, b)).is_some_and(|s| s.done.is_some())))
    }

    /// One contribution an agent: the mean over its micro-batches. `∂ℓ/∂z` of each micro-batch is scaled alike and kept by micro-batch.
    pub(super) fn by_agent(&mut self) -> (Vec<Contribution>, Vec<GradientOf>) {
        let mut merged: BTreeMap<usize, (f32, Contribution)> = BTreeMap::new();
        let mut gradients = Vec::new();
        for ((agent, micro), slot) in &mut self.slots {
            let (Some(mut c), Some(z)) = (slot.done.take(), slot.z.take()) else { continue };
            gradients.push((*agent, *micro, z, std::mem::take(&mut c.embedding)));
            match merged.get_mut(agent) {
                None => {
                    merged.insert(*agent, (1.0, c));
                }
                Some((n, total)) => {
                    *n += 1.0;
                    total.loss += c.loss;
                    for (t, p) in total.shared.iter_mut().zip(&c.shared) {
                        t.iter_mut().zip(p).for_each(|(a, b)| *a += b);
                    }
                }
            }
        }
        for (agent, _, _, g) in &mut gradients {
            let n = merged.get(agent).map_or(1.0, |(n, _)| *n);
            if n > 1.0 {
                g.iter_mut().for_each(|x| *x /= n);
            }
        }
        let contributions = merged
            .into_values()
            .map(|(n, mut c)| {
                if n > 1.0 {
                    c.loss /= n;
                    c.shared.iter_mut().flatten().for_each(|x| *x /= n);
                }
                c
            })
            .collect();
        (contributions, gradients)
    }
}

/// Index of an agent among those of the rounds.
pub(super) fn index(agents: &[Agent], agent: Agent) -> Option<usize> {
    agents.iter().position(|a| *a == agent)
}
