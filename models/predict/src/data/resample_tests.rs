//! The grid, by hand and by properties.

use super::resample::{ResampleError, Resampled, Resampler};
use proptest::prelude::*;

/// Sum and number of what is in each.
type Bins = Vec<(f64, u32)>;

fn of(period_s: f64, gap: u32, samples: &[(&str, f64, Option<f32>)]) -> Result<Resampled, ResampleError> {
    let mut grid = Resampler::new(&["x".to_owned()], period_s, gap)?;
    for (series, time_s, value) in samples {
        grid.push(series, *time_s, &[*value])?;
    }
    Ok(grid.finish())
}

#[test]
fn bins_by_hand() {
    let samples = [(10.0, 1.0), (10.4, 3.0), (10.5, 5.0), (11.49, 7.0), (13.6, 9.0)].map(|(t, x)| ("", t, Some(x)));
    let out = of(1.0, 200, &samples).unwrap();
    assert_eq!(out.trace.series[0].values, [Some(2.0), Some(6.0), None, None, Some(9.0)]);
    assert_eq!((out.trace.empty_rows(), out.gaps), (2, 0));
    let out = of(1.0, 200, &[("", 0.0, Some(f32::NAN)), ("", 0.1, None), ("", 0.1, Some(4.0))]).unwrap();
    assert_eq!((out.trace.series[0].values.as_slice(), out.trace.not_finite), (&[Some(4.0)][..], 1));
}

#[test]
fn a_series_of_this_period_stays_as_it_is() {
    for jitter_s in [0.0, 0.6] {
        let time_s =
            |i: u16| 26.88 + 1.28 * f64::from(i) + jitter_s * f64::from(i % 3) - jitter_s * f64::from(i.min(1));
        let samples: Vec<_> = (0..5_000_u16).map(|i| ("", time_s(i), Some(f32::from(i)))).collect();
        let want: Vec<_> = samples.iter().map(|s| s.2).collect();
        assert_eq!(of(1.28, 200, &samples).unwrap().trace.series[0].values, want);
    }
    // every second sample lies on an edge: it is always the same one
    let halves: Vec<_> = (0..1_000_u16).map(|i| ("", 0.1 + 0.05 * f64::from(i), Some(1.0))).collect();
    let out = of(0.1, 200, &halves).unwrap();
    assert_eq!((out.trace.total_rows(), out.trace.empty_rows()), (501, 0));
}

#[test]
fn a_long_gap_begins_a_new_series_whose_name_is_free() {
    let rows = [("a", 0.0), ("b", 0.5), ("a", 3.0), ("a#2", 0.0), ("a", 6.1), ("b", 0.6), ("a", 9.2)];
    let out = of(1.0, 3, &rows.map(|(s, t)| (s, t, Some(1.0)))).unwrap();
    let ids: Vec<_> = out.trace.series.iter().map(|s| (s.id.as_str(), s.values.len())).collect();
    assert_eq!(ids, [("a", 4), ("b", 1), ("a#2", 1), ("a#3", 1), ("a#4", 1)]);
    assert_eq!((out.gaps, out.trace.empty_rows()), (2, 2));
}

#[test]
fn says_what_is_wrong() {
    for period in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(of(period, 200, &[]), Err(ResampleError::Period(_))));
    }
    assert_eq!(of(1.0, 0, &[]), Err(ResampleError::Gap));
    assert_eq!(
        of(1.0, 200, &[("a", 2.0, None), ("b", 1.0, None), ("a", 1.5, None)]),
        Err(ResampleError::Backwards { series: "a".into(), before_s: 2.0, time_s: 1.5 })
    );
    assert!(matches!(of(1.0, 200, &[("a", f64::NAN, None)]), Err(ResampleError::Time { .. })));
    assert_eq!(of(1e-9, u32::MAX, &[("", 0.0, None), ("", 1.0, None)]), Err(ResampleError::TooLarge));
    assert_eq!(of(1e-300, 1, &[("", 0.0, None), ("", 1.0, None)]).unwrap().trace.series.len(), 2);
    let mut grid = Resampler::new(&["x".to_owned()], 1.0, 1).unwrap();
    assert_eq!(grid.push("", 0.0, &[]), Err(ResampleError::Width { have: 0, need: 1 }));
}

proptest! {
    #[test]
    fn no_sample_is_lost_and_none_moves(
        steps in proptest::collection::vec((0.0_f64..6.0, -100_i16..100, any::<bool>()), 1..80),
        gap in 1_u32..8,
    ) {
        let mut time_s = 0.0;
        let mut grid = Resampler::new(&["x".to_owned()], 1.0, gap).unwrap();
        // stretch by stretch: first and latest time, and bins
        let mut want: Vec<(f64, f64, Bins)> = Vec::new();
        for (step, value, is_observed) in steps {
            time_s += step;
            let value = f32::from(value);
            grid.push("s", time_s, &[is_observed.then_some(value)]).unwrap();
            match want.last_mut() {
                Some(stretch) if time_s - stretch.1 <= f64::from(gap) => stretch.1 = time_s,
                _ => want.push((time_s, time_s, Vec::new())),
            }
            let stretch = want.last_mut().unwrap();
            let bin = (time_s - stretch.0 + 0.5 + 1e-9).floor() as usize;
            stretch.2.resize(stretch.2.len().max(bin + 1), (0.0, 0));
            if is_observed {
                stretch.2[bin].0 += f64::from(value);
                stretch.2[bin].1 += 1;
            }
        }
        let out = grid.finish();
        prop_assert_eq!(out.trace.series.len(), want.len());
        prop_assert_eq!(out.gaps as usize, want.len() - 1);
        let (mut all, mut weighted, mut empty) = (0.0, 0.0, 0_usize);
        for (series, (_, _, bins)) in out.trace.series.iter().zip(&want) {
            prop_assert_eq!(series.values.len(), bins.len());
            for (mean, (sum, n)) in series.values.iter().zip(bins) {
                prop_assert_eq!(mean.is_some(), *n > 0);
                all += sum;
                weighted += f64::from(*n) * f64::from(mean.unwrap_or(0.0));
                empty += usize::from(*n == 0);
            }
        }
        prop_assert!((all - weighted).abs() < 1e-3, "{all} is not {weighted}");
        prop_assert_eq!(out.trace.empty_rows(), empty);
    }
}
