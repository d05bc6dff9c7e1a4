//! Dynamic weighting: multi-objective gradients with double sampling.

use super::{Gram, project_on_simplex};
use predict::PredictError;
use serde::{Deserialize, Serialize};

/// γ follows the gradient of ½‖Σ γᵢ gᵢ‖² + ½ρ‖γ‖² over the simplex, by stochastic steps.
///
/// That gradient is ḡᵀḡ γ + ρ γ with the mean gradients ḡ. One batch on both sides would be biased by the batch's own variance, the mean of gᵀg is not ḡᵀḡ;
/// two independent batches are not: the mean of g⁽¹⁾ᵀ g⁽²⁾ is ḡᵀḡ. A third batch gives the step of the parameters, with the γ of after this update.
///
/// `SANet` prints, for each weight, the product of that agent's own two gradients and no projection; its reference (Chen et al., "Three-way trade-off in
/// multi-objective learning", NeurIPS 2023, alg. 1) has the whole Gram matrix and the projection, and without them no conflict is seen. Here it is as in
/// the reference.
//= SANet eq. (11), as its reference has it
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MoDo {
    gamma: Vec<f64>,
    eta: f64,
    rho: f64,
}

impl MoDo {
    /// Begins with 1/n for each of n agents; step size `eta` ≥ 0 (Table 2: 0.1), regularisation `rho` ≥ 0 (the paper has none: 0).
    ///
    /// # Errors
    /// [`PredictError::Config`] for numbers out of these ranges.
    pub fn new(agents: usize, eta: f64, rho: f64) -> Result<Self, PredictError> {
        if agents == 0 || ![eta, rho].iter().all(|v| v.is_finite() && *v >= 0.0) {
            return Err(PredictError::Config(format!(
                "dynamic weighting of {agents} agents with eta {eta}, rho {rho}"
            )));
        }
        #[expect(clippy::cast_precision_loss, reason = "a handful of agents")]
        let each = 1.0 / agents as f64;
        Ok(Self { gamma: vec![each; agents], eta, rho })
    }

    /// The weights now.
    #[must_use]
    pub fn gamma(&self) -> &[f64] {
        &self.gamma
    }

    /// One step. `across`: [`Gram::across`] the first batch of each agent and an independent second one.
    ///
    /// # Errors
    /// [`PredictError::Weights`] for another number of agents; the weights stay then.
    pub fn step(&mut self, across: &Gram) -> Result<&[f64], PredictError> {
        if across.len() != self.gamma.len() {
            return Err(PredictError::Weights(format!("{} gradients of {} agents", across.len(), self.gamma.len())));
        }
        let slope = across.times(&self.gamma);
        for (g, s) in self.gamma.iter_mut().zip(slope) {
            *g -= self.eta * (s + self.rho * *g);
        }
        project_on_simplex(&mut self.gamma);
        Ok(&self.gamma)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::min_norm;

    #[test]
    fn by_hand() {
        // g1 = (1, 0), g2 = (0, 2): from (1/2, 1/2) the slope is (1/2, 2), a step of 0.1 gives (0.45, 0.3), and 0.125 each is missing
        let mut modo = MoDo::new(2, 0.1, 0.0).unwrap();
        let gram = Gram::new(2, vec![1.0, 0.0, 0.0, 4.0]).unwrap();
        let gamma = modo.step(&gram).unwrap();
        assert!((gamma[0] - 0.575).abs() < 1e-15 && (gamma[1] - 0.425).abs() < 1e-15, "{gamma:?}");
        assert!(modo.step(&Gram::new(1, vec![1.0]).unwrap()).is_err());
        assert!(MoDo::new(2, f64::NAN, 0.0).is_err() && MoDo::new(0, 0.1, 0.0).is_err());
    }

    #[test]
    fn with_the_same_gradients_again_and_again_it_ends_at_the_minimum_norm() {
        let gram = Gram::new(3, vec![2.0, -0.5, 0.3, -0.5, 1.0, 0.2, 0.3, 0.2, 3.0]).unwrap();
        let mut modo = MoDo::new(3, 0.1, 0.0).unwrap();
        for _ in 0..2000 {
            modo.step(&gram).unwrap();
        }
        let best = min_norm(&gram);
        assert!(modo.gamma().iter().zip(&best).all(|(a, b)| (a - b).abs() < 1e-9), "{:?} {best:?}", modo.gamma());
    }
}
