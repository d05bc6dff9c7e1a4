//! One of the methods, with what it carries from round to round.

use super::{CaGrad, Gram, MoDo, StaticWeights, min_norm, pc_grad};
use crate::Contribution;
use predict::{PredictError, RngState, SeededRng};
use serde::{Deserialize, Serialize};

/// How the shared part's step is weighted, with its state: saved and loaded, it goes on as if it had never stopped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", content = "state", rename_all = "snake_case")]
pub enum Weighting {
    /// The same weights in every round.
    Static(StaticWeights),
    /// `SANet`'s dynamic weighting.
    Modo(MoDo),
    /// MGDA.
    MinNorm,
    /// `PCGrad`, and where the generator of its orders stands.
    PcGrad(RngState),
    /// `CAGrad`.
    CaGrad(CaGrad),
}

/// The gradient of an agent in a draw, where it is there and finite.
fn of(draw: &[Contribution], agent: usize) -> Option<&[Vec<f32>]> {
    draw.iter().find(|c| c.agent == agent && c.is_finite()).map(|c| c.shared.as_slice())
}

impl Weighting {
    /// Independent batches that each agent draws in a round: `MoDo`'s two for the weights and one for the step, one for the others.
    #[must_use]
    pub const fn draws(&self) -> usize {
        match self {
            Self::Modo(_) => 3,
            _ => 1,
        }
    }

    /// Coefficients of the agents for the step along the gradients of the last draw.
    ///
    /// An agent of whom a gradient is missing or not finite has a coefficient of 0, or keeps its γ with static weights and [`MoDo`], whose γ then stays as it is.
    ///
    /// # Shapes
    /// `draws`: [`Weighting::draws`] of them, each at most one contribution an agent, of `agents` agents in any order.
    ///
    /// # Errors
    /// [`PredictError::Weights`] for another number of draws, or gradients of different shapes.
    pub fn weigh(&mut self, agents: usize, draws: &[Vec<Contribution>]) -> Result<Vec<f64>, PredictError> {
        let wrong = || PredictError::Weights(format!("{} draws, not {}", draws.len(), self.draws()));
        let last = draws.last().filter(|_| draws.len() == self.draws()).ok_or_else(wrong)?;
        let spread = |all: &[usize], weights: Vec<f64>| {
            let mut out = vec![0.0; agents];
            all.iter().zip(weights).for_each(|(a, w)| out[*a] = w);
            out
        };
        let finite: Vec<usize> = (0..agents).filter(|a| draws.iter().all(|d| of(d, *a).is_some())).collect();
        let gradients = |draw| -> Vec<&[Vec<f32>]> { finite.iter().filter_map(|a| of(draw, *a)).collect() };
        let gram = || Gram::of(&gradients(last));
        Ok(match self {
            Self::Static(gamma) => (0..agents).map(|a| f64::from(gamma.of(a))).collect(),
            Self::Modo(modo) => {
                if finite.len() == agents {
                    modo.step(&Gram::across(&gradients(&draws[0]), &gradients(&draws[1]))?)?;
                }
                modo.gamma().to_vec()
            }
            Self::MinNorm => spread(&finite, min_norm(&gram()?)),
            Self::PcGrad(state) => {
                let mut rng = SeededRng::from_state(*state);
                let gram = gram()?;
                let weights = pc_grad(&gram, |_| rng.permutation(gram.len()));
                *state = rng.state();
                spread(&finite, weights)
            }
            Self::CaGrad(ca_grad) => spread(&finite, ca_grad.weights(&gram()?)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contribution(agent: usize, shared: [f32; 2]) -> Contribution {
        Contribution { agent, loss: 1.0, shared: vec![shared.to_vec()], embedding: Vec::new() }
    }

    fn draw(gradients: &[[f32; 2]]) -> Vec<Contribution> {
        gradients.iter().enumerate().map(|(i, g)| contribution(i, *g)).rev().collect()
    }

    #[test]
    fn as_the_methods_themselves() {
        let one = [draw(&[[1.0, 0.0], [0.0, 2.0]])];
        assert_eq!(Weighting::Static(StaticWeights::uniform(2)).weigh(2, &one).unwrap(), [0.5, 0.5]);
        let w = Weighting::MinNorm.weigh(2, &one).unwrap();
        assert!((w[0] - 0.8).abs() < 1e-12 && (w[1] - 0.2).abs() < 1e-12, "{w:?}");
        let mut pc = Weighting::PcGrad(SeededRng::new(1, 1).state());
        let before = pc.clone();
        assert_eq!(pc.weigh(2, &one).unwrap(), [1.0, 1.0]);
        assert_ne!(pc, before);
        // γ from (1/2, 1/2) by 0.1 along (1/2, 2), and back onto the simplex; the third draw does not count
        let mut modo = Weighting::Modo(MoDo::new(2, 0.1, 0.0).unwrap());
        let three = [one[0].clone(), one[0].clone(), draw(&[[9.0, 9.0], [-9.0, 0.0]])];
        let w = modo.weigh(2, &three).unwrap();
        assert!((w[0] - 0.575).abs() < 1e-12 && (w[1] - 0.425).abs() < 1e-12, "{w:?}");
        assert!(modo.weigh(2, &one).is_err());
        let saved = serde_json::to_string(&modo).unwrap();
        assert_eq!(serde_json::from_str::<Weighting>(&saved).unwrap(), modo);
    }

    #[test]
    fn who_is_missing_or_not_finite_does_not_count() {
        let holes = [draw(&[[1.0, 0.0], [f32::NAN, 0.0], [0.0, 2.0]])];
        let w = Weighting::MinNorm.weigh(4, &holes).unwrap();
        assert!((w[0] - 0.8).abs() < 1e-12 && w[1] == 0.0 && (w[2] - 0.2).abs() < 1e-12 && w[3] == 0.0, "{w:?}");
        let mut modo = Weighting::Modo(MoDo::new(3, 0.1, 0.0).unwrap());
        let good = draw(&[[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]);
        let third = 1.0 / 3.0;
        assert_eq!(modo.weigh(3, &[good.clone(), holes[0].clone(), good]).unwrap(), [third; 3]);
    }
}
