//! Windows in random order, each once before any twice.

use predict::data::WindowAt;
use predict::{RngState, SeededRng};
use serde::{Deserialize, Serialize};

/// The order of one agent's windows, with where it stands: saved and loaded, it goes on as if it had never stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    rng: RngState,
    left: Vec<usize>,
    count: usize,
}

impl Order {
    /// Of `count` windows, by stream `stream` of a seed.
    #[must_use]
    pub fn new(seed: u64, stream: u64, count: usize) -> Self {
        Self { rng: SeededRng::new(seed, stream).state(), left: Vec::new(), count }
    }

    /// The next windows, `batch` of them or all where there are fewer.
    pub fn next(&mut self, windows: &[WindowAt], batch: usize) -> Vec<WindowAt> {
        (0..batch.min(self.count))
            .filter_map(|_| {
                if self.left.is_empty() {
                    let mut rng = SeededRng::from_state(self.rng);
                    self.left = rng.permutation(self.count);
                    self.rng = rng.state();
                }
                self.left.pop().and_then(|i| windows.get(i)).copied()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_once_before_any_twice_and_saved_goes_on() {
        let windows: Vec<WindowAt> = (0..7).map(|start| WindowAt { series: 0, start }).collect();
        let mut order = Order::new(3, 1, 7);
        let mut first: Vec<usize> = order.next(&windows, 7).iter().map(|w| w.start).collect();
        first.sort_unstable();
        assert_eq!(first, (0..7).collect::<Vec<_>>());
        order.next(&windows, 3);
        let mut again: Order = serde_json::from_str(&serde_json::to_string(&order).unwrap()).unwrap();
        assert_eq!(order.next(&windows, 20), again.next(&windows, 20));
        assert_eq!(Order::new(1, 1, 0).next(&[], 4), []);
    }
}
