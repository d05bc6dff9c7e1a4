//! Static weighting: γ stays what it is at the start.

use predict::PredictError;
use serde::{Deserialize, Serialize};

/// One weight an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StaticWeights(Vec<f32>);

impl StaticWeights {
    /// γᵢ = 1/n for each of n agents.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a handful of agents")]
    pub fn uniform(agents: usize) -> Self {
        Self(vec![1.0 / agents.max(1) as f32; agents])
    }

    /// Given weights.
    ///
    /// # Errors
    /// [`PredictError::Config`] unless each is finite and ≥ 0 and their sum is 1 within 1e-4.
    pub fn new(weights: Vec<f32>) -> Result<Self, PredictError> {
        let sum: f32 = weights.iter().sum();
        if weights.iter().any(|w| !w.is_finite() || *w < 0.0) || (sum - 1.0).abs() > 1e-4 {
            return Err(PredictError::Config(format!("weights {weights:?} are not on the simplex")));
        }
        Ok(Self(weights))
    }

    /// Weight of an agent; 0 for one that is not there.
    #[must_use]
    pub fn of(&self, agent: usize) -> f32 {
        self.0.get(agent).copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_the_simplex() {
        assert_eq!(StaticWeights::uniform(3).of(2), 1.0 / 3.0);
        assert_eq!(StaticWeights::uniform(3).of(3), 0.0);
        assert!(StaticWeights::new(vec![0.5, 0.6]).is_err());
        assert!(StaticWeights::new(vec![0.25, 0.75]).is_ok());
        assert!(StaticWeights::new(vec![f32::NAN, 1.0]).is_err());
    }
}
