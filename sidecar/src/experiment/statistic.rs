//! Figures over seeds: the interquartile mean with an interval.

use predict::SeededRng;

/// Resamples of the interval.
const RESAMPLES: usize = 2_000;

/// An interquartile mean with its 95 % bootstrap interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Interquartile mean.
    pub iqm: f64,
    /// 2.5 % of the resamples lie below.
    pub low: f64,
    /// 2.5 % of the resamples lie above.
    pub high: f64,
    /// Values it is made from.
    pub count: usize,
}

/// Mean of the middle half; where a quarter is no whole number of values, the values at its edge count in part. `None` of nothing.
#[must_use]
pub fn interquartile_mean(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let (from, to) = (n / 4.0, 0.75 * n);
    let part = |i: usize| ((i as f64 + 1.0).min(to) - (i as f64).max(from)).max(0.0);
    let sum: f64 = sorted.iter().enumerate().map(|(i, v)| v * part(i)).sum();
    (!sorted.is_empty()).then(|| sum / (to - from))
}

impl Estimate {
    /// Of values of different seeds; `None` of nothing. The resamples are drawn from a fixed seed: the same values have the same interval.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let iqm = interquartile_mean(values)?;
        let mut rng = SeededRng::new(1, 1);
        let mut resampled: Vec<f64> = (0..RESAMPLES)
            .filter_map(|_| {
                let draw: Vec<f64> = values.iter().map(|_| values[rng.below(values.len())]).collect();
                interquartile_mean(&draw)
            })
            .collect();
        resampled.sort_unstable_by(f64::total_cmp);
        let at = |p: f64| resampled[((RESAMPLES - 1) as f64 * p).round() as usize];
        Some(Self { iqm, low: at(0.025), high: at(0.975), count: values.len() })
    }

    /// `1.23 [1.1, 1.4]`, scaled; the interval only where there is more than one value.
    #[must_use]
    pub fn text(&self, scale: f64, unit: &str) -> String {
        let number = |v: f64| significant(v * scale);
        if self.count < 2 {
            return format!("{}{unit}", number(self.iqm));
        }
        format!("{}{unit} [{}, {}]", number(self.iqm), number(self.low), number(self.high))
    }
}

/// Three significant digits.
#[must_use]
pub fn significant(v: f64) -> String {
    if v == 0.0 || !v.is_finite() {
        return format!("{v}");
    }
    let digits = 2 - v.abs().log10().floor() as i32;
    if (-3..=6).contains(&digits) { format!("{v:.*}", digits.max(0) as usize) } else { format!("{v:.2e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        assert_eq!(interquartile_mean(&[4.0, 1.0, 2.0, 100.0]), Some(3.0));
        // of three, 0.75 … 2.25: a quarter of the first, the second, a quarter of the third
        assert!((interquartile_mean(&[1.0, 2.0, 4.0]).unwrap() - (0.25 + 2.0 + 1.0) / 1.5).abs() < 1e-12);
        assert_eq!((interquartile_mean(&[7.0]), interquartile_mean(&[])), (Some(7.0), None));
        let e = Estimate::of(&[1.0, 2.0, 4.0]).unwrap();
        assert!(e.low >= 1.0 && e.low < e.iqm && e.iqm < e.high && e.high <= 4.0 && e.count == 3, "{e:?}");
        assert_eq!(Estimate::of(&[0.5]).unwrap().text(100.0, " %"), "50.0 %");
        assert_eq!([significant(1234.5), significant(0.012_34), significant(1.2e-9)], ["1234", "0.0123", "1.20e-9"]);
    }
}
