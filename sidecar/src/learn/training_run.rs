//! When agents and controller train: always, or in runs that a goal or an error begins and that a rule ends.
//!
//! Between two runs the agents go on to send their batches, from which the controller sees the errors; nothing is updated. Time is handed in.

use mops::{RoundErrors, StopRule, StopWhy, Stopping};
use serde::{Deserialize, Serialize};

/// How fast means over rounds follow: the share of the newest.
const FOLLOW: f64 = 0.25;
/// Rounds before a mean over them is believed.
const BELIEVED: u64 = 5;

/// What begins a run. `None` = that does not.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Triggers {
    /// Train always; the rest says nothing then.
    pub always: bool,
    /// Joint O-error over the shared part, mean over the last rounds, above this.
    pub o_error: Option<f64>,
    /// C-error, mean over the last rounds, above this.
    pub c_error: Option<f64>,
    /// An agent's running forecast error above this many times persistence's.
    pub forecast: Option<f64>,
    /// Time after a run until an error begins another, ns; a goal need not wait.
    pub pause_ns: u64,
    /// What ends a run.
    pub stop: StopRule,
}

/// Why a run began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A person stated a goal.
    Goal,
    /// The O-error.
    OError,
    /// The C-error.
    CError,
    /// A forecast error.
    Forecast,
}

impl Cause {
    /// For people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Goal => "goal",
            Self::OError => "o_error",
            Self::CError => "c_error",
            Self::Forecast => "forecast",
        }
    }
}

/// A line of the run's record: a training run began or ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrainingEvent {
    /// Its number, from 1.
    pub id: u64,
    /// `began`, `ended`.
    pub what: &'static str,
    /// Why it began.
    pub cause: Cause,
    /// The goal's words, or the error and its threshold.
    pub detail: String,
    /// Rounds it had.
    pub rounds: u64,
    /// Means over the last rounds; absent where none was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub o_error: Option<f64>,
    /// As `o_error`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub c_error: Option<f64>,
    /// What went over the wire for it, 10⁶ bytes.
    pub megabytes: f64,
    /// What ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<StopWhy>,
}

/// A run under way.
#[derive(Debug, Clone)]
struct Now {
    id: u64,
    cause: Cause,
    detail: String,
    stopping: Stopping,
    bytes: u64,
}

/// Which run is under way, and what begins the next.
#[derive(Debug, Clone)]
pub struct TrainingRuns {
    triggers: Triggers,
    now: Option<Now>,
    ids: u64,
    ended_ns: Option<u64>,
    /// Means of O- and C-error, and the rounds they are over.
    means: Option<(f64, f64)>,
    seen: u64,
}

impl TrainingRuns {
    /// Nothing was seen yet.
    #[must_use]
    pub const fn new(triggers: Triggers) -> Self {
        Self { triggers, now: None, ids: 0, ended_ns: None, means: None, seen: 0 }
    }

    /// Whether rounds update.
    #[must_use]
    pub const fn trains(&self) -> bool {
        self.triggers.always || self.now.is_some()
    }

    /// Number and cause of the run under way.
    #[must_use]
    pub fn now(&self) -> Option<(u64, Cause)> {
        self.now.as_ref().map(|n| (n.id, n.cause))
    }

    /// Number of the last run that ended.
    #[must_use]
    pub fn last(&self) -> Option<u64> {
        (self.ids - u64::from(self.now.is_some())).checked_sub(1).map(|before| before + 1)
    }

    /// Means of O- and C-error over the last rounds.
    #[must_use]
    pub const fn means(&self) -> Option<(f64, f64)> {
        self.means
    }

    fn event(&self, now: &Now, what: &'static str, why: Option<StopWhy>) -> TrainingEvent {
        TrainingEvent {
            id: now.id,
            what,
            cause: now.cause,
            detail: now.detail.clone(),
            rounds: now.stopping.rounds(),
            o_error: self.means.map(|m| m.0),
            c_error: self.means.map(|m| m.1),
            megabytes: now.bytes as f64 / 1e6,
            why,
        }
    }

    fn begin(&mut self, cause: Cause, detail: String) -> Option<TrainingEvent> {
        if self.trains() {
            return None;
        }
        self.ids += 1;
        let now = Now { id: self.ids, cause, detail, stopping: Stopping::new(self.triggers.stop), bytes: 0 };
        let event = self.event(&now, "began", None);
        self.now = Some(now);
        Some(event)
    }

    fn rested(&self, now_ns: u64) -> bool {
        self.ended_ns.is_none_or(|at| now_ns.saturating_sub(at) >= self.triggers.pause_ns)
    }

    /// A person stated a goal.
    pub fn goal(&mut self, text: &str) -> Option<TrainingEvent> {
        self.begin(Cause::Goal, text.to_owned())
    }

    /// An agent's running forecast error is so many times persistence's.
    pub fn forecast(&mut self, agent: &str, ratio: f64, now_ns: u64) -> Option<TrainingEvent> {
        let most = self.triggers.forecast.filter(|most| ratio > *most && self.rested(now_ns))?;
        self.begin(Cause::Forecast, format!("{agent}: {ratio:.3} of persistence's, more than {most}"))
    }

    /// A round ended, with these errors and so many bytes on the wire; `Some` where a run begins or ends with it.
    pub fn round(&mut self, o: f64, c: f64, bytes: u64, now_ns: u64) -> Option<TrainingEvent> {
        if !(o.is_finite() && c.is_finite()) {
            return None;
        }
        let follow = |mean: f64, x: f64| mean + FOLLOW * (x - mean);
        let (o, c) = self.means.map_or((o, c), |m| (follow(m.0, o), follow(m.1, c)));
        self.means = Some((o, c));
        self.seen += 1;
        if let Some(now) = &mut self.now {
            now.bytes += bytes;
            let seen = RoundErrors { o, g: None, c, megabytes: now.bytes as f64 / 1e6 };
            let why = now.stopping.round(&seen)?;
            let now = self.now.take()?;
            (self.ended_ns, self.seen) = (Some(now_ns), 0);
            return Some(self.event(&now, "ended", Some(why)));
        }
        if self.seen < BELIEVED || !self.rested(now_ns) {
            return None;
        }
        let above = |x: f64, most: Option<f64>| most.filter(|most| x > *most);
        if let Some(most) = above(o, self.triggers.o_error) {
            return self.begin(Cause::OError, format!("{o:.4}, more than {most}"));
        }
        let most = above(c, self.triggers.c_error)?;
        self.begin(Cause::CError, format!("{c:.4}, more than {most}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    fn runs() -> TrainingRuns {
        let stop = StopRule { target: Some(0.5), patience: 50, most_rounds: 8, ..StopRule::default() };
        let (o_error, c_error, forecast) = (Some(2.0), Some(1.5), Some(1.2));
        TrainingRuns::new(Triggers { always: false, o_error, c_error, forecast, pause_ns: 60 * S, stop })
    }

    #[test]
    fn a_goal_begins_a_run_that_the_rule_ends() {
        let mut r = runs();
        assert!(!r.trains() && r.last().is_none() && r.round(1.0, 1.0, 10, 0).is_none());
        let began = r.goal("sharper video").unwrap();
        assert_eq!((began.id, began.what, began.cause, r.now()), (1, "began", Cause::Goal, Some((1, Cause::Goal))));
        assert!(r.trains() && r.goal("another").is_none(), "one run at a time");
        let ended = (0..20).find_map(|k| r.round(0.0, 0.0, 1_000_000, k * S)).unwrap();
        assert_eq!((ended.what, ended.why, ended.id), ("ended", Some(StopWhy::Target), 1));
        assert!(ended.rounds > 1 && (ended.megabytes - ended.rounds as f64).abs() < 1e-9, "{ended:?}");
        assert!(!r.trains() && r.last() == Some(1));
        // a goal need not rest
        assert_eq!(r.goal("again").unwrap().id, 2);
    }

    #[test]
    fn an_error_above_its_threshold_begins_one_when_believed_and_rested() {
        let mut r = runs();
        let began: Vec<_> =
            (0..5).filter_map(|k| r.round(3.0, 0.0, 0, k * S).map(|e| (k, e.cause, e.detail))).collect();
        assert_eq!(began, [(4, Cause::OError, "3.0000, more than 2".to_owned())]);
        let ended = (5..20).find_map(|k| r.round(3.0, 0.0, 0, k * S)).unwrap();
        assert_eq!(ended.why, Some(StopWhy::MostRounds));
        let at = (13..200).find(|k| r.round(0.0, 3.0, 0, k * S).is_some()).unwrap();
        assert_eq!((at, r.now()), (12 + 60, Some((2, Cause::CError))), "after the pause, by the C-error");
    }

    #[test]
    fn a_bad_forecast_begins_one_and_always_needs_none() {
        let mut r = runs();
        assert!(r.forecast("app", 1.2, 0).is_none() && r.forecast("app", f64::NAN, 0).is_none());
        assert_eq!(r.forecast("app", 1.3, 0).unwrap().detail, "app: 1.300 of persistence's, more than 1.2");
        assert!(r.round(f64::NAN, 0.0, 0, 0).is_none());
        let mut always = TrainingRuns::new(Triggers { always: true, o_error: Some(0.0), ..Triggers::default() });
        assert!(always.trains() && always.goal("x").is_none() && always.forecast("a", 9.0, 0).is_none());
        assert!((0..9).all(|k| always.round(1.0, 1.0, 1, k).is_none()));
        assert!(always.means().is_some());
    }
}
