//! `DLinear`: a trend and a remainder, each with one linear map from the window to the horizon.

use crate::PredictError;
use crate::data::{Normaliser, Trace, WindowAt, WindowSpec};
use serde::{Deserialize, Serialize};

/// Width of the moving average that is the trend, samples.
const TREND: usize = 5;

/// A fitted `DLinear` of the target alone, on windows from which their last value is taken off (as in `NLinear`).
///
/// It is fitted by ridge least squares: the optimum that gradient descent would seek, in closed form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DLinear {
    spec: WindowSpec,
    /// `[horizon, 2 · observe + 1]`: trend, remainder, constant.
    weights: Vec<Vec<f64>>,
}

fn regressors(x: &[f32], channels: usize) -> Vec<f64> {
    let d: Vec<f64> = x.iter().step_by(channels).map(|v| f64::from(*v)).collect();
    let half = TREND / 2;
    let n = d.len();
    let mut out = Vec::with_capacity(2 * n + 1);
    // edges are padded with the end values
    let at = |i: isize| d[usize::try_from(i).unwrap_or(0).min(n - 1)];
    for i in 0..n {
        #[expect(clippy::cast_possible_wrap, clippy::cast_precision_loss, reason = "windows are short")]
        let mean = (0..TREND).map(|k| at((i + k) as isize - half as isize)).sum::<f64>() / TREND as f64;
        out.push(mean);
    }
    for i in 0..n {
        out.push(d[i] - out[i]);
    }
    out.push(1.0);
    out
}

impl DLinear {
    /// Fits on windows. `ridge` is relative to the mean diagonal of the normal equations.
    ///
    /// # Errors
    /// [`PredictError::TooFew`] for fewer windows than observed samples, [`PredictError::NotFinite`] when the equations have no solution.
    pub fn fit(
        trace: &Trace,
        normaliser: &Normaliser,
        spec: WindowSpec,
        at: &[WindowAt],
        ridge: f64,
    ) -> Result<Self, PredictError> {
        let columns = 2 * spec.observe + 1;
        let mut gram = vec![vec![0.0; columns]; columns];
        let mut right = vec![vec![0.0; columns]; spec.horizon];
        let mut used = 0;
        for (encoded, labels) in at.iter().filter_map(|w| normaliser.window(trace, *w, spec)) {
            let r = regressors(&encoded.x, encoded.x.len() / spec.observe);
            for i in 0..columns {
                for j in 0..=i {
                    gram[i][j] += r[i] * r[j];
                }
            }
            for (row, y) in right.iter_mut().zip(&labels) {
                row.iter_mut().zip(&r).for_each(|(a, x)| *a += x * f64::from(*y));
            }
            used += 1;
        }
        if used < spec.observe {
            return Err(PredictError::TooFew { what: "DLinear", have: used, need: spec.observe });
        }
        #[expect(clippy::cast_precision_loss, reason = "a window is short")]
        let trace_mean = (0..columns).map(|i| gram[i][i]).sum::<f64>() / columns as f64;
        for (i, row) in gram.iter_mut().enumerate() {
            row[i] += ridge * trace_mean.max(1e-12);
        }
        let factor = cholesky(gram).ok_or(PredictError::NotFinite("DLinear's least squares"))?;
        let weights: Vec<Vec<f64>> = right.into_iter().map(|b| solve(&factor, b)).collect();
        if weights.iter().flatten().any(|w| !w.is_finite()) {
            return Err(PredictError::NotFinite("DLinear's weights"));
        }
        Ok(Self { spec, weights })
    }

    /// Dimensionless forecast of one encoded window, `horizon` values.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "a forecast of f32 data fits f32")]
    pub fn forward(&self, x: &[f32]) -> Vec<f32> {
        let r = regressors(x, (x.len() / self.spec.observe).max(1));
        self.weights.iter().map(|w| w.iter().zip(&r).map(|(a, b)| a * b).sum::<f64>() as f32).collect()
    }
}

fn cholesky(mut a: Vec<Vec<f64>>) -> Option<Vec<Vec<f64>>> {
    let n = a.len();
    for i in 0..n {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| a[i][k] * a[j][k]).sum();
            let rest = a[i][j] - dot;
            if i == j {
                if rest.is_nan() || rest <= 0.0 {
                    return None;
                }
                a[i][i] = rest.sqrt();
            } else {
                a[i][j] = rest / a[j][j];
            }
        }
    }
    Some(a)
}

fn solve(l: &[Vec<f64>], mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for i in 0..n {
        let dot: f64 = (0..i).map(|k| l[i][k] * b[k]).sum();
        b[i] = (b[i] - dot) / l[i][i];
    }
    for i in (0..n).rev() {
        let dot: f64 = (i + 1..n).map(|k| l[k][i] * b[k]).sum();
        b[i] = (b[i] - dot) / l[i][i];
    }
    b
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededRng;
    use crate::data::{Part, Partition, Series, SplitMode};

    #[test]
    fn learns_a_linear_recurrence_exactly() {
        // x[t+1] = 2 cos(0.4) x[t] − x[t−1]: a sinusoid is a linear function of its past
        let values = (0..400).map(|i| Some((0.4 * i as f32).sin() * 3.0 + 1.0)).collect();
        let trace =
            Trace { features: vec!["x".into()], series: vec![Series { id: String::new(), values }], not_finite: 0 };
        let spec = WindowSpec::default();
        let part = Partition::new(&trace, SplitMode::Within, 0.7, 0.1).unwrap();
        let norm = Normaliser::fit(&trace, &part, spec);
        let model = DLinear::fit(&trace, &norm, spec, &part.windows(&trace, spec, Part::Train), 1e-9).unwrap();
        for w in part.windows(&trace, spec, Part::Test) {
            let (e, y) = norm.window(&trace, w, spec).unwrap();
            for (f, y) in model.forward(&e.x).iter().zip(&y) {
                assert!((f - y).abs() < 2e-3, "{f} {y}");
            }
        }
    }

    #[test]
    fn of_noise_predicts_the_return_to_the_mean() {
        let mut rng = SeededRng::new(1, 0);
        let values = (0..3000).map(|_| Some(rng.normal())).collect();
        let trace =
            Trace { features: vec!["x".into()], series: vec![Series { id: String::new(), values }], not_finite: 0 };
        let spec = WindowSpec::default();
        let part = Partition::new(&trace, SplitMode::Within, 0.7, 0.1).unwrap();
        let norm = Normaliser::fit(&trace, &part, spec);
        let model = DLinear::fit(&trace, &norm, spec, &part.windows(&trace, spec, Part::Train), 1e-6).unwrap();
        let (mut square, mut floor) = (0.0, 0.0);
        for w in part.windows(&trace, spec, Part::Test) {
            let (e, y) = norm.window(&trace, w, spec).unwrap();
            square += model.forward(&e.x).iter().zip(&y).map(|(f, y)| (f - y).powi(2)).sum::<f32>();
            floor += y.iter().map(|y| y * y).sum::<f32>();
        }
        // persistence on white noise has twice the variance; the mean of 15 has 1 + 1/15
        let ratio = square / floor;
        assert!((0.50..0.58).contains(&ratio), "{ratio}");
    }
}
