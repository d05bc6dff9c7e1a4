//! A piece of spectrum.

use crate::refusal::Refusal;
use serde::{Deserialize, Serialize};

/// From one frequency to another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// Lower edge, Hz.
    pub low_hz: f64,
    /// Upper edge, Hz.
    pub high_hz: f64,
}

impl Band {
    /// All that `rate_hz` samples a second around `centre_hz` can hold.
    #[must_use]
    pub fn of_rate(centre_hz: f64, rate_hz: f64) -> Self {
        Self { low_hz: centre_hz - rate_hz / 2.0, high_hz: centre_hz + rate_hz / 2.0 }
    }

    /// Whether all of it lies in `outer`; false where one has an edge that is no number.
    #[must_use]
    pub fn is_within(&self, outer: &Self) -> bool {
        outer.low_hz <= self.low_hz && self.high_hz <= outer.high_hz
    }

    /// Whether it is one at all.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let is_one = self.low_hz.is_finite() && self.high_hz.is_finite() && self.low_hz < self.high_hz;
        if is_one { Ok(()) } else { Err(Refusal::Number("the band")) }
    }
}

impl std::fmt::Display for Band {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {} MHz", self.low_hz / 1e6, self.high_hz / 1e6)
    }
}
