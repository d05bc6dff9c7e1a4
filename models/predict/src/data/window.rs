//! Windows: so many samples observed, so many to predict. Counted in samples of the series' own period.

use super::Trace;
use serde::{Deserialize, Serialize};

/// Length of a window in samples.
//= SANet Table 2
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowSpec {
    /// Samples observed.
    pub observe: usize,
    /// Samples to predict; at least 1.
    pub horizon: usize,
}

impl Default for WindowSpec {
    fn default() -> Self {
        Self { observe: 15, horizon: 5 }
    }
}

/// Where a window begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WindowAt {
    /// Series of the trace.
    pub series: usize,
    /// First observed row.
    pub start: usize,
}

/// Every window of a trace that lies within one series, has its target observed at the last row before the forecast,
/// and all its labels observed. Gaps elsewhere are masked, not dropped.
#[must_use]
pub fn windows(trace: &Trace, spec: WindowSpec) -> Vec<WindowAt> {
    let mut found = Vec::new();
    if spec.observe == 0 || spec.horizon == 0 {
        return found;
    }
    for series in 0..trace.series.len() {
        let observed = |row: usize| trace.row(series, row).first().is_some_and(Option::is_some);
        let last = (trace.rows(series) + 1).saturating_sub(spec.observe + spec.horizon);
        found.extend(
            (0..last)
                .filter(|start| (start + spec.observe - 1..start + spec.observe + spec.horizon).all(observed))
                .map(|start| WindowAt { series, start }),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::{Part, Partition, Series, SplitMode, Trace};
    use super::*;
    use proptest::prelude::*;

    fn ramp(lengths: &[usize]) -> Trace {
        let series = lengths
            .iter()
            .map(|n| Series { id: String::new(), values: (0..*n).map(|i| Some(i as f32)).collect() })
            .collect();
        Trace { features: vec!["x".into()], series, not_finite: 0 }
    }

    #[test]
    fn counts_by_hand() {
        let spec = WindowSpec { observe: 3, horizon: 2 };
        assert_eq!(windows(&ramp(&[5, 4, 7]), spec).len(), 1 + 3);
        let mut t = ramp(&[7]);
        t.series[0].values[4] = None; // a label of windows 0 and 1, the last observed of window 2
        assert_eq!(windows(&t, spec).len(), 0);
        t = ramp(&[7]);
        t.series[0].values[1] = None; // only masked
        assert_eq!(windows(&t, spec).len(), 3);
    }

    #[test]
    fn the_time_line_is_cut_once() {
        let t = ramp(&[10, 10]);
        let p = Partition::new(&t, SplitMode::Timeline, 0.6, 0.2).unwrap();
        assert_eq!(p.part_of(0, 9), Part::Train);
        assert_eq!(p.part_of(1, 1), Part::Train);
        assert_eq!(p.part_of(1, 2), Part::Validation);
        assert_eq!(p.part_of(1, 6), Part::Test);
        let w = Partition::new(&t, SplitMode::Within, 0.6, 0.2).unwrap();
        assert_eq!(w.part_of(0, 6), Part::Validation);
        assert!(Partition::new(&t, SplitMode::Within, 0.9, 0.2).is_err());
    }

    proptest! {
        #[test]
        fn no_target_is_in_two_parts(a in 1_usize..60, b in 1_usize..60, within in any::<bool>()) {
            let t = ramp(&[a, b]);
            let spec = WindowSpec { observe: 4, horizon: 3 };
            let mode = if within { SplitMode::Within } else { SplitMode::Timeline };
            let p = Partition::new(&t, mode, 0.6, 0.2).unwrap();
            let mut owner = std::collections::HashMap::new();
            for part in [Part::Train, Part::Validation, Part::Test] {
                for w in p.windows(&t, spec, part) {
                    for row in w.start + 4..w.start + 7 {
                        prop_assert!(*owner.entry((w.series, row)).or_insert(part) == part);
                    }
                }
            }
        }
    }
}
