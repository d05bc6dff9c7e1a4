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
}
