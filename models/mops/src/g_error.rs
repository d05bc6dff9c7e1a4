//! The generalisation error: how far the gradient over the data that was trained on is from that over data that was not.

use predict::PredictError;
use serde::{Deserialize, Serialize};

/// ‖Σ γᵢ (∇ℓᵢ − ∇ℓ̃ᵢ)‖, the population loss ℓ̃ estimated on data that no training has seen; one agent alone with γ = 1.
//= SANet eqs. (4), (5)
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GError {
    /// The norm.
    pub norm: f64,
}

/// Gradients of an agent over its two sets of data, one slice a tensor.
#[derive(Debug, Clone, Copy)]
pub struct Gap<'a> {
    /// Over what it was trained on.
    pub seen: &'a [Vec<f32>],
    /// Over what it was not.
    pub unseen: &'a [Vec<f32>],
}

impl GError {
    /// Of agents with their weights.
    ///
    /// # Errors
    /// [`PredictError::Weights`] where shapes differ.
    pub fn of(gaps: &[(f64, Gap<'_>)]) -> Result<Self, PredictError> {
        let Some((_, first)) = gaps.first() else { return Ok(Self { norm: 0.0 }) };
        let shape: Vec<usize> = first.seen.iter().map(Vec::len).collect();
        let fits = |g: &[Vec<f32>]| g.iter().map(Vec::len).eq(shape.iter().copied());
        if !gaps.iter().all(|(_, gap)| fits(gap.seen) && fits(gap.unseen)) {
            return Err(PredictError::Weights("gradients of different shapes".into()));
        }
        let mut square = 0.0;
        for (t, len) in shape.iter().enumerate() {
            for i in 0..*len {
                let at = |(w, gap): &(f64, Gap<'_>)| w * (f64::from(gap.seen[t][i]) - f64::from(gap.unseen[t][i]));
                let sum: f64 = gaps.iter().map(at).sum();
                square += sum * sum;
            }
        }
        Ok(Self { norm: square.sqrt() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let (seen, unseen) = ([vec![4.0], vec![1.0]], [vec![1.0], vec![5.0]]);
        let gap = Gap { seen: &seen, unseen: &unseen };
        assert_eq!(GError::of(&[(1.0, gap)]).unwrap().norm, 5.0);
        // two that are opposed cancel
        let back = Gap { seen: &unseen, unseen: &seen };
        assert_eq!(GError::of(&[(0.5, gap), (0.5, back)]).unwrap().norm, 0.0);
        assert!(GError::of(&[(1.0, Gap { seen: &seen, unseen: &[] })]).is_err());
        assert_eq!(GError::of(&[]).unwrap().norm, 0.0);
    }
}
