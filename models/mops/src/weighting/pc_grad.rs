//! Gradient surgery.

use super::Gram;

/// Beside ‖g‖² in a divisor, as in the reference.
const SMALL: f64 = 1e-8;

/// Coefficients of `PCGrad` (Yu et al., `NeurIPS` 2020, alg. 1): each gᵢ loses its projection on every gⱼ that it opposes, one after the other, and the
/// results are added up.
///
/// The freed gradient is a combination p = Σ cₖ gₖ, and ⟨p, gⱼ⟩ = Σ cₖ Gₖⱼ, so the Gram matrix is enough. `order(i)` gives the order in which the others
/// are gone through for agent i; the method draws it at random each time (randomness is the caller's). The sum counts every agent once, not 1/n.
#[must_use]
pub fn pc_grad(gram: &Gram, mut order: impl FnMut(usize) -> Vec<usize>) -> Vec<f64> {
    let n = gram.len();
    let mut total = vec![0.0; n];
    for i in 0..n {
        let mut own = vec![0.0; n];
        own[i] = 1.0;
        for j in order(i).into_iter().filter(|j| *j < n && *j != i) {
            let product: f64 = own.iter().enumerate().map(|(k, c)| c * gram.at(k, j)).sum();
            if product < 0.0 {
                own[j] -= product / (gram.at(j, j) + SMALL);
            }
        }
        total.iter_mut().zip(&own).for_each(|(t, c)| *t += c);
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // g1 = (1, 0), g2 = (−1, 1): g1 loses −1/2 g2, g2 loses −1 g1
        let gram = Gram::new(2, vec![1.0, -1.0, -1.0, 2.0]).unwrap();
        let w = pc_grad(&gram, |_| vec![0, 1]);
        assert!((w[0] - 2.0).abs() < 1e-7 && (w[1] - 1.5).abs() < 1e-7, "{w:?}");
        // without a conflict it is the sum
        let gram = Gram::new(2, vec![1.0, 0.5, 0.5, 2.0]).unwrap();
        assert_eq!(pc_grad(&gram, |_| vec![1, 0]), [1.0, 1.0]);
    }
}
