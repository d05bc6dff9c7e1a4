//! The optimisation error: the norm of the gradient of an agent's loss over its data.

use crate::Contribution;
use serde::{Deserialize, Serialize};

/// Euclidean norm of a gradient over all tensors.
#[must_use]
pub fn gradient_norm(gradient: &[Vec<f32>]) -> f64 {
    gradient.iter().flatten().map(|g| f64::from(*g) * f64::from(*g)).sum::<f64>().sqrt()
}

/// O-error of one agent: ‖∇ℓᵢ‖ over the shared part and the agent's own.
///
/// Over a batch in place of the whole data set it is an estimate; for the error of eq. (2) feed every batch of the data
/// to [`OError::mean_of`].
//= SANet eq. (2)
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OError {
    /// Norm over the shared part.
    pub shared: f64,
    /// Norm over the agent's part; `None` = not observed (it is known at the agent only).
    pub agent: Option<f64>,
}

impl OError {
    /// From the gradients of a batch.
    #[must_use]
    pub fn of_batch(shared: &[Vec<f32>], agent: Option<&[Vec<f32>]>) -> Self {
        Self { shared: gradient_norm(shared), agent: agent.map(gradient_norm) }
    }

    /// Over a data set: the norm of the mean of the gradients of equal batches. `None` of nothing.
    #[must_use]
    pub fn mean_of(contributions: &[Contribution]) -> Option<Self> {
        let first = contributions.first()?;
        let mut sum: Vec<Vec<f64>> = first.shared.iter().map(|t| vec![0.0; t.len()]).collect();
        for c in contributions {
            for (total, part) in sum.iter_mut().zip(&c.shared) {
                total.iter_mut().zip(part).for_each(|(a, b)| *a += f64::from(*b));
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a count of batches")]
        let n = contributions.len() as f64;
        let square: f64 = sum.iter().flatten().map(|g| (g / n) * (g / n)).sum();
        Some(Self { shared: square.sqrt(), agent: None })
    }

    /// ‖(shared, agent)‖, as far as observed.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.shared.hypot(self.agent.unwrap_or(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let e = OError::of_batch(&[vec![3.0], vec![4.0]], Some(&[vec![12.0]]));
        assert_eq!((e.shared, e.agent, e.total()), (5.0, Some(12.0), 13.0));
        let c = |x| Contribution { agent: 0, loss: 0.0, shared: vec![vec![x, 4.0]], embedding: Vec::new() };
        // the mean gradient of (6, 4) and (0, 4) is (3, 4)
        assert_eq!(OError::mean_of(&[c(6.0), c(0.0)]).unwrap().shared, 5.0);
        assert!(OError::mean_of(&[]).is_none());
    }
}
