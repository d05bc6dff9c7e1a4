//! Conflict-averse gradients.

use super::{Gram, project_on_simplex};
use predict::PredictError;
use serde::{Deserialize, Serialize};

/// Under roots and beside divisors, as in the reference.
const SMALL: f64 = 1e-8;
/// Steps at most, and a step's length at which it is over.
const STEPS: usize = 20_000;
const STILL: f64 = 1e-12;

/// What the direction is divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rescale {
    /// Nothing.
    None,
    /// 1 + α², the reference's choice.
    Square,
    /// 1 + α.
    Plain,
}

/// `CAGrad` (Liu et al., `NeurIPS` 2021): d = argmax over ‖d − g₀‖ ≤ α‖g₀‖ of min over i of ⟨gᵢ, d⟩, g₀ the mean gradient.
///
/// Its dual is min over the simplex of ⟨g_w, g₀⟩ + c‖g_w‖ with g_w = Σ wᵢ gᵢ and c = α‖g₀‖; then d = g₀ + c g_w/‖g_w‖.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CaGrad {
    alpha: f64,
    rescale: Rescale,
}

impl CaGrad {
    /// Radius `alpha` ≥ 0 relative to ‖g₀‖: 0 is the mean gradient, large ones approach MGDA. The reference's default is 0.5.
    ///
    /// # Errors
    /// [`PredictError::Config`] where it is negative or not finite.
    pub fn new(alpha: f64, rescale: Rescale) -> Result<Self, PredictError> {
        if !alpha.is_finite() || alpha < 0.0 {
            return Err(PredictError::Config(format!("CAGrad with alpha {alpha}")));
        }
        Ok(Self { alpha, rescale })
    }

    /// The dual's point on the simplex.
    ///
    /// Projected gradient steps with a halved step where the objective does not fall enough; the objective is convex, and smooth by the small number
    /// under the root.
    #[must_use]
    pub fn dual(&self, gram: &Gram) -> Vec<f64> {
        let n = gram.len();
        #[expect(clippy::cast_precision_loss, reason = "a handful of agents")]
        let mean = vec![1.0 / n.max(1) as f64; n];
        let with_mean = gram.times(&mean);
        let c = self.radius(gram, &mean);
        let objective = |w: &[f64]| -> f64 {
            let along: f64 = w.iter().zip(&with_mean).map(|(a, b)| a * b).sum();
            along + c * (gram.form(w, w) + SMALL).max(0.0).sqrt()
        };
        let (mut w, mut step) = (mean.clone(), 1.0);
        let mut now = objective(&w);
        for _ in 0..STEPS {
            let root = (gram.form(&w, &w) + SMALL).max(SMALL).sqrt();
            let slope: Vec<f64> = gram.times(&w).iter().zip(&with_mean).map(|(g, b)| b + c * g / root).collect();
            step *= 4.0;
            let moved = loop {
                let mut next: Vec<f64> = w.iter().zip(&slope).map(|(w, s)| w - step * s).collect();
                project_on_simplex(&mut next);
                let square: f64 = next.iter().zip(&w).map(|(a, b)| (a - b) * (a - b)).sum();
                let then = objective(&next);
                // enough: what a quadratic of curvature 1/step promises
                let promised: f64 = next.iter().zip(&w).zip(&slope).map(|((a, b), s)| (a - b) * s).sum();
                if then <= now + promised + square / (2.0 * step) + 1e-16 * now.abs() {
                    (w, now) = (next, then);
                    break square.sqrt();
                }
                if square.sqrt() < STILL {
                    break 0.0;
                }
                step /= 2.0;
            };
            if moved < STILL {
                break;
            }
        }
        w
    }

    fn radius(&self, gram: &Gram, mean: &[f64]) -> f64 {
        self.alpha * (gram.form(mean, mean) + SMALL).max(0.0).sqrt() + SMALL
    }

    /// The direction's coefficients.
    #[must_use]
    pub fn weights(&self, gram: &Gram) -> Vec<f64> {
        let w = self.dual(gram);
        #[expect(clippy::cast_precision_loss, reason = "a handful of agents")]
        let mean = vec![1.0 / w.len().max(1) as f64; w.len()];
        let lambda = self.radius(gram, &mean) / (gram.norm(&w) + SMALL);
        let by = match self.rescale {
            Rescale::None => 1.0,
            Rescale::Square => 1.0 + self.alpha * self.alpha,
            Rescale::Plain => 1.0 + self.alpha,
        };
        mean.iter().zip(&w).map(|(m, w)| (m + lambda * w) / by).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // orthogonal and equally long: the mean is fair, d = (1 + α) g0
        let gram = Gram::new(2, vec![1.0, 0.0, 0.0, 1.0]).unwrap();
        let w = CaGrad::new(0.5, Rescale::None).unwrap().weights(&gram);
        assert!(w.iter().all(|v| (v - 0.75).abs() < 1e-6), "{w:?}");
        let w = CaGrad::new(0.0, Rescale::Square).unwrap().weights(&gram);
        assert!(w.iter().all(|v| (v - 0.5).abs() < 1e-6), "{w:?}");
        assert!(CaGrad::new(-1.0, Rescale::None).is_err());
    }

    #[test]
    fn the_direction_is_the_best_for_the_worst_off() {
        // g1 = (1, 0), g2 = (−2, 1): the best direction in the ball around g0 = (−1/2, 1/2), by a search over the circle
        let gram = Gram::new(2, vec![1.0, -2.0, -2.0, 5.0]).unwrap();
        let w = CaGrad::new(0.5, Rescale::None).unwrap().weights(&gram);
        let d = (w[0] - 2.0 * w[1], w[1]);
        let worst = |d: (f64, f64)| d.0.min(-2.0 * d.0 + d.1);
        let radius = 0.5 * 0.5_f64.sqrt();
        let best = (0..100_000)
            .map(|k| f64::from(k) * std::f64::consts::TAU / 1e5)
            .map(|a| worst((-0.5 + radius * a.cos(), 0.5 + radius * a.sin())))
            .fold(f64::NEG_INFINITY, f64::max);
        assert!((worst(d) - best).abs() < 1e-6, "{} {best}", worst(d));
    }
}
