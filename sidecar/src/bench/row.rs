//! One figure of a bench.

use serde::{Deserialize, Serialize};

/// What a figure must keep to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bar {
    /// The figure is this or less.
    AtMost(f64),
    /// The figure is this or more.
    AtLeast(f64),
}

impl Bar {
    /// Whether a figure keeps to it; what is not a number does not.
    #[must_use]
    pub fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(bar) => value <= bar,
            Self::AtLeast(bar) => value >= bar,
        }
    }
}

impl std::fmt::Display for Bar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtMost(bar) => write!(f, "≤ {bar}"),
            Self::AtLeast(bar) => write!(f, "≥ {bar}"),
        }
    }
}

/// One row: a figure of a case, its bar, and how a peer does on the same work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What was run, e.g. `23.04 MS/s, both directions`.
    pub case: String,
    /// What was measured, e.g. `round trip p99`.
    pub metric: String,
    /// The figure; `None` = not measured.
    pub value: Option<f64>,
    /// Its unit, e.g. `us`; `1` for a bare number.
    pub unit: String,
    /// What it must keep to, where there is a bar.
    pub bar: Option<Bar>,
    /// Whether it does; `None` without a bar or a figure.
    pub ok: Option<bool>,
    /// The peer it is compared with.
    pub peer: Option<String>,
    /// Peer/ours for costs, ours/peer for rates: above 1 we are better.
    pub ratio: Option<f64>,
    /// Why there is no figure, e.g. a peer that is not installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

impl Row {
    /// A figure without bar and peer.
    #[must_use]
    pub fn new(case: &str, metric: &str, value: f64, unit: &str) -> Self {
        Self {
            case: case.into(),
            metric: metric.into(),
            value: value.is_finite().then_some(value),
            unit: unit.into(),
            bar: None,
            ok: None,
            peer: None,
            ratio: None,
            skipped: None,
        }
    }

    /// A row without a figure, with the reason and, where it is one, the peer that is missing.
    #[must_use]
    pub fn skipped(case: &str, metric: &str, unit: &str, peer: Option<&str>, why: &str) -> Self {
        Self {
            peer: peer.map(Into::into),
            skipped: Some(why.into()),
            value: None,
            ..Self::new(case, metric, 0.0, unit)
        }
    }

    /// With a bar. A figure that was not measured misses it.
    #[must_use]
    pub fn bar(mut self, bar: Bar) -> Self {
        self.bar = Some(bar);
        self.ok = Some(self.value.is_some_and(|v| bar.holds(v)));
        self
    }

    /// Against the peer's cost (time, bytes, errors) for the same work.
    #[must_use]
    pub fn against_cost(mut self, peer: &str, peer_value: f64) -> Self {
        self.peer = Some(peer.into());
        self.ratio = self.value.map(|ours| peer_value / ours).filter(|r| r.is_finite());
        self
    }

    /// Whether it misses its bar.
    #[must_use]
    pub fn missed(&self) -> bool {
        self.ok == Some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_above_one_mean_better() {
        let cost = Row::new("c", "p50", 2.0, "us").against_cost("peer", 3.0);
        assert_eq!(cost.ratio, Some(1.5));
        assert_eq!(Row::new("c", "p50", 0.0, "us").against_cost("peer", 3.0).ratio, None);
    }

    #[test]
    fn a_bar_is_kept_missed_or_missed_for_want_of_a_figure() {
        assert!(!Row::new("c", "m", 2.2, "1").bar(Bar::AtMost(2.2)).missed());
        assert!(Row::new("c", "m", 2.3, "1").bar(Bar::AtMost(2.2)).missed());
        assert!(Row::new("c", "m", f64::NAN, "1").bar(Bar::AtMost(2.2)).missed());
        assert!(Row::new("c", "m", 1.0, "1").bar(Bar::AtLeast(2.0)).missed());
        assert!(!Row::skipped("c", "m", "1", Some("peer"), "not installed").missed());
    }

    #[test]
    fn json_has_the_agreed_keys() {
        let row = Row::new("c", "m", 1.0, "us").bar(Bar::AtMost(2.0)).against_cost("bare", 3.0);
        assert_eq!(
            serde_json::to_string(&row).unwrap(),
            r#"{"case":"c","metric":"m","value":1.0,"unit":"us","bar":{"at_most":2.0},"ok":true,"peer":"bare","ratio":3.0}"#
        );
    }
}
