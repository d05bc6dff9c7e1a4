//! Finds reports that should have come and did not.

use super::time::GnbTime;

/// A hole in a series of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Gap {
    /// Last report before it.
    pub from: GnbTime,
    /// First report after it.
    pub to: GnbTime,
    /// Reports that are missing, ≥ 1.
    pub missed: u64,
}

/// Learns the period of a series from its shortest spacings and reports holes.
///
/// Reports follow slots, so with a gNB that runs at half speed they come half as often in its own timestamps: the period is
/// learned, not configured.
#[derive(Debug, Default)]
pub struct GapDetector {
    last: Option<GnbTime>,
    recent_ms: [i64; 8],
    filled: usize,
    next: usize,
}

impl GapDetector {
    /// Knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The learned period, ms: the median of the last spacings; `None` before three of them.
    #[must_use]
    pub fn period_ms(&self) -> Option<i64> {
        if self.filled < 3 {
            return None;
        }
        let mut sorted = self.recent_ms;
        let seen = &mut sorted[..self.filled];
        seen.sort_unstable();
        Some(seen[self.filled / 2])
    }

    /// Takes the time of a report. A report older than the last one, or at the same time, changes nothing.
    pub fn push(&mut self, time: GnbTime) -> Option<Gap> {
        let last = self.last.replace(time)?;
        let spacing_ms = time.unix_ms - last.unix_ms;
        if spacing_ms <= 0 {
            self.last = Some(last.max(time));
            return None;
        }
        let gap = self.period_ms().filter(|p| *p > 0 && spacing_ms * 2 > p * 5).map(|period_ms| Gap {
            from: last,
            to: time,
            missed: u64::try_from((spacing_ms + period_ms / 2) / period_ms - 1).unwrap_or(0),
        });
        self.recent_ms[self.next] = spacing_ms;
        self.next = (self.next + 1) % self.recent_ms.len();
        self.filled = (self.filled + 1).min(self.recent_ms.len());
        gap
    }

    /// Forgets the last report (after a reconnection), keeps the period.
    pub fn restart(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_missing_reports_are_found() {
        let mut g = GapDetector::new();
        for t in [0, 1000, 2003, 2999, 4001] {
            assert_eq!(g.push(GnbTime { unix_ms: t }), None);
        }
        let gap = g.push(GnbTime { unix_ms: 8002 }).unwrap();
        assert_eq!(gap.missed, 3);
        assert_eq!(g.push(GnbTime { unix_ms: 9001 }), None);
    }

    #[test]
    fn time_that_goes_back_is_no_gap() {
        let mut g = GapDetector::new();
        for t in [0, 1000, 2000, 3000, 500, 3000, 4000] {
            assert_eq!(g.push(GnbTime { unix_ms: t }), None);
        }
    }
}
