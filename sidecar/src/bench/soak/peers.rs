//! When UEs come, leave and die: drawn from a seed, on radio time.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a UE is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Join.
    Join,
    /// Leave: finish what is under way, then close.
    Leave,
    /// Die: sockets vanish.
    Die,
}

impl Order {
    /// As the lab's door takes it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Join => "on",
            Self::Leave => "off",
            Self::Die => "dead",
        }
    }
}

/// An order at a radio time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Event {
    pub(super) at_s: f64,
    pub(super) ue: usize,
    pub(super) order: Order,
}

/// How long a UE stays, and how long it is away, s.
const STAYS_S: std::ops::Range<f64> = 6.0..30.0;
const AWAY_S: std::ops::Range<f64> = 0.3..4.0;
/// Everybody is there at first, and again at the end, for so long, s.
pub(super) const ALL_S: f64 = 5.0;

/// Orders for `ues` UEs over `radio_s`, in order of time.
pub(super) fn schedule(seed: u64, ues: usize, radio_s: f64) -> Vec<Event> {
    let mut events = Vec::new();
    for ue in 0..ues {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(ue as u64);
        let mut at_s = ALL_S;
        loop {
            at_s += rng.random_range(STAYS_S);
            let order = if rng.random() { Order::Leave } else { Order::Die };
            let away_s = rng.random_range(AWAY_S);
            if at_s + away_s > radio_s - ALL_S {
                break;
            }
            events.push(Event { at_s, ue, order });
            at_s += away_s;
            events.push(Event { at_s, ue, order: Order::Join });
        }
    }
    events.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_comes_back_and_the_seed_draws() {
        let events = schedule(1, 4, 300.0);
        assert!(events.windows(2).all(|w| w[0].at_s <= w[1].at_s));
        for ue in 0..4 {
            let own: Vec<Order> = events.iter().filter(|e| e.ue == ue).map(|e| e.order).collect();
            assert!(own.len() > 10 && own.len().is_multiple_of(2));
            assert!(own.chunks(2).all(|c| c[0] != Order::Join && c[1] == Order::Join));
        }
        assert!(events.first().unwrap().at_s > ALL_S && events.last().unwrap().at_s <= 300.0 - ALL_S);
        for order in [Order::Leave, Order::Die] {
            assert!(events.iter().filter(|e| e.order == order).count() > 10);
        }
        assert_eq!(schedule(1, 4, 300.0), events);
        assert_ne!(schedule(2, 4, 300.0), events);
    }
}
