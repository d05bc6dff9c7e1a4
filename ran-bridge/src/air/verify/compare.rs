//! What was captured beside what was recomputed.

use super::link::wide;
use num_complex::{Complex32, Complex64};

/// Sums over what was compared.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Compared {
    /// Samples compared.
    pub samples: u64,
    /// Samples that are not known, see [`super::faults::LEFT_OUT`].
    pub left_out: u64,
    power: f64,
    error: f64,
    largest: f64,
    largest_at: Option<u64>,
}

impl Compared {
    /// Compares samples from `first` on.
    pub fn add(&mut self, first: u64, got: &[Complex32], want: &[Complex64]) {
        for ((n, got), want) in (first..).zip(got).zip(want) {
            if want.is_nan() {
                self.left_out += 1;
                continue;
            }
            let error = (wide(got) - want).norm_sqr();
            let error = if error.is_finite() { error } else { f64::INFINITY };
            self.samples += 1;
            self.power += want.norm_sqr();
            self.error += error;
            if error > self.largest {
                (self.largest, self.largest_at) = (error, Some(n));
            }
        }
    }

    /// Root mean square of what was recomputed, dBFS.
    pub fn dbfs(&self) -> f64 {
        10.0 * (self.power / self.samples as f64).log10()
    }

    /// Error in the root mean square, relative to that of what was recomputed.
    pub fn relative(&self) -> f64 {
        if self.error == 0.0 { 0.0 } else { (self.error / self.power).sqrt() }
    }

    /// The largest error of a sample, relative to the root mean square of what was recomputed, and where it is.
    pub fn largest(&self) -> (f64, Option<u64>) {
        let mean = self.power / self.samples as f64;
        (if self.largest == 0.0 { 0.0 } else { (self.largest / mean).sqrt() }, self.largest_at)
    }
}
