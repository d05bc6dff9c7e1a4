//! What theory promises: the bounds of `SANet`'s theorems, and the trade-off between the three errors.
//!
//! With T rounds, steps β of the model and η of the weights, D samples, and the constants of the assumptions:
//!
//! | error | static weighting | dynamic weighting |
//! | --- | --- | --- |
//! | O, mean over the rounds | √(c_I/βT) + √(β μ_g μ_l²/2) (12) | the same + 3 √(η μ_l⁴/2) (13) |
//! | G | 8 G √(T/D) + √(V/D) (14) | the same (15) |
//! | C, its square, mean over the rounds | Θ(1) (16) | 4/(ηT) + 6 √(3 μ_g μ_l² β/η) + 3 η μ_l⁴ (17) |
//!
//! They hold where β ≤ 1/(2 μ_g), which [`Run::is_covered_by`] tells: with a larger step a bound is a number and no promise.

use serde::{Deserialize, Serialize};

/// The constants of assumptions 1 to 4. Estimates over points that were visited are lower bounds of the true ones.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Constants {
    /// Lipschitz constant of the gradients, 1/unit of weight².
    pub mu_g: f64,
    /// Lipschitz constant of the losses: the largest norm of a gradient.
    pub mu_l: f64,
    /// How far the weighted loss begins above its minimum.
    pub c_i: f64,
    /// Largest norm of the weighted sum of gradients.
    pub g: f64,
    /// Variance of the weighted gradient over samples.
    pub v: f64,
}

/// How long and with which steps is trained.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Rounds T.
    pub rounds: f64,
    /// Step of the model β.
    pub beta: f64,
    /// Step of the weights η.
    pub eta: f64,
    /// Samples D of all agents.
    pub samples: f64,
}

impl Run {
    /// Whether the theorems speak of it: β ≤ 1/(2 μ_g).
    #[must_use]
    pub fn is_covered_by(&self, c: &Constants) -> bool {
        self.beta <= 0.5 / c.mu_g
    }

    /// Theorem 1.
    //= SANet eq. (12)
    #[must_use]
    pub fn o_static(&self, c: &Constants) -> f64 {
        (c.c_i / (self.beta * self.rounds)).sqrt() + (self.beta * c.mu_g * c.mu_l.powi(2) / 2.0).sqrt()
    }

    /// Corollary 1.
    //= SANet eq. (13)
    #[must_use]
    pub fn o_dynamic(&self, c: &Constants) -> f64 {
        self.o_static(c) + 3.0 * (self.eta * c.mu_l.powi(4) / 2.0).sqrt()
    }

    /// Theorem 2 and corollary 2: the same for both weightings.
    //= SANet eqs. (14), (15)
    #[must_use]
    pub fn g(&self, c: &Constants) -> f64 {
        8.0 * c.g * (self.rounds / self.samples).sqrt() + (c.v / self.samples).sqrt()
    }

    /// Theorem 4, of the square.
    //= SANet eq. (17)
    #[must_use]
    pub fn c_square_dynamic(&self, c: &Constants) -> f64 {
        4.0 / (self.eta * self.rounds)
            + 6.0 * (3.0 * c.mu_g * c.mu_l.powi(2) * self.beta / self.eta).sqrt()
            + 3.0 * self.eta * c.mu_l.powi(4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let c = Constants { mu_g: 2.0, mu_l: 3.0, c_i: 4.0, g: 0.5, v: 25.0 };
        let run = Run { rounds: 100.0, beta: 0.01, eta: 0.02, samples: 400.0 };
        // √(4/1) + √(0.01·2·9/2)
        assert!((run.o_static(&c) - 2.3).abs() < 1e-12);
        // + 3 √(0.02·81/2)
        assert!((run.o_dynamic(&c) - 2.3 - 2.7).abs() < 1e-12);
        // 8·0.5·√(1/4) + √(1/16)
        assert!((run.g(&c) - 2.25).abs() < 1e-12);
        // 4/2 + 6 √(3·2·9·0.5) + 3·0.02·81
        assert!((run.c_square_dynamic(&c) - (2.0 + 6.0 * 27_f64.sqrt() + 4.86)).abs() < 1e-12);
        assert!(run.is_covered_by(&c) && !Run { beta: 0.26, ..run }.is_covered_by(&c));
    }
}
