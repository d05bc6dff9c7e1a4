//! The minimum-norm point of the convex hull of the gradients: MGDA, and the γ* of the C-error.

use super::Gram;

/// What counts as 0 beside the largest product.
const ROUNDING: f64 = 1e-13;

/// argmin over the simplex of ‖Σ γᵢ gᵢ‖², by Wolfe's algorithm (1976): exact up to rounding, in finitely many steps.
///
/// γ is optimal where no gradient has a smaller product with the point p = Σ γᵢ gᵢ than p itself, ⟨gⱼ, p⟩ ≥ ‖p‖² for all j. While one has, it joins the
/// set; then the affine minimiser over the set is taken, and whoever would have to be negative leaves it where the way to it leaves the simplex.
/// No gradients: no weights.
//= SANet eq. (33), rho -> 0, on the simplex
#[must_use]
pub fn min_norm(gram: &Gram) -> Vec<f64> {
    let n = gram.len();
    let mut gamma = vec![0.0; n];
    let Some(first) = (0..n).min_by(|a, b| gram.at(*a, *a).total_cmp(&gram.at(*b, *b))) else { return gamma };
    gamma[first] = 1.0;
    let mut set = vec![first];
    let tolerance = ROUNDING * (0..n).map(|i| gram.at(i, i)).fold(0.0, f64::max);
    // each turn lowers the norm, so no set comes twice; the bound is for rounding
    for _ in 0..(4 * n * n) {
        let products = gram.times(&gamma);
        let square: f64 = products.iter().zip(&gamma).map(|(p, g)| p * g).sum();
        let Some(joins) = (0..n).min_by(|a, b| products[*a].total_cmp(&products[*b])) else { break };
        if products[joins] >= square - tolerance || set.contains(&joins) {
            break;
        }
        set.push(joins);
        while let Some(affine) = affine_minimiser(gram, &set) {
            let way = set.iter().zip(&affine).filter(|(_, y)| **y <= 0.0).map(|(i, y)| gamma[*i] / (gamma[*i] - y));
            let Some(way) = way.min_by(f64::total_cmp) else {
                gamma.fill(0.0);
                set.iter().zip(&affine).for_each(|(i, y)| gamma[*i] = *y);
                break;
            };
            for (i, y) in set.iter().zip(&affine) {
                gamma[*i] += way * (y - gamma[*i]);
            }
            set.retain(|i| gamma[*i] > 1e-15);
            let sum: f64 = set.iter().map(|i| gamma[*i]).sum();
            let kept: Vec<f64> = set.iter().map(|i| gamma[*i] / sum).collect();
            gamma.fill(0.0);
            set.iter().zip(kept).for_each(|(i, g)| gamma[*i] = g);
        }
    }
    gamma
}

/// argmin of ‖Σ yᵢ gᵢ‖² over Σ yᵢ = 1 for these gradients: `G y = λ 1, 1ᵀ y = 1`. `None` where they are affinely dependent.
fn affine_minimiser(gram: &Gram, set: &[usize]) -> Option<Vec<f64>> {
    let n = set.len();
    let scale = set.iter().map(|i| gram.at(*i, *i)).fold(f64::MIN_POSITIVE, f64::max);
    // rows of the bordered system and its right side; the border has the size of the products
    let mut rows: Vec<Vec<f64>> = set
        .iter()
        .map(|i| set.iter().map(|j| gram.at(*i, *j) / scale).chain([1.0, 0.0]).collect())
        .chain([vec![1.0; n].into_iter().chain([0.0, 1.0]).collect()])
        .collect();
    for k in 0..=n {
        let pivot = (k..=n).max_by(|a, b| rows[*a][k].abs().total_cmp(&rows[*b][k].abs()))?;
        rows.swap(k, pivot);
        if rows[k][k].abs() < ROUNDING {
            return None;
        }
        for i in 0..=n {
            if i == k {
                continue;
            }
            let factor = rows[i][k] / rows[k][k];
            let (from, to) = if i < k {
                let (low, high) = rows.split_at_mut(k);
                (&high[0], &mut low[i])
            } else {
                let (low, high) = rows.split_at_mut(i);
                (&low[k], &mut high[0])
            };
            to.iter_mut().zip(from).for_each(|(t, f)| *t -= factor * f);
        }
    }
    Some((0..n).map(|i| rows[i][n + 1] / rows[i][i]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(gradients: &[Vec<f64>]) -> Gram {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let products = gradients.iter().flat_map(|a| gradients.iter().map(move |b| dot(a, b))).collect();
        Gram::new(gradients.len(), products).unwrap()
    }

    #[test]
    fn by_hand() {
        for (gradients, wanted) in [
            // two: γ = (g2 − g1)·g2 / ‖g2 − g1‖²
            (vec![vec![1.0, 0.0], vec![0.0, 2.0]], vec![0.8, 0.2]),
            // one behind the other: the shorter one
            (vec![vec![1.0, 0.0], vec![3.0, 0.1]], vec![1.0, 0.0]),
            // opposed: they cancel
            (vec![vec![1.0], vec![-3.0]], vec![0.75, 0.25]),
            (vec![vec![2.0, 1.0]], vec![1.0]),
            // a zero gradient is the minimum
            (vec![vec![1.0], vec![0.0], vec![2.0]], vec![0.0, 1.0, 0.0]),
            // the origin within the triangle: its barycentric coordinates
            (vec![vec![1.0, 0.0], vec![-1.0, 1.0], vec![-1.0, -1.0]], vec![0.5, 0.25, 0.25]),
            // the origin on an edge, a third further out
            (vec![vec![1.0, 0.0], vec![-1.0, 0.0], vec![0.0, 5.0]], vec![0.5, 0.5, 0.0]),
        ] {
            let gamma = min_norm(&of(&gradients));
            assert!(gamma.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 1e-9), "{gradients:?} {gamma:?}");
        }
        assert!(min_norm(&of(&[])).is_empty());
    }

    proptest! {
        /// The optimum's own condition, with fewer and more dimensions than gradients and with gradients that are the same.
        #[test]
        fn no_gradient_goes_further_against_it(
            gradients in (1..4_usize).prop_flat_map(|d| prop::collection::vec(prop::collection::vec(-3.0..3.0_f64, d), 1..7)),
            twice in any::<bool>(),
        ) {
            let mut gradients = gradients;
            if twice {
                gradients.push(gradients[0].clone());
            }
            let gram = of(&gradients);
            let gamma = min_norm(&gram);
            prop_assert!(gamma.iter().all(|g| *g >= 0.0) && (gamma.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            let products = gram.times(&gamma);
            let square = gram.form(&gamma, &gamma);
            prop_assert!(products.iter().all(|p| *p >= square - 1e-7), "{:?} {:?} {}", gamma, products, square);
        }
    }
}
