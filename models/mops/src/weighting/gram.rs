//! Inner products of gradients.

use predict::PredictError;

/// `⟨aᵢ, bⱼ⟩` of the gradients of n agents, from one batch of each (then it is symmetric) or from two.
#[derive(Debug, Clone, PartialEq)]
pub struct Gram {
    n: usize,
    products: Vec<f64>,
}

impl Gram {
    /// Of one batch of each agent with itself. A gradient is one slice a tensor.
    ///
    /// # Errors
    /// As [`Gram::across`].
    pub fn of(gradients: &[&[Vec<f32>]]) -> Result<Self, PredictError> {
        Self::across(gradients, gradients)
    }

    /// Of two batches of each agent, in the same order of agents and tensors; summed in f64.
    ///
    /// # Errors
    /// [`PredictError::Weights`] where shapes differ, [`PredictError::NotFinite`] where a product is not finite.
    pub fn across(a: &[&[Vec<f32>]], b: &[&[Vec<f32>]]) -> Result<Self, PredictError> {
        let shape = |g: &[Vec<f32>]| g.iter().map(Vec::len).collect::<Vec<_>>();
        let first = a.first().map(|g| shape(g));
        if a.len() != b.len() || a.iter().chain(b).any(|g| Some(shape(g)) != first) {
            return Err(PredictError::Weights("gradients of different shapes".into()));
        }
        let dot = |x: &[Vec<f32>], y: &[Vec<f32>]| -> f64 {
            x.iter().zip(y).map(|(x, y)| x.iter().zip(y).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>()).sum()
        };
        let products = a.iter().flat_map(|x| b.iter().map(|y| dot(x, y))).collect();
        Self::new(a.len(), products)
    }

    /// From `n · n` products, row by row.
    ///
    /// # Errors
    /// [`PredictError::Weights`] for another number of them, [`PredictError::NotFinite`] where one is not finite.
    pub fn new(n: usize, products: Vec<f64>) -> Result<Self, PredictError> {
        if products.len() != n * n {
            return Err(PredictError::Weights(format!("{} products of {n} gradients", products.len())));
        }
        if products.iter().any(|p| !p.is_finite()) {
            return Err(PredictError::NotFinite("a product of gradients"));
        }
        Ok(Self { n, products })
    }

    /// Gradients.
    #[must_use]
    pub fn len(&self) -> usize {
        self.n
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// `⟨aᵢ, bⱼ⟩`.
    #[must_use]
    pub fn at(&self, i: usize, j: usize) -> f64 {
        self.products[i * self.n + j]
    }

    /// G w.
    #[must_use]
    pub fn times(&self, w: &[f64]) -> Vec<f64> {
        self.products.chunks_exact(self.n.max(1)).map(|row| row.iter().zip(w).map(|(g, w)| g * w).sum()).collect()
    }

    /// uᵀ G w; with u = w of one batch ‖Σ wᵢ gᵢ‖².
    #[must_use]
    pub fn form(&self, u: &[f64], w: &[f64]) -> f64 {
        self.times(w).iter().zip(u).map(|(a, b)| a * b).sum()
    }

    /// ‖Σ wᵢ gᵢ‖, of one batch; what rounding leaves below 0 is 0.
    #[must_use]
    pub fn norm(&self, w: &[f64]) -> f64 {
        self.form(w, w).max(0.0).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let (a, b) = ([vec![1.0, 2.0], vec![2.0]], [vec![0.0, 1.0], vec![-1.0]]);
        let g = Gram::of(&[&a, &b]).unwrap();
        assert_eq!((g.at(0, 0), g.at(0, 1), g.at(1, 0), g.at(1, 1)), (9.0, 0.0, 0.0, 2.0));
        // a + 2 b = (1, 4, 0)
        assert_eq!(g.norm(&[1.0, 2.0]), 17_f64.sqrt());
        let g = Gram::across(&[&a, &b], &[&b, &a]).unwrap();
        assert_eq!(g.times(&[1.0, 0.0]), [0.0, 2.0]);
        assert!(Gram::of(&[&a, &[vec![1.0]]]).is_err());
        assert!(Gram::of(&[&[vec![f32::NAN]]]).is_err());
        assert!(Gram::of(&[]).unwrap().is_empty());
    }
}
