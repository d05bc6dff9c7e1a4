//! What rounds give: figures of each, and medians over them.

use super::super::stats::{Percentiles, percentile};

/// Figures of one round.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Round {
    /// Round trip, µs, with one slot under way at a time; not a number where that was not run.
    pub trip: Percentiles,
    /// Slots a second of wall time, with several under way.
    pub slots_per_s: f64,
    /// Slots of both.
    pub slots: u64,
}

/// The rounds of a path.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    /// In order.
    pub rounds: Vec<Round>,
    /// Samples that did not arrive as they were sent, both directions.
    pub faults: u64,
}

/// A figure of a round.
pub(super) type Figure = fn(&Round) -> f64;
pub(super) const P50: Figure = |r| r.trip.p50;
pub(super) const P99: Figure = |r| r.trip.p99;
pub(super) const MAX: Figure = |r| r.trip.max;
pub(super) const RATE: Figure = |r| r.slots_per_s;

impl Rounds {
    /// Adds a round: its round trips, and `slots` in `wall_ns` with several under way.
    pub fn add(&mut self, trips_ns: &[u64], slots: u64, wall_ns: u64) {
        let us: Vec<f64> = trips_ns.iter().map(|ns| *ns as f64 * 1e-3).collect();
        let none = Percentiles { p50: f64::NAN, p99: f64::NAN, max: f64::NAN, mean: f64::NAN, count: 0 };
        let trip = Percentiles::of(&us).unwrap_or(none);
        let slots_per_s = slots as f64 / (wall_ns as f64 * 1e-9);
        self.rounds.push(Round { trip, slots_per_s, slots: slots + us.len() as u64 });
    }

    /// Slots in all.
    pub fn slots(&self) -> u64 {
        self.rounds.iter().map(|r| r.slots).sum()
    }

    /// Median of a figure over the rounds.
    pub fn median(&self, figure: Figure) -> f64 {
        median(self.rounds.iter().map(figure))
    }

    /// The largest figure of any round.
    pub fn most(&self, figure: Figure) -> f64 {
        self.rounds.iter().map(figure).fold(0.0, f64::max)
    }

    /// Median over the rounds of a figure divided by the peer's in the same round.
    pub fn against(&self, peer: &Self, figure: Figure) -> f64 {
        median(self.rounds.iter().zip(&peer.rounds).map(|(ours, peer)| figure(ours) / figure(peer)))
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let upper = sorted.get(sorted.len() / 2).copied();
    percentile(&sorted, 50.0).zip(upper).map_or(f64::NAN, |(lower, upper)| 0.5 * (lower + upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_by_hand() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
        assert!(median([].into_iter()).is_nan());
        let rounds = |trips: [u64; 3]| {
            let mut rounds = Rounds::default();
            for ns in trips {
                rounds.add(&[ns; 4], 4, 4_000_000);
            }
            rounds
        };
        let (ours, peer) = (rounds([1000, 2000, 9000]), rounds([1000, 1000, 3000]));
        assert_eq!((ours.slots(), ours.median(P50), ours.most(P99), ours.median(RATE)), (24, 2.0, 9.0, 1000.0));
        // 1, 2 and 3 times as long
        assert_eq!(ours.against(&peer, P50), 2.0);
    }
}
