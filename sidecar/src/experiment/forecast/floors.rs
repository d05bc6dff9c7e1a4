//! What needs no training, or a least-squares fit: the floors every predictor has to beat.

use super::run::{Pair, TESTED};
use super::{Errors, spread};
use crate::experiment::ExperimentError;
use crate::learn::DataSet;
use predict::data::WindowAt;
use predict::{ErrorSum, Persistence, SeasonalNaive};

/// Observed values of the target, and the values to predict.
fn split(set: &DataSet, at: WindowAt) -> Option<(Vec<Option<f32>>, Vec<f32>)> {
    let row = |r: usize| set.trace.row(at.series, at.start + r).first().copied().flatten();
    let observed = (0..set.spec.observe).map(row).collect();
    let truth: Option<Vec<f32>> = (set.spec.observe..set.spec.observe + set.spec.horizon).map(row).collect();
    Some((observed, truth?))
}

fn pairs(
    set: &DataSet,
    windows: &[WindowAt],
    forecast: impl Fn(WindowAt, &[Option<f32>]) -> Option<Vec<f32>>,
) -> Vec<Pair> {
    let pair = |at: &WindowAt| {
        let (observed, truth) = split(set, *at)?;
        Some((forecast(*at, &observed)?, truth))
    };
    windows.iter().filter_map(pair).collect()
}

/// The season whose naive forecast is best on the validation windows; 1, persistence, where none is.
fn season(set: &DataSet) -> usize {
    let windows = DataSet::spaced(&set.validation, TESTED);
    let error = |season: usize| {
        let naive = SeasonalNaive { horizon: set.spec.horizon, season };
        let mut sum = ErrorSum::default();
        pairs(set, &windows, |_, observed| naive.forecast(observed)).iter().for_each(|(f, t)| sum.add(f, t));
        // one that can rarely say anything is no floor
        if 2 * sum.count as usize >= windows.len() * set.spec.horizon { sum.mae() } else { None }
    };
    let all = (1..=set.spec.observe).filter_map(|s| Some((s, error(s)?)));
    all.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(1, |(s, _)| s)
}

/// Name and errors of each floor on an agent's test windows.
pub(in crate::experiment) fn floors(set: &DataSet) -> Result<Vec<(String, Errors)>, ExperimentError> {
    let persistence = Persistence { horizon: set.spec.horizon };
    let season = season(set);
    let naive = SeasonalNaive { horizon: set.spec.horizon, season };
    let fitted = |at: WindowAt, _: &[Option<f32>]| {
        let (window, _) = set.normaliser.window(&set.trace, at, set.spec)?;
        Some(window.decode(&set.dlinear.forward(&window.x)))
    };
    let held = |_: WindowAt, observed: &[Option<f32>]| persistence.forecast(observed);
    let repeated = |_: WindowAt, observed: &[Option<f32>]| naive.forecast(observed);
    Ok(vec![
        ("persistence".to_owned(), errors(set, held)?),
        (format!("seasonal naive, {season} samples"), errors(set, repeated)?),
        ("DLinear".to_owned(), errors(set, fitted)?),
    ])
}

/// Errors on the test windows, and those of quantiles that are fitted on validation windows.
fn errors(
    set: &DataSet,
    forecast: impl Fn(WindowAt, &[Option<f32>]) -> Option<Vec<f32>>,
) -> Result<Errors, ExperimentError> {
    let tested = pairs(set, &DataSet::spaced(&set.test, TESTED), &forecast);
    let fitted = spread::fit(&pairs(set, &DataSet::spaced(&set.validation, TESTED), &forecast))?;
    Ok(Errors::of(&tested).with_quantiles(fitted.as_ref(), tested.iter().map(|pair| (pair, None))))
}
