//! What was seen over radio time.

use super::process::Usage;
use ran_bridge::air::Counters;

/// One look at everything.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) t_s: f64,
    pub(super) holder: Usage,
    pub(super) worker: Usage,
    /// Radio time since this worker was started, s.
    pub(super) worker_age_s: f64,
    /// Children of the holder that were not waited for.
    pub(super) zombies: usize,
    /// Whether every UE was switched on.
    pub(super) is_full: bool,
    pub(super) counters: Counters,
}

/// One kill.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kill {
    pub(super) t_s: f64,
    /// Wall time until radio time went on, ms.
    pub(super) stood_ms: f64,
    /// Wall time until the next worker answered, ms.
    pub(super) back_ms: f64,
}

/// What became of the UEs.
#[derive(Debug, Clone, Default)]
pub(super) struct Comings {
    pub(super) left: u64,
    pub(super) died: u64,
    pub(super) joined: u64,
    /// Radio time from each order to join until the cell had the UE, s.
    pub(super) attach_s: Vec<f64>,
    /// Orders to join after which it had not.
    pub(super) failed: u64,
    /// Times the cell lost a UE that was on.
    pub(super) dropped: u64,
    /// UEs that are on and that the cell has not at the end.
    pub(super) absent: u64,
}

/// Everything.
#[derive(Debug, Clone, Default)]
pub(super) struct Series {
    pub(super) looks: Vec<Look>,
    pub(super) kills: Vec<Kill>,
    pub(super) comings: Comings,
}

/// Slope of the straight line through points by least squares; 0 for fewer than two.
pub(super) fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let mean = |f: fn(&(f64, f64)) -> f64| points.iter().map(f).sum::<f64>() / n;
    let (x0, y0) = (mean(|p| p.0), mean(|p| p.1));
    let (xy, xx) =
        points.iter().fold((0.0, 0.0), |(xy, xx), (x, y)| (xy + (x - x0) * (y - y0), xx + (x - x0) * (x - x0)));
    if xx > 0.0 { xy / xx } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_slope() {
        assert!((slope(&[(0.0, 1.0), (1.0, 3.0), (4.0, 9.0)]) - 2.0).abs() < 1e-12);
        // residuals that add up to nothing on either side leave the slope
        assert!((slope(&[(0.0, 1.0), (1.0, -1.0), (2.0, -1.0), (3.0, 1.0)])).abs() < 1e-12);
        assert_eq!((slope(&[]), slope(&[(1.0, 5.0)])), (0.0, 0.0));
    }
}
