//! The conflicting error: how far the weights in use are from those that cancel conflicts best.

use crate::{Gram, min_norm};
use serde::{Deserialize, Serialize};

/// ‖Σ (γᵢ − γᵢ*) ∇ℓᵢ‖ over the shared part, γ* the minimum-norm weights of the same gradients.
///
/// `SANet` defines the norm in eq. (6), but its proof, eqs. (34)-(37), and so the bound (17) speak of its square: both are here. A fall of the square by 83.81 %
/// is one of the norm by 59.8 %.
//= SANet eq. (6)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CError {
    /// The norm.
    pub norm: f64,
    /// Its square.
    pub square: f64,
    /// γ*.
    pub best: Vec<f64>,
}

impl CError {
    /// Of weights γ and gradients over the whole data of each agent. Weights that do not sum to 1 (those of a sum of gradients) are scaled to it first,
    /// since γ* does; all zero, they stay.
    #[must_use]
    pub fn of(gram: &Gram, gamma: &[f64]) -> Self {
        let best = min_norm(gram);
        let sum: f64 = gamma.iter().sum();
        let by = if sum > 0.0 { 1.0 / sum } else { 1.0 };
        let away: Vec<f64> = best.iter().zip(gamma).map(|(b, g)| g * by - b).collect();
        let norm = gram.norm(&away);
        Self { norm, square: norm * norm, best }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // g1 = (1, 0), g2 = (0, 2): γ* = (0.8, 0.2); from (1/2, 1/2) the difference is (−0.3, 0.6)
        let gram = Gram::new(2, vec![1.0, 0.0, 0.0, 4.0]).unwrap();
        for gamma in [[0.5, 0.5], [1.0, 1.0]] {
            let e = CError::of(&gram, &gamma);
            assert!((e.square - 0.45).abs() < 1e-12 && (e.norm - 0.45_f64.sqrt()).abs() < 1e-12, "{e:?}");
        }
        assert!(CError::of(&gram, &[0.8, 0.2]).norm < 1e-9);
    }
}
