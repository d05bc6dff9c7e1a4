//! What the loop achieved against the same run without it, in numbers and in three lines.

use super::world::WorldLog;
use serde::Serialize;

/// One figure of both runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pair {
    /// Without the loop; `None` = not observed.
    pub without: Option<f64>,
    /// With the loop.
    pub with: Option<f64>,
}

impl Pair {
    /// With minus without.
    #[must_use]
    pub fn change(&self) -> Option<f64> {
        Some(self.with? - self.without?)
    }

    /// With over without.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        let without = self.without?;
        (without != 0.0).then(|| self.with.map(|w| w / without))?
    }
}

/// The comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Achieved {
    /// Radio time compared, s.
    pub radio_s: f64,
    /// Mean rate delivered to all terminals, bit/s.
    pub delivered_bit_per_s: Pair,
    /// Part of what was asked for that was delivered, 0…1.
    pub served: Pair,
    /// Mean over time of the worst terminal's SINR, dB.
    pub worst_sinr_db: Pair,
    /// 5th percentile over time of the worst terminal's SINR, dB.
    pub worst_sinr_p5_db: Pair,
    /// Video stood still, s, summed over the terminals.
    pub stall_s: Pair,
    /// Mean SINR of the eavesdropper, dB.
    pub eavesdropper_sinr_db: Pair,
    /// What the eavesdropper could read, bit/s.
    pub leaked_bit_per_s: Pair,
}

/// Compares two logs of the same lab over their common radio time.
#[must_use]
pub fn compare(without: &WorldLog, with: &WorldLog) -> Achieved {
    let end = |log: &WorldLog| log.points.last().map_or(0.0, |p| p.t_s);
    let radio_s = end(without).min(end(with));
    let both = |f: &dyn Fn(&WorldLog) -> Option<f64>| Pair { without: f(without), with: f(with) };
    let totals = |log: &WorldLog| log.points.iter().rfind(|p| p.t_s <= radio_s).map(|p| (p.t_s, p.totals));
    let per_s = |x: f64, t: f64| (t > 0.0).then(|| x / t);
    let cut = |points: Vec<(f64, f64)>| points.into_iter().filter(|p| p.0 <= radio_s).collect::<Vec<_>>();
    Achieved {
        radio_s,
        delivered_bit_per_s: both(&|l| totals(l).and_then(|(t, x)| per_s(x.delivered_bits, t))),
        served: both(&|l| totals(l).and_then(|(_, x)| per_s(x.delivered_bits, x.offered_bits))),
        worst_sinr_db: both(&|l| mean(&cut(l.worst_sinr_db()))),
        worst_sinr_p5_db: both(&|l| percentile(&cut(l.worst_sinr_db()), 0.05)),
        stall_s: both(&|l| totals(l).map(|(_, x)| x.stall_s)),
        eavesdropper_sinr_db: both(&|l| mean(&cut(l.eavesdropper_sinr_db()))),
        leaked_bit_per_s: both(&|l| totals(l).and_then(|(t, x)| per_s(x.leaked_bits, t))),
    }
}

fn mean(points: &[(f64, f64)]) -> Option<f64> {
    (!points.is_empty()).then(|| points.iter().map(|p| p.1).sum::<f64>() / points.len() as f64)
}

fn percentile(points: &[(f64, f64)], part: f64) -> Option<f64> {
    let mut values: Vec<f64> = points.iter().map(|p| p.1).collect();
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    values.get((part * last as f64).round() as usize).copied()
}

impl Achieved {
    /// The three lines, honest also where the loop lost.
    #[must_use]
    pub fn lines(&self) -> [String; 3] {
        let show = |v: Option<f64>, scale: f64, digits: usize| {
            v.map_or_else(|| "not observed".to_owned(), |v| format!("{:.digits$}", v * scale))
        };
        let pair = |p: &Pair, scale: f64, digits: usize| {
            format!("{} -> {}", show(p.without, scale, digits), show(p.with, scale, digits))
        };
        let part = |p: &Pair| p.ratio().map_or_else(String::new, |r| format!(" ({:+.0} %)", 100.0 * (r - 1.0)));
        let gain = |p: &Pair| p.change().map_or_else(String::new, |c| format!(" ({c:+.1} dB)"));
        [
            format!(
                "delivered      {} Mbit/s{}, {} % of what was asked for; video stood still {} s",
                pair(&self.delivered_bit_per_s, 1e-6, 2),
                part(&self.delivered_bit_per_s),
                pair(&self.served, 100.0, 0),
                pair(&self.stall_s, 1.0, 1),
            ),
            format!(
                "worst UE       {} dB mean SINR{}, {} dB in its worst 5 % of time{}",
                pair(&self.worst_sinr_db, 1.0, 1),
                gain(&self.worst_sinr_db),
                pair(&self.worst_sinr_p5_db, 1.0, 1),
                gain(&self.worst_sinr_p5_db),
            ),
            format!(
                "eavesdropper   {} dB mean SINR{}, could read {} Mbit/s{}",
                pair(&self.eavesdropper_sinr_db, 1.0, 1),
                gain(&self.eavesdropper_sinr_db),
                pair(&self.leaked_bit_per_s, 1e-6, 2),
                part(&self.leaked_bit_per_s),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::world::{WorldPoint, WorldTotals, WorldUe};

    fn log(sinr_db: f64, bits_per_step: f64, steps: usize) -> WorldLog {
        let point = |k: usize| WorldPoint {
            t_s: 0.1 * k as f64,
            ues: vec![WorldUe {
                supi: "a".into(),
                sinr_db: Some(sinr_db),
                offered_bits: 0.0,
                delivered_bits: 0.0,
                stall_s: 0.0,
                resolution: None,
            }],
            eavesdropper: None,
            totals: WorldTotals {
                offered_bits: 100.0 * k as f64,
                delivered_bits: bits_per_step * k as f64,
                stall_s: 0.5,
                leaked_bits: 0.0,
            },
        };
        WorldLog { points: (1..=steps).map(point).collect(), bad_lines: 0 }
    }

    #[test]
    fn numbers_worked_by_hand() {
        let a = compare(&log(3.0, 40.0, 10), &log(9.0, 50.0, 20));
        assert!((a.radio_s - 1.0).abs() < 1e-9, "the shorter one");
        assert_eq!(a.delivered_bit_per_s, Pair { without: Some(400.0), with: Some(500.0) });
        assert_eq!(a.worst_sinr_db.change(), Some(6.0));
        assert!(a.lines()[0].contains("(+25 %)"), "{}", a.lines()[0]);
        assert!(a.lines()[2].contains("not observed"));
    }

    #[test]
    fn only_the_common_radio_time_counts() {
        let mut long = log(3.0, 40.0, 20);
        for p in &mut long.points[10..] {
            p.ues[0].sinr_db = Some(33.0);
        }
        let a = compare(&log(3.0, 40.0, 10), &long);
        assert_eq!(a.worst_sinr_db, Pair { without: Some(3.0), with: Some(3.0) });
    }

    #[test]
    fn a_loss_is_said() {
        let a = compare(&log(9.0, 50.0, 10), &log(3.0, 25.0, 10));
        assert!(a.lines()[0].contains("(-50 %)"));
        assert!(a.lines()[1].contains("(-6.0 dB)"));
    }

    #[test]
    fn empty_runs_give_no_numbers() {
        let a = compare(&WorldLog::default(), &WorldLog::default());
        assert_eq!(a.delivered_bit_per_s.ratio(), None);
        assert!(a.lines().iter().all(|l| l.contains("not observed")));
    }
}
