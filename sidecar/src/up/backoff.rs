//! Waits between restarts. Pure; the seed is handed in.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::Duration;

/// Doubling waits with jitter: after the nth crash in a row, `min · 2ⁿ⁻¹ ≤ max`, times 0.75…1.25, so that processes that died together
/// do not come back together.
#[derive(Debug, Clone)]
pub struct Backoff {
    min: Duration,
    max: Duration,
    stable_after: Duration,
    crashes: u32,
    rng: ChaCha8Rng,
}

impl Backoff {
    /// A fresh one. A process that ran for `stable_after` is forgiven its earlier crashes.
    #[must_use]
    pub fn new(min: Duration, max: Duration, stable_after: Duration, seed: u64) -> Self {
        Self { min, max, stable_after, crashes: 0, rng: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// The wait after a crash of a process that had run for `ran_for`.
    pub fn after(&mut self, ran_for: Duration) -> Duration {
        if ran_for >= self.stable_after {
            self.crashes = 0;
        }
        let doubled = self.min.saturating_mul(1_u32 << self.crashes.min(20)).min(self.max);
        self.crashes += 1;
        doubled.mul_f64(self.rng.random_range(0.75..1.25))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_start_over_after_a_long_run() {
        let ms = Duration::from_millis;
        let mut b = Backoff::new(ms(100), ms(1000), ms(30_000), 1);
        let waits: Vec<f64> = (0..6).map(|_| b.after(ms(5)).as_secs_f64()).collect();
        for (wait, nominal) in waits.iter().zip([0.1, 0.2, 0.4, 0.8, 1.0, 1.0]) {
            assert!((0.75 * nominal..1.25 * nominal).contains(wait), "{wait} of {nominal}");
        }
        assert!(b.after(ms(40_000)) < ms(125));
        let again: Vec<f64> = {
            let mut b = Backoff::new(ms(100), ms(1000), ms(30_000), 1);
            (0..6).map(|_| b.after(ms(5)).as_secs_f64()).collect()
        };
        assert_eq!(waits, again, "same seed, same waits");
    }
}
