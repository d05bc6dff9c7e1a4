//! How wrong a forecast is.

use serde::{Deserialize, Serialize};

/// Mean absolute error; `None` of nothing.
///
/// # Shapes
/// `forecast` and `truth` have the same length; what is beyond the shorter is not counted.
#[must_use]
pub fn mae(forecast: &[f32], truth: &[f32]) -> Option<f64> {
    let mut sum = ErrorSum::default();
    sum.add(forecast, truth);
    sum.mae()
}

/// Normalised mean absolute error Σ|ŷ − y| / Σ|y|; `None` of nothing or where the truth is all zero.
///
/// # Shapes
/// As [`mae`].
#[must_use]
pub fn nmae(forecast: &[f32], truth: &[f32]) -> Option<f64> {
    let mut sum = ErrorSum::default();
    sum.add(forecast, truth);
    sum.nmae()
}

/// Mean pinball loss of one quantile, q·(y − ŷ) above it and (1 − q)·(ŷ − y) below, in the unit of the series; `None` of nothing. At q = ½
/// it is half the mean absolute error.
///
/// # Shapes
/// As [`mae`]. `level`: in 0…1.
#[must_use]
pub fn pinball_loss(level: f64, quantile: &[f32], truth: &[f32]) -> Option<f64> {
    let each = quantile.iter().zip(truth).map(|(q, y)| pinball(level, *q, *y)).filter(|loss| loss.is_finite());
    let (sum, count) = each.fold((0.0, 0_u32), |(sum, count), loss| (sum + loss, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

/// Share of the truths within lower…upper, both ends in it, 0…1; `None` of nothing.
///
/// # Shapes
/// All of the same length; what is beyond the shortest, or not finite, is not counted.
#[must_use]
pub fn coverage(lower: &[f32], upper: &[f32], truth: &[f32]) -> Option<f64> {
    let all = lower.iter().zip(upper).zip(truth).map(|((l, u), y)| (l, u, y));
    let finite = all.filter(|(l, u, y)| l.is_finite() && u.is_finite() && y.is_finite());
    let (held, count) = finite.fold((0_u32, 0_u32), |(held, n), (l, u, y)| (held + u32::from(l <= y && y <= u), n + 1));
    (count > 0).then(|| f64::from(held) / f64::from(count))
}

fn pinball(level: f64, quantile: f32, truth: f32) -> f64 {
    let over = f64::from(truth) - f64::from(quantile);
    (level * over).max((level - 1.0) * over)
}

/// Running sums behind [`coverage`] and [`pinball_loss`] over forecasts with the same levels, in the unit of the series.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct QuantileSum {
    /// Values compared.
    pub count: u64,
    /// Truths between the lowest and the highest level.
    pub held: u64,
    /// Sum of the pinball losses, of each value the mean over the levels.
    pub pinball: f64,
    /// Σ|y|.
    pub abs_truth: f64,
}

impl QuantileSum {
    /// Adds one forecast; steps with a number that is not finite are left out.
    ///
    /// # Shapes
    /// `quantiles`: `[horizon][levels]`, levels ascending; `truth`: `[horizon]`.
    #[expect(clippy::cast_precision_loss, reason = "a handful of levels")]
    pub fn add(&mut self, levels: &[f64], quantiles: &[Vec<f32>], truth: &[f32]) {
        for (at, y) in quantiles.iter().zip(truth) {
            let (Some(low), Some(high)) = (at.first(), at.last()) else { continue };
            let sum: f64 = levels.iter().zip(at).map(|(level, q)| pinball(*level, *q, *y)).sum();
            if sum.is_finite() {
                self.count += 1;
                self.held += u64::from(low <= y && y <= high);
                self.pinball += sum / levels.len() as f64;
                self.abs_truth += f64::from(y.abs());
            }
        }
    }

    /// Share of the truths between the lowest and the highest level, 0…1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    pub fn coverage(&self) -> Option<f64> {
        (self.count > 0).then(|| self.held as f64 / self.count as f64)
    }

    /// Mean pinball loss over the mean absolute truth: normalised as [`nmae`] is.
    #[must_use]
    pub fn normalised_pinball(&self) -> Option<f64> {
        (self.count > 0 && self.abs_truth > 0.0).then(|| self.pinball / self.abs_truth)
    }
}

/// Running sums behind [`mae`] and [`nmae`], in the unit of the series.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ErrorSum {
    /// Values compared.
    pub count: u64,
    /// Σ|ŷ − y|.
    pub abs_error: f64,
    /// Σ|y|.
    pub abs_truth: f64,
    /// Σ(ŷ − y)².
    pub square_error: f64,
}

impl ErrorSum {
    /// Adds one forecast; pairs that are not finite are left out.
    pub fn add(&mut self, forecast: &[f32], truth: &[f32]) {
        for (f, y) in forecast.iter().zip(truth) {
            let (f, y) = (f64::from(*f), f64::from(*y));
            let e = f - y;
            if e.is_finite() {
                self.count += 1;
                self.abs_error += e.abs();
                self.abs_truth += y.abs();
                self.square_error += e * e;
            }
        }
    }

    /// Mean absolute error.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    pub fn mae(&self) -> Option<f64> {
        (self.count > 0).then(|| self.abs_error / self.count as f64)
    }

    /// Root of the mean square error.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    pub fn rmse(&self) -> Option<f64> {
        (self.count > 0).then(|| (self.square_error / self.count as f64).sqrt())
    }

    /// Σ|ŷ − y| / Σ|y|.
    #[must_use]
    pub fn nmae(&self) -> Option<f64> {
        (self.count > 0 && self.abs_truth > 0.0).then(|| self.abs_error / self.abs_truth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // |1-2| + |3-3| + |0-(-2)| = 3 over 2 + 3 + 2 = 7
        let (f, y) = ([1.0, 3.0, 0.0], [2.0, 3.0, -2.0]);
        assert_eq!(nmae(&f, &y), Some(3.0 / 7.0));
        assert_eq!(mae(&f, &y), Some(1.0));
        assert_eq!(nmae(&[], &[]), None);
        assert_eq!(nmae(&[1.0], &[0.0]), None);
        assert_eq!(mae(&[f32::NAN, 1.0], &[1.0, 1.0]), Some(0.0));
    }

    #[test]
    fn quantiles_by_hand() {
        let truth = [2.0, 5.0, f32::NAN];
        // 0.9 · (2 − 1), and 0.1 · (9 − 5)
        assert!((pinball_loss(0.9, &[1.0, 9.0, 0.0], &truth).unwrap() - 0.65).abs() < 1e-12);
        assert_eq!(pinball_loss(0.5, &[1.0, 9.0], &truth), mae(&[1.0, 9.0], &truth[..2]).map(|e| e / 2.0));
        assert_eq!(coverage(&[2.0, 6.0, 0.0], &[2.0, 9.0, 1.0], &truth), Some(0.5));
        assert_eq!((pinball_loss(0.5, &[], &[]), coverage(&[], &[], &[])), (None, None));
        let mut sum = QuantileSum::default();
        sum.add(&[0.1, 0.9], &[vec![1.0, 1.0], vec![4.0, 9.0], vec![0.0, 0.0]], &truth);
        assert_eq!((sum.count, sum.coverage(), sum.abs_truth), (2, Some(0.5), 7.0));
        // (0.1 · 1 + 0.9 · 1)/2 and (0.1 · 1 + 0.1 · 4)/2, over 2 + 5
        assert!((sum.normalised_pinball().unwrap() - 0.75 / 7.0).abs() < 1e-12);
        assert_eq!(QuantileSum::default().normalised_pinball(), None);
    }
}
