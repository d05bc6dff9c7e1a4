//! Normalisation. Fitted on training rows only, and window-wise against the last observed value:
//! every learned model predicts the *difference* to the last value of its window, scaled. So a model that gives 0 is
//! persistence, and a shift of the level between training and use does no harm.

use super::{Part, Partition, Trace, WindowAt, WindowSpec};
use serde::{Deserialize, Serialize};

/// Numbers that stand for one feature at one time: difference to the last observed value of the window (scaled), level
/// (scaled), and 1 where it was observed. Where it was not, all three are 0.
pub const CHANNELS_PER_FEATURE: usize = 3;

/// Mean and scale of each feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Normaliser {
    /// Mean over the training rows.
    pub mean: Vec<f32>,
    /// Standard deviation over the training rows; 1 where it would be 0.
    pub std: Vec<f32>,
    /// Root mean square of the difference between values `horizon` rows apart; 1 where it would be 0.
    pub step: Vec<f32>,
}

/// One window as models see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    /// `[observe, 3 · features]`, row-major, dimensionless.
    pub x: Vec<f32>,
    /// Last observed value of the target, in its own unit.
    pub last: f32,
    /// What the output is multiplied by, in the unit of the target.
    pub scale: f32,
}

impl Encoded {
    /// A model's output in the unit of the series.
    #[must_use]
    pub fn decode(&self, output: &[f32]) -> Vec<f32> {
        output.iter().map(|o| self.last + self.scale * o).collect()
    }

    /// Labels as a model should give them.
    #[must_use]
    pub fn encode_labels(&self, labels: &[f32]) -> Vec<f32> {
        labels.iter().map(|y| (y - self.last) / self.scale).collect()
    }
}

impl Normaliser {
    /// Fits on the training rows of a partition, and on nothing else.
    #[must_use]
    pub fn fit(trace: &Trace, partition: &Partition, spec: WindowSpec) -> Self {
        let width = trace.width();
        let mut sums = vec![[0.0_f64; 5]; width]; // n, Σx, Σx², m, Σd²
        for s in 0..trace.series.len() {
            let (from, to) = partition.rows(trace, s, Part::Train);
            for row in from..to {
                for (f, sum) in sums.iter_mut().enumerate() {
                    let Some(x) = trace.row(s, row)[f].map(f64::from) else { continue };
                    sum[0] += 1.0;
                    sum[1] += x;
                    sum[2] += x * x;
                    if row + spec.horizon < to
                        && let Some(later) = trace.row(s, row + spec.horizon)[f]
                    {
                        sum[3] += 1.0;
                        sum[4] += (f64::from(later) - x).powi(2);
                    }
                }
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "statistics of f32 data fit f32")]
        let positive = |x: f64| if x.is_finite() && x > 1e-12 { x as f32 } else { 1.0 };
        let mut out = Self { mean: Vec::new(), std: Vec::new(), step: Vec::new() };
        for [n, sum, square, m, diff] in sums {
            let mean = if n > 0.0 { sum / n } else { 0.0 };
            #[expect(clippy::cast_possible_truncation, reason = "statistics of f32 data fit f32")]
            out.mean.push(mean as f32);
            out.std.push(positive((square / n - mean * mean).max(0.0).sqrt()));
            out.step.push(positive((diff / m).sqrt()));
        }
        out
    }

    /// Encodes observed rows. `None` when the target was never observed in them or the width is another.
    ///
    /// # Shapes
    /// `rows`: `[observe, features]` row-major.
    #[must_use]
    pub fn encode(&self, rows: &[Option<f32>]) -> Option<Encoded> {
        let width = self.mean.len();
        if width == 0 || rows.is_empty() || !rows.len().is_multiple_of(width) {
            return None;
        }
        let last: Vec<Option<f32>> =
            (0..width).map(|f| rows.iter().skip(f).step_by(width).rev().find_map(|x| *x)).collect();
        let target = last[0]?;
        let mut x = Vec::with_capacity(rows.len() * CHANNELS_PER_FEATURE);
        for row in rows.chunks_exact(width) {
            for (f, value) in row.iter().enumerate() {
                match (value, last[f]) {
                    (Some(v), Some(l)) => {
                        x.push(((v - l) / self.step[f]).clamp(-20.0, 20.0));
                        x.push(((v - self.mean[f]) / self.std[f]).clamp(-20.0, 20.0));
                        x.push(1.0);
                    }
                    _ => x.extend([0.0; CHANNELS_PER_FEATURE]),
                }
            }
        }
        Some(Encoded { x, last: target, scale: self.step[0] })
    }

    /// Encodes a window of a trace and its labels (dimensionless).
    #[must_use]
    pub fn window(&self, trace: &Trace, at: WindowAt, spec: WindowSpec) -> Option<(Encoded, Vec<f32>)> {
        let width = trace.width();
        let values = &trace.series.get(at.series)?.values;
        let middle = (at.start + spec.observe) * width;
        let encoded = self.encode(values.get(at.start * width..middle)?)?;
        let labels: Option<Vec<f32>> =
            values.get(middle..middle + spec.horizon * width)?.iter().step_by(width).copied().collect();
        let labels = encoded.encode_labels(&labels?);
        Some((encoded, labels))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Series, SplitMode};
    use super::*;

    fn trace(values: Vec<Option<f32>>, width: usize) -> Trace {
        let features = (0..width).map(|i| i.to_string()).collect();
        Trace { features, series: vec![Series { id: String::new(), values }], not_finite: 0 }
    }

    #[test]
    fn only_training_rows_count() {
        let spec = WindowSpec { observe: 2, horizon: 1 };
        let mut a = trace([1.0, 3.0, 1.0, 3.0, 9.0, 9.0].map(Some).to_vec(), 1);
        let part = Partition::new(&a, SplitMode::Within, 4.0 / 6.0, 1.0 / 6.0).unwrap();
        let fitted = Normaliser::fit(&a, &part, spec);
        assert_eq!((fitted.mean[0], fitted.std[0], fitted.step[0]), (2.0, 1.0, 2.0));
        a.series[0].values[5] = Some(1e6);
        assert_eq!(Normaliser::fit(&a, &part, spec), fitted);
    }

    #[test]
    fn encodes_gaps_and_gives_back_units() {
        let n = Normaliser { mean: vec![10.0, 0.0], std: vec![2.0, 1.0], step: vec![4.0, 1.0] };
        let e = n.encode(&[Some(8.0), Some(1.0), None, None, Some(12.0), None]).unwrap();
        assert_eq!(e.last, 12.0);
        assert_eq!(&e.x[..6], &[-1.0, -1.0, 1.0, 0.0, 1.0, 1.0]);
        assert_eq!(&e.x[6..12], &[0.0; 6]);
        assert_eq!(&e.x[12..], &[0.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
        assert_eq!(e.decode(&[0.0, 0.5]), vec![12.0, 14.0]);
        assert_eq!(e.encode_labels(&[12.0, 14.0]), vec![0.0, 0.5]);
        assert!(n.encode(&[None, Some(1.0)]).is_none());
        assert!(n.encode(&[Some(1.0)]).is_none());
    }

    #[test]
    fn a_constant_series_does_not_divide_by_zero() {
        let t = trace(vec![Some(5.0); 40], 1);
        let spec = WindowSpec::default();
        let part = Partition::new(&t, SplitMode::Within, 0.7, 0.1).unwrap();
        let n = Normaliser::fit(&t, &part, spec);
        let (e, y) = n.window(&t, WindowAt { series: 0, start: 0 }, spec).unwrap();
        assert!(e.x.iter().chain(&y).all(|x| x.is_finite()));
    }
}
