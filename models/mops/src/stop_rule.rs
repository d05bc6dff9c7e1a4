//! When training has gone on for long enough: a mixture of the errors and of what they cost.
//!
//! M(t) = `w_O` O(t) + `w_G` G(t) + `w_C` C(t) + `w_R` R(t), with the errors of eqs. (3), (5), (6) as they are seen at round t and R the resource cost since the run began, here the
//! megabytes that went over the wire. O falls with the rounds, G and R rise (Theorems 1 and 2), so M has a minimum: training ends when M is at its target or below, when
//! it has found no lower value for some rounds, so that what is gained is less than what it costs, or after the most rounds that are allowed.

use serde::{Deserialize, Serialize};

/// Weights and limits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StopRule {
    /// Of the joint O-error.
    pub o: f64,
    /// Of the joint G-error.
    pub g: f64,
    /// Of the C-error.
    pub c: f64,
    /// Of a megabyte on the wire.
    pub per_megabyte: f64,
    /// M at or below this ends it; `None` = none is low enough.
    pub target: Option<f64>,
    /// So many rounds without a lower M end it.
    pub patience: u64,
    /// It ends after so many rounds in any case.
    pub most_rounds: u64,
}

impl Default for StopRule {
    /// O- and C-error count alike, a megabyte a ten-thousandth; 20 rounds of patience, 200 at most.
    fn default() -> Self {
        Self { o: 1.0, g: 0.0, c: 1.0, per_megabyte: 1e-4, target: None, patience: 20, most_rounds: 200 }
    }
}

/// What a round shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct RoundErrors {
    /// Joint O-error.
    pub o: f64,
    /// Joint G-error; `None` = not observed.
    pub g: Option<f64>,
    /// C-error.
    pub c: f64,
    /// Megabytes on the wire since the run began.
    pub megabytes: f64,
}

/// Why training ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopWhy {
    /// The mixture is at its target.
    Target,
    /// The mixture falls no more.
    NoGain,
    /// The most rounds are done.
    MostRounds,
}

/// A rule at work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stopping {
    rule: StopRule,
    rounds: u64,
    lowest: Option<(f64, u64)>,
}

impl Stopping {
    /// As training begins.
    #[must_use]
    pub const fn new(rule: StopRule) -> Self {
        Self { rule, rounds: 0, lowest: None }
    }

    /// M; `None` where an error that counts was not observed, or where it is not finite.
    #[must_use]
    pub fn mixture(&self, seen: &RoundErrors) -> Option<f64> {
        let StopRule { o, g, c, per_megabyte, .. } = self.rule;
        let of_g = if g == 0.0 { 0.0 } else { g * seen.g? };
        let m = o * seen.o + of_g + c * seen.c + per_megabyte * seen.megabytes;
        m.is_finite().then_some(m)
    }

    /// Takes a round that ended; `Some` where it was the last.
    pub fn round(&mut self, seen: &RoundErrors) -> Option<StopWhy> {
        self.rounds += 1;
        if let Some(m) = self.mixture(seen) {
            if self.rule.target.is_some_and(|target| m <= target) {
                return Some(StopWhy::Target);
            }
            if self.lowest.is_none_or(|(lowest, _)| m < lowest) {
                self.lowest = Some((m, self.rounds));
            }
        }
        let since = self.rounds - self.lowest.map_or(0, |(_, at)| at);
        if self.rounds >= self.rule.most_rounds {
            Some(StopWhy::MostRounds)
        } else if since >= self.rule.patience {
            Some(StopWhy::NoGain)
        } else {
            None
        }
    }

    /// Rounds so far.
    #[must_use]
    pub const fn rounds(&self) -> u64 {
        self.rounds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(o: f64, c: f64, megabytes: f64) -> RoundErrors {
        RoundErrors { o, g: None, c, megabytes }
    }

    #[test]
    fn the_mixture_by_hand_and_each_end() {
        let rule =
            StopRule { o: 2.0, c: 0.5, per_megabyte: 0.1, target: Some(1.0), patience: 3, most_rounds: 10, g: 0.0 };
        let mut s = Stopping::new(rule);
        assert_eq!(s.mixture(&seen(1.0, 4.0, 10.0)), Some(5.0));
        assert_eq!(s.round(&seen(1.0, 4.0, 10.0)), None);
        assert_eq!(s.round(&seen(0.1, 0.2, 1.0)), Some(StopWhy::Target));
        // errors fall by less than a round costs: the first is the lowest, three more without a lower one
        let mut s = Stopping::new(rule);
        let ends: Vec<_> = (0..4).map(|k| s.round(&seen(2.0 - 0.01 * f64::from(k), 0.0, f64::from(k)))).collect();
        assert_eq!(ends, [None, None, None, Some(StopWhy::NoGain)]);
        let mut s = Stopping::new(StopRule { patience: 99, ..rule });
        let last = (0..10).map(|_| s.round(&seen(9.0, 0.0, 0.0))).collect::<Vec<_>>();
        assert_eq!((last[8], last[9], s.rounds()), (None, Some(StopWhy::MostRounds), 10));
    }

    #[test]
    fn what_was_not_observed_ends_nothing_but_patience() {
        let rule = StopRule { g: 1.0, patience: 2, target: Some(1e9), ..StopRule::default() };
        let mut s = Stopping::new(rule);
        assert_eq!(s.mixture(&seen(0.0, 0.0, 0.0)), None);
        assert_eq!([s.round(&seen(0.0, 0.0, 0.0)), s.round(&seen(f64::NAN, 0.0, 0.0))], [None, Some(StopWhy::NoGain)]);
        let mut s = Stopping::new(rule);
        assert_eq!(s.round(&RoundErrors { g: Some(0.5), ..seen(0.0, 0.0, 0.0) }), Some(StopWhy::Target));
    }
}
