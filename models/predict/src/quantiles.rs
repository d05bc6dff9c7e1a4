//! Quantiles around a forecast, for any predictor: split-conformal offsets from the residuals of windows it was not trained on.
//!
//! Let `r₁ … rₙ` be residuals (truth − forecast) of held-out windows and `r` that of a window to come. Where all `n + 1` are
//! exchangeable, the rank of `r` among them is uniform on `1 … n + 1`, so `P(r ≤ r₍ₖ₎) ≥ k/(n + 1)` for the k-th smallest of
//! the n, with equality where there are no ties. The least rank that gives at least `q` is `k = ⌈(n + 1)·q⌉`, and
//! `forecast + r₍ₖ₎` is at or above the truth with probability `q` or more, at most `q + 1/(n + 1)` without ties. Nothing is
//! asked of the predictor or of the distribution.
//!
//! A level below ½ bounds from below, and the same holds of `−r`: its rank from above is `⌈(n + 1)(1 − q)⌉`, from below
//! `n + 1 − ⌈(n + 1)(1 − q)⌉ = ⌊(n + 1)·q⌋`. So both ends are rounded outwards, and the interval between levels `q` and `1 − q`
//! holds the truth with probability `1 − 2q` or more, for each step by itself, not for all steps of a window at once.
//!
//! Windows of a series overlap and its habits change: then they are not exchangeable, and the coverage is what
//! [`crate::coverage`] measures on windows that came later, not what is promised.
//!
//! V. Vovk, A. Gammerman, G. Shafer, *Algorithmic Learning in a Random World*, Springer 2005, ch. 2 and 4 (inductive
//! conformal predictors); J. Lei, M. G'Sell, A. Rinaldo, R. J. Tibshirani, L. Wasserman, *Distribution-Free Predictive
//! Inference for Regression*, JASA 113 (2018), §2.2 and theorem 2.2 (split conformal).

use crate::PredictError;
use serde::{Deserialize, Serialize};

/// What rounding may take from a product of a count and a level.
const ROUNDING: f64 = 1e-9;

/// Offsets from a forecast, step by step, in the unit of the residuals they were fitted on. Of windows as models see them that is the
/// dimensionless one of [`crate::data::Encoded`], so that one fit serves a series at any level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// Levels, ascending, each in 0…1 without the ends.
    pub levels: Vec<f64>,
    /// `[horizon][levels]`; never falling from level to level.
    pub offsets: Vec<Vec<f32>>,
}

impl Quantiles {
    /// Fits on residuals, truth − forecast, of windows that the predictor was not trained on.
    ///
    /// # Shapes
    /// `levels`: any order, repeated ones count once. `residuals`: `[windows][horizon]`.
    ///
    /// # Errors
    /// [`PredictError::Config`] where no level is given, one is not within 0…1, or windows differ in length;
    /// [`PredictError::TooFew`] where a level needs more windows: `1/q − 1` of them, `1/(1 − q) − 1` above ½;
    /// [`PredictError::NotFinite`] for a residual that is no number.
    pub fn fit(levels: &[f64], residuals: &[Vec<f32>]) -> Result<Self, PredictError> {
        let mut levels = levels.to_vec();
        levels.sort_unstable_by(f64::total_cmp);
        levels.dedup();
        if levels.is_empty() || !levels.iter().all(|q| *q > 0.0 && *q < 1.0) {
            return Err(PredictError::Config(format!("quantile levels {levels:?}: give some between 0 and 1")));
        }
        let have = residuals.len();
        let need = levels.iter().map(|q| least(*q)).max().unwrap_or(1);
        if have < need {
            return Err(PredictError::TooFew { what: "quantiles", have, need });
        }
        let horizon = residuals.first().map_or(0, Vec::len);
        if residuals.iter().any(|r| r.len() != horizon) {
            return Err(PredictError::Config("residuals of windows differ in length".to_owned()));
        }
        if !residuals.iter().flatten().all(|r| r.is_finite()) {
            return Err(PredictError::NotFinite("a residual"));
        }
        let ranks: Vec<usize> = levels.iter().map(|q| rank(have, *q)).collect();
        let offsets = (0..horizon)
            .map(|step| {
                let mut sorted: Vec<f32> = residuals.iter().map(|r| r[step]).collect();
                sorted.sort_unstable_by(f32::total_cmp);
                ranks.iter().map(|k| sorted[k - 1]).collect()
            })
            .collect();
        Ok(Self { levels, offsets })
    }

    /// Quantiles around a forecast: they ascend with the level and never cross.
    ///
    /// # Shapes
    /// `forecast`: `[horizon]`, in the unit of the residuals. Gives `[horizon][levels]`; what is beyond the shorter is left out.
    #[must_use]
    pub fn apply(&self, forecast: &[f32]) -> Vec<Vec<f32>> {
        forecast.iter().zip(&self.offsets).map(|(f, offsets)| offsets.iter().map(|o| f + o).collect()).collect()
    }
}

/// Rank of a level among `n` residuals, from 1, rounded away from the middle.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count times a fraction of 0…1"
)]
fn rank(n: usize, q: f64) -> usize {
    let at = (n + 1) as f64 * q;
    if q < 0.5 { (at + ROUNDING).floor() as usize } else { (at - ROUNDING).ceil() as usize }
}

/// Fewest residuals of which a level has a rank from 1 to their number.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative; the cast saturates")]
fn least(q: f64) -> usize {
    let tail = q.min(1.0 - q);
    ((1.0 / tail - ROUNDING).ceil() as usize).saturating_sub(1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededRng;
    use proptest::prelude::*;

    fn column(values: impl IntoIterator<Item = f32>) -> Vec<Vec<f32>> {
        values.into_iter().map(|x| vec![x]).collect()
    }

    #[test]
    fn ranks_by_hand() {
        // nine residuals 1 … 9: ten places, level 0.1 is the first, 0.9 the ninth
        let q = Quantiles::fit(&[0.9, 0.1, 0.5, 0.9], &column((1..10_u8).rev().map(f32::from))).unwrap();
        assert_eq!((q.levels.as_slice(), q.offsets), (&[0.1, 0.5, 0.9][..], vec![vec![1.0, 5.0, 9.0]]));
        // 14 of them, 15 places: 1.5 down to 1, 7.5 up to 8, 13.5 up to 14
        let q = Quantiles::fit(&[0.1, 0.5, 0.9], &column((1..15_u8).map(f32::from))).unwrap();
        assert_eq!(q.offsets, vec![vec![1.0, 8.0, 14.0]]);
        // step by step, added to the forecast
        let q = Quantiles::fit(&[0.5], &[vec![1.0, -4.0]]).unwrap();
        assert_eq!(q.apply(&[10.0, 20.0]), vec![vec![11.0], vec![16.0]]);
    }

    #[test]
    fn every_count_has_the_places_its_levels_need() {
        for q in [0.001, 0.01, 0.05, 0.1, 0.25, 0.3, 0.5, 0.7, 0.75, 0.9, 0.95, 0.99, 0.999] {
            let need = least(q);
            for n in need..need + 2_000 {
                assert!((1..=n).contains(&rank(n, q)), "{q} of {n}");
            }
            assert!(need == 1 || !(1..need).contains(&rank(need - 1, q)), "{q} of {}", need - 1);
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let eight = column((0..8_u8).map(f32::from));
        assert!(matches!(
            Quantiles::fit(&[0.1, 0.9], &eight),
            Err(PredictError::TooFew { what: "quantiles", have: 8, need: 9 })
        ));
        for levels in [&[][..], &[0.0], &[1.0], &[f64::NAN], &[0.5, -0.1]] {
            assert!(matches!(Quantiles::fit(levels, &eight), Err(PredictError::Config(_))), "{levels:?}");
        }
        assert!(matches!(Quantiles::fit(&[0.5], &column([f32::NAN])), Err(PredictError::NotFinite(_))));
        assert!(matches!(Quantiles::fit(&[0.5], &[vec![1.0], vec![]]), Err(PredictError::Config(_))));
    }

    #[test]
    fn the_mean_coverage_on_exchangeable_data_is_the_nominal_one() {
        // 19 residuals, 20 places: with levels 0.1 and 0.9, ranks 2 and 18, exactly 16 of 20 places lie between
        let mut rng = SeededRng::new(7, 0);
        let (mut held, trials) = (0_u32, 20_000_u32);
        for _ in 0..trials {
            let mut draw = || rng.uniform().powi(3);
            let q = Quantiles::fit(&[0.1, 0.9], &column((0..19).map(|_| draw()))).unwrap();
            let truth = draw();
            held += u32::from(q.offsets[0][0] < truth && truth <= q.offsets[0][1]);
        }
        // four standard deviations of 20 000 trials
        assert!((f64::from(held) / f64::from(trials) - 0.8).abs() < 0.0114, "{held} of {trials}");
    }

    proptest! {
        #[test]
        fn levels_never_cross_and_as_many_lie_outside_as_may(
            values in proptest::collection::vec(-1e6_f32..1e6, 20..300),
            levels in proptest::collection::vec(0.05_f64..0.95, 1..8),
            forecast in -1e6_f32..1e6,
        ) {
            let q = Quantiles::fit(&levels, &column(values.iter().copied())).unwrap();
            prop_assert!(q.levels.is_sorted());
            let at = &q.apply(&[forecast])[0];
            prop_assert!(at.is_sorted(), "{at:?}");
            let places = (values.len() + 1) as f64;
            for (level, offset) in q.levels.iter().zip(&q.offsets[0]) {
                let at_or_below = values.iter().filter(|x| *x <= offset).count() as f64;
                let below = values.iter().filter(|x| *x < offset).count() as f64;
                if *level < 0.5 {
                    prop_assert!(below + 1.0 <= places * level + 1e-6);
                } else {
                    prop_assert!(at_or_below >= places * level - 1e-6);
                }
            }
        }
    }
}
