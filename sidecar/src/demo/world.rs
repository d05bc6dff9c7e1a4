//! The lab's own view of what happened, for the report only: the loop never sees it.

use serde::Deserialize;
use std::path::Path;

/// One terminal at one moment.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct WorldUe {
    /// Subscriber.
    pub supi: String,
    /// Signal to interference and noise of its PDSCH, dB; `None` = not observed.
    pub sinr_db: Option<f64>,
    /// What its application asked for since the start, bit.
    pub offered_bits: f64,
    /// What it got since the start, bit.
    pub delivered_bits: f64,
    /// Time its video stood still since the start, s.
    pub stall_s: f64,
    /// Resolution its application plays.
    #[serde(default)]
    pub resolution: Option<String>,
}

/// The eavesdropper at one moment.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct WorldEar {
    /// Signal to interference and noise, dB; `None` = not observed.
    pub sinr_db: Option<f64>,
}

/// Sums over the terminals since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
pub struct WorldTotals {
    /// Asked for, bit.
    pub offered_bits: f64,
    /// Got, bit.
    pub delivered_bits: f64,
    /// Video stood still, s, summed over the terminals.
    pub stall_s: f64,
    /// What an eavesdropper could read, bit.
    #[serde(default)]
    pub leaked_bits: f64,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct WorldPoint {
    /// Radio time, s.
    pub t_s: f64,
    /// The terminals.
    pub ues: Vec<WorldUe>,
    /// The eavesdropper, where there is one.
    #[serde(default)]
    pub eavesdropper: Option<WorldEar>,
    /// Sums.
    pub totals: WorldTotals,
}

/// The log of one run, up to a radio time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WorldLog {
    /// The points in order of radio time.
    pub points: Vec<WorldPoint>,
    /// Lines that were not understood (the last one may be torn).
    pub bad_lines: usize,
}

impl WorldLog {
    /// Reads the lines of a log; keeps points up to `until_s`.
    #[must_use]
    pub fn parse(text: &str, until_s: f64) -> Self {
        let mut log = Self::default();
        for line in text.lines().filter(|l| !l.trim().is_empty()) {
            match serde_json::from_str::<WorldPoint>(line) {
                Ok(point) if point.t_s <= until_s => log.points.push(point),
                Ok(_) => {}
                Err(_) => log.bad_lines += 1,
            }
        }
        log
    }

    /// Reads a file; an absent one is an empty log.
    #[must_use]
    pub fn load(path: &Path, until_s: f64) -> Self {
        std::fs::read_to_string(path).map_or_else(|_| Self::default(), |text| Self::parse(&text, until_s))
    }

    /// `(t_s, smallest SINR over the terminals in dB)`, where every terminal has one.
    #[must_use]
    pub fn worst_sinr_db(&self) -> Vec<(f64, f64)> {
        let worst = |p: &WorldPoint| {
            let all: Option<Vec<f64>> = p.ues.iter().map(|u| u.sinr_db).collect();
            all.and_then(|all| all.into_iter().reduce(f64::min))
        };
        self.points.iter().filter_map(|p| worst(p).map(|s| (p.t_s, s))).collect()
    }

    /// `(t_s, SINR in dB)` of the eavesdropper, where observed.
    #[must_use]
    pub fn eavesdropper_sinr_db(&self) -> Vec<(f64, f64)> {
        let sinr = |p: &WorldPoint| p.eavesdropper.as_ref().and_then(|e| e.sinr_db);
        self.points.iter().filter_map(|p| sinr(p).map(|s| (p.t_s, s))).collect()
    }

    /// `(t_s, rate of all terminals in bit/s)` over the time between points.
    #[must_use]
    pub fn delivered_bit_per_s(&self) -> Vec<(f64, f64)> {
        let rate = |w: &[WorldPoint]| {
            let dt = w[1].t_s - w[0].t_s;
            (dt > 0.0).then(|| (w[1].t_s, (w[1].totals.delivered_bits - w[0].totals.delivered_bits) / dt))
        };
        self.points.windows(2).filter_map(rate).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = r#"{"t_s":0.1,"ues":[{"supi":"a","sinr_db":5.0,"offered_bits":10.0,"delivered_bits":4.0,"stall_s":0.0},{"supi":"b","sinr_db":-1.0,"offered_bits":1.0,"delivered_bits":1.0,"stall_s":0.0}],"eavesdropper":{"sinr_db":3.0},"totals":{"offered_bits":11.0,"delivered_bits":5.0,"stall_s":0.0,"leaked_bits":2.0},"new":1}
{"t_s":0.2,"ues":[{"supi":"a","sinr_db":null,"offered_bits":10.0,"delivered_bits":4.0,"stall_s":0.0}],"eavesdropper":null,"totals":{"offered_bits":11.0,"delivered_bits":8.0,"stall_s":0.0,"leaked_bits":2.0}}
{"t_s":0.3,"ues":[],"totals":{"offered_bi"#;

    #[test]
    fn a_torn_log_is_read_up_to_the_tear() {
        let log = WorldLog::parse(LINES, 10.0);
        assert_eq!((log.points.len(), log.bad_lines), (2, 1));
        assert_eq!(log.worst_sinr_db(), vec![(0.1, -1.0)]);
        assert_eq!(log.eavesdropper_sinr_db(), vec![(0.1, 3.0)]);
        let rates = log.delivered_bit_per_s();
        assert_eq!(rates.len(), 1);
        assert!((rates[0].1 - 30.0).abs() < 1e-9, "3 bits in 0.1 s");
    }

    #[test]
    fn points_after_the_end_are_left_out() {
        assert_eq!(WorldLog::parse(LINES, 0.15).points.len(), 1);
    }
}
