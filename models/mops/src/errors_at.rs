//! The three errors at one point of a training run, from gradients over whole sets of data.

use crate::{CError, Federation, GError, Gap, Gram, gradient_norm};
use predict::PredictError;
use predict::data::Batch;
use serde::{Deserialize, Serialize};

/// Loss and gradient of one agent over a whole set of its data.
#[derive(Debug, Clone, PartialEq)]
pub struct FullGradient {
    /// Mean loss.
    pub loss: f64,
    /// Over the shared part.
    pub shared: Vec<Vec<f32>>,
    /// Over the agent's own part.
    pub agent: Vec<Vec<f32>>,
    /// Windows it is the mean of.
    pub windows: usize,
}

impl FullGradient {
    /// ‖∇ℓ‖² over both parts: of the shared part alone and of the agent's.
    fn squares(&self) -> [f64; 2] {
        [&self.shared, &self.agent].map(|g| gradient_norm(g).powi(2))
    }
}

/// Adds `weight` times what is there.
fn add(total: &mut Vec<Vec<f64>>, part: &[Vec<f32>], weight: f64) {
    if total.is_empty() {
        *total = part.iter().map(|t| vec![0.0; t.len()]).collect();
    }
    for (to, from) in total.iter_mut().zip(part) {
        to.iter_mut().zip(from).for_each(|(a, b)| *a += weight * f64::from(*b));
    }
}

#[expect(clippy::cast_possible_truncation, reason = "means of f32 numbers")]
fn mean(total: Vec<Vec<f64>>, by: f64) -> Vec<Vec<f32>> {
    total.into_iter().map(|t| t.into_iter().map(|x| (x / by) as f32).collect()).collect()
}

impl Federation {
    /// Loss and gradient of an agent over these batches, each counted by its windows; nothing is updated. Sums are taken in f64.
    ///
    /// # Errors
    /// Those of the batches; [`PredictError::Weights`] of no window at all, or for an agent that is not there.
    pub fn full_gradient(
        &self,
        agent: usize,
        batches: impl IntoIterator<Item = Result<Batch, PredictError>>,
    ) -> Result<FullGradient, PredictError> {
        let nothing = || PredictError::Weights(format!("no window of agent {agent}"));
        let part = self.agents().get(agent).ok_or_else(nothing)?;
        let (mut loss, mut shared, mut own, mut windows) = (0.0, Vec::new(), Vec::new(), 0);
        for batch in batches {
            let batch = batch?;
            let (z, tape) = part.run(&batch.x)?;
            let mut c = self.shared().contribution_from(agent, part.cut(), &z, &batch.y)?;
            c.scale(self.loss_scales()[agent]);
            let back = part.back(&tape, &c.embedding)?;
            let (count, _, _) = batch.x.dims3()?;
            #[expect(clippy::cast_precision_loss, reason = "windows of a batch")]
            let n = count as f64;
            loss += n * f64::from(c.loss);
            add(&mut shared, &c.shared, n);
            add(&mut own, &back, n);
            windows += count;
        }
        if windows == 0 {
            return Err(nothing());
        }
        #[expect(clippy::cast_precision_loss, reason = "a count of windows")]
        let n = windows as f64;
        Ok(FullGradient { loss: loss / n, shared: mean(shared, n), agent: mean(own, n), windows })
    }
}

/// O-, G- and C-error of every agent and of all together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorsAt {
    /// Loss of each agent on what it was trained on.
    pub loss: Vec<f64>,
    /// Loss of each agent on what it was not.
    pub unseen_loss: Vec<f64>,
    /// Eq. (2) of each agent.
    pub o: Vec<f64>,
    /// Eq. (3).
    pub o_joint: f64,
    /// Eq. (4) of each agent.
    pub g: Vec<f64>,
    /// Eq. (5).
    pub g_joint: f64,
    /// Eq. (6), over the shared part: the norm, its square, and γ*.
    pub c: CError,
    /// The weights the joint errors are taken with, scaled to a sum of 1.
    pub gamma: Vec<f64>,
}

/// ‖(Σ γᵢ gᵢ over the shared part, γ₁ g₁, γ₂ g₂ … over the agents' own)‖, as the parts of different agents do not overlap.
fn joint(shared_square: f64, own_squares: &[f64], gamma: &[f64]) -> f64 {
    let own: f64 = own_squares.iter().zip(gamma).map(|(square, g)| g * g * square).sum();
    (shared_square + own).max(0.0).sqrt()
}

impl ErrorsAt {
    /// From the gradients of each agent over what it was trained on and over what it was not, with the weights in force.
    ///
    /// # Errors
    /// [`PredictError::Weights`] where numbers of agents or shapes differ.
    //= SANet eqs. (2)-(6)
    pub fn of(seen: &[FullGradient], unseen: &[FullGradient], gamma: &[f64]) -> Result<Self, PredictError> {
        let n = seen.len();
        if unseen.len() != n || gamma.len() != n {
            return Err(PredictError::Weights(format!("{n} agents, {} and {} weights", unseen.len(), gamma.len())));
        }
        let sum: f64 = gamma.iter().sum();
        let gamma: Vec<f64> = gamma.iter().map(|g| if sum > 0.0 { g / sum } else { 0.0 }).collect();
        let shared: Vec<&[Vec<f32>]> = seen.iter().map(|g| g.shared.as_slice()).collect();
        let gram = Gram::of(&shared)?;
        let squares: Vec<[f64; 2]> = seen.iter().map(FullGradient::squares).collect();
        let own: Vec<f64> = squares.iter().map(|[_, own]| *own).collect();
        let gap = |i: usize| Gap { seen: &seen[i].shared, unseen: &unseen[i].shared };
        let gap_own = |i: usize| Gap { seen: &seen[i].agent, unseen: &unseen[i].agent };
        let one = |gap| GError::of(&[(1.0, gap)]).map(|e| e.norm);
        let g_shared = (0..n).map(|i| one(gap(i))).collect::<Result<Vec<f64>, _>>()?;
        let g_own = (0..n).map(|i| one(gap_own(i)).map(|e| e * e)).collect::<Result<Vec<f64>, _>>()?;
        let all: Vec<_> = (0..n).map(|i| (gamma[i], gap(i))).collect();
        Ok(Self {
            loss: seen.iter().map(|g| g.loss).collect(),
            unseen_loss: unseen.iter().map(|g| g.loss).collect(),
            o: squares.iter().map(|[shared, own]| (shared + own).sqrt()).collect(),
            o_joint: joint(gram.form(&gamma, &gamma), &own, &gamma),
            g: g_shared.iter().zip(&g_own).map(|(shared, own)| (shared * shared + own).sqrt()).collect(),
            g_joint: joint(GError::of(&all)?.norm.powi(2), &g_own, &gamma),
            c: CError::of(&gram, &gamma),
            gamma,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(loss: f64, shared: [f32; 2], agent: f32) -> FullGradient {
        FullGradient { loss, shared: vec![shared.to_vec()], agent: vec![vec![agent]], windows: 4 }
    }

    #[test]
    fn by_hand() {
        let seen = [full(1.0, [3.0, 0.0], 4.0), full(2.0, [0.0, 4.0], 0.0)];
        let unseen = [full(1.5, [3.0, 2.0], 4.0), full(2.0, [0.0, 4.0], 6.0)];
        let e = ErrorsAt::of(&seen, &unseen, &[1.0, 1.0]).unwrap();
        assert_eq!((&e.gamma, &e.loss, &e.unseen_loss), (&vec![0.5; 2], &vec![1.0, 2.0], &vec![1.5, 2.0]));
        assert_eq!(e.o, [5.0, 4.0]);
        // (1.5, 2) shared, 2 and 0 of their own
        assert!((e.o_joint - (2.25_f64 + 4.0 + 4.0).sqrt()).abs() < 1e-12);
        assert_eq!(e.g, [2.0, 6.0]);
        // (0, -1) shared, 0 and 3 of their own
        assert!((e.g_joint - 10_f64.sqrt()).abs() < 1e-12);
        // γ* = (16, 9)/25: 0.14 away each, on (3, 0) and (0, 4)
        assert!((e.c.norm - 0.14 * 5.0).abs() < 1e-12, "{:?}", e.c);
        assert!(ErrorsAt::of(&seen, &unseen[..1], &[1.0, 1.0]).is_err());
    }
}
