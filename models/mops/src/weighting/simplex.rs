//! The simplex Δ = {γ ≥ 0, Σ γᵢ = 1}.

/// The point of the simplex that is nearest to `y`, in place.
///
/// With τ such that Σ max(yᵢ − τ, 0) = 1 it is max(yᵢ − τ, 0): the KKT conditions of min ‖γ − y‖² have one multiplier τ for the sum, and each γᵢ is
/// yᵢ − τ where that is positive. τ is found among the sums of the largest entries (Held, Wolfe, Crowder 1974). An empty slice stays as it is.
pub fn project_on_simplex(y: &mut [f64]) {
    let mut sorted = y.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let (mut sum, mut tau) = (0.0, 0.0);
    for (i, v) in sorted.iter().enumerate() {
        sum += v;
        #[expect(clippy::cast_precision_loss, reason = "a handful of agents")]
        let level = (sum - 1.0) / (i + 1) as f64;
        if *v > level {
            tau = level;
        }
    }
    y.iter_mut().for_each(|v| *v = (*v - tau).max(0.0));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn by_hand() {
        for (y, wanted) in [
            // the mean of what is over goes off all
            (vec![0.5, 0.7], vec![0.4, 0.6]),
            // one that would be negative leaves, and the rest share
            (vec![1.0, 0.6, -3.0], vec![0.7, 0.3, 0.0]),
            (vec![9.0, 1.0, 1.0], vec![1.0, 0.0, 0.0]),
            (vec![0.25; 4], vec![0.25; 4]),
        ] {
            let mut x = y.clone();
            project_on_simplex(&mut x);
            assert!(x.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 1e-12), "{y:?} {x:?}");
        }
        project_on_simplex(&mut []);
    }

    proptest! {
        /// ⟨y − x, z − x⟩ ≤ 0 for each vertex z: what makes x the nearest point of a convex set.
        #[test]
        fn nothing_of_the_simplex_is_nearer(y in prop::collection::vec(-5.0..5.0_f64, 1..7)) {
            let mut x = y.clone();
            project_on_simplex(&mut x);
            prop_assert!((x.iter().sum::<f64>() - 1.0).abs() < 1e-12 && x.iter().all(|v| *v >= 0.0));
            for k in 0..x.len() {
                let product: f64 = (0..x.len()).map(|i| (y[i] - x[i]) * (f64::from(u8::from(i == k)) - x[i])).sum();
                prop_assert!(product <= 1e-12, "{}", product);
            }
        }
    }
}
