//! One predictor of one seed.

use super::{Model, spread};
use crate::experiment::store::Store;
use crate::experiment::unit::Unit;
use crate::experiment::{ExperimentError, Plan};
use crate::learn::{DataSet, NamedSet, Order, PretrainConfig, schedule};
use predict::data::{Encoded, WindowAt};
use predict::{ErrorSum, QuantileSum, Quantiles};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Validation windows of an agent that choose its weights, and its test windows and those that quantiles are fitted on, at most.
const VALIDATED: usize = 256;
pub(super) const TESTED: usize = 1_024;
/// Windows at once when nothing is trained.
const AT_ONCE: usize = 64;

/// Forecast and truth of one window, in the same unit.
pub(super) type Pair = (Vec<f32>, Vec<f32>);

/// Errors of one predictor on one agent's test windows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::experiment) struct Errors {
    /// Over all windows.
    pub(in crate::experiment) sum: ErrorSum,
    /// Mean absolute error of each window over the mean absolute value of all: what a box plot shows.
    pub(in crate::experiment) windows: Vec<f64>,
    /// Of the quantiles; `None` where there were too few validation windows, or none were made yet when the run was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::experiment) quantiles: Option<QuantileSum>,
}

impl Errors {
    /// From forecasts and truths, window by window.
    pub(super) fn of(pairs: &[Pair]) -> Self {
        let (mut sum, mut each) = (ErrorSum::default(), Vec::new());
        for (forecast, truth) in pairs {
            sum.add(forecast, truth);
            each.extend(predict::mae(forecast, truth));
        }
        let level = sum.abs_truth / (sum.count as f64).max(1.0);
        Self { sum, windows: each.into_iter().map(|e| e / level).collect(), quantiles: None }
    }

    /// With quantiles around each forecast. What is dimensionless comes with its window, which gives it its unit.
    pub(super) fn with_quantiles<'a>(
        self,
        fitted: Option<&Quantiles>,
        windows: impl Iterator<Item = (&'a Pair, Option<&'a Encoded>)>,
    ) -> Self {
        let Some(fitted) = fitted else { return self };
        let mut sum = QuantileSum::default();
        for ((forecast, truth), window) in windows {
            let unit = |values: &[f32]| window.map_or_else(|| values.to_vec(), |w| w.decode(values));
            let around: Vec<Vec<f32>> = fitted.apply(forecast).iter().map(|step| unit(step)).collect();
            sum.add(&fitted.levels, &around, &unit(truth));
        }
        Self { quantiles: Some(sum), ..self }
    }
}

/// What a run gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::experiment) struct Forecasts {
    pub(in crate::experiment) model: Model,
    pub(in crate::experiment) seed: u64,
    /// Errors of each agent.
    pub(in crate::experiment) agents: Vec<Errors>,
}

/// Windows, and forecast and truth of each as models see them: dimensionless.
fn outputs(
    unit: &dyn Unit,
    agent: usize,
    set: &DataSet,
    windows: &[WindowAt],
) -> Result<(Vec<Encoded>, Vec<Pair>), ExperimentError> {
    let (mut encoded, mut pairs) = (Vec::new(), Vec::with_capacity(windows.len()));
    for chunk in windows.chunks(AT_ONCE) {
        let batch = set.batch(chunk)?;
        let out = unit.forward(agent, &batch.x)?.squeeze(2)?.to_vec2::<f32>()?;
        let labels = batch.y.squeeze(2)?.to_vec2::<f32>()?;
        encoded.extend(batch.encoded);
        pairs.extend(out.into_iter().zip(labels));
    }
    Ok((encoded, pairs))
}

/// The same in the unit of the series.
fn decoded((encoded, pairs): &(Vec<Encoded>, Vec<Pair>)) -> Vec<Pair> {
    let each = encoded.iter().zip(pairs);
    each.map(|(window, (out, labels))| (window.decode(out), window.decode(labels))).collect()
}

/// Mean over the unit's agents of its absolute error on validation windows, each in units of the agent's own scale.
fn validate(unit: &dyn Unit, sets: &[NamedSet]) -> Result<f64, ExperimentError> {
    let mut score = 0.0;
    for agent in unit.agents() {
        let set = &sets[*agent].1;
        let pairs = decoded(&outputs(unit, *agent, set, &DataSet::spaced(&set.validation, VALIDATED))?);
        let mut sum = ErrorSum::default();
        pairs.iter().for_each(|(forecast, truth)| sum.add(forecast, truth));
        score += sum.mae().unwrap_or(f64::INFINITY) / f64::from(set.normaliser.step[0]);
    }
    Ok(score / unit.agents().len() as f64)
}

/// Trains and tests, or gives what was tested before.
pub(in crate::experiment) fn run(
    (plan, sets, hashes): (&Plan, &[NamedSet], &BTreeMap<String, String>),
    (model, seed): (Model, u64),
    store: &Store,
    tick: &mut dyn FnMut(u64),
) -> Result<Forecasts, ExperimentError> {
    let name = format!("forecast-{}-seed{seed}", model.name().to_lowercase());
    let path = store.path(&name, &(plan, hashes, model, seed));
    if let Some(done) = Store::read(&path)? {
        tick(plan.rounds);
        return Ok(done);
    }
    let shapes: Vec<_> = sets.iter().map(|(_, s)| s.config()).collect();
    let mut units = model.units(&shapes, PretrainConfig::default().optimiser, plan, seed)?;
    let order = |(i, (_, s)): (usize, &NamedSet)| Order::new(seed, 10 + i as u64, s.train.len());
    let mut orders: Vec<Order> = sets.iter().enumerate().map(order).collect();
    let mut best: Vec<(f64, Vec<Vec<u8>>)> =
        units.iter().map(|u| Ok((f64::INFINITY, u.weights()?))).collect::<Result<_, ExperimentError>>()?;
    for round in 1..=plan.rounds {
        for (unit, best) in units.iter_mut().zip(&mut best) {
            unit.step(schedule(round, plan.rounds), &mut |agent| {
                sets[agent].1.batch(&orders[agent].next(&sets[agent].1.train, plan.batch))
            })?;
            if round.is_multiple_of(plan.look_every) || round == plan.rounds {
                let score = validate(unit.as_ref(), sets)?;
                if score < best.0 {
                    *best = (score, unit.weights()?);
                }
            }
        }
        tick(1);
    }
    let mut agents = BTreeMap::new();
    for (unit, (_, weights)) in units.iter_mut().zip(&best) {
        unit.load(weights)?;
        for agent in unit.agents() {
            let set = &sets[*agent].1;
            let held_out = outputs(unit.as_ref(), *agent, set, &DataSet::spaced(&set.validation, TESTED))?.1;
            let tested = outputs(unit.as_ref(), *agent, set, &DataSet::spaced(&set.test, TESTED))?;
            let windows = tested.1.iter().zip(tested.0.iter().map(Some));
            let errors = Errors::of(&decoded(&tested)).with_quantiles(spread::fit(&held_out)?.as_ref(), windows);
            agents.insert(*agent, errors);
        }
    }
    let done = Forecasts { model, seed, agents: agents.into_values().collect() };
    Store::write_json(&path, &done)?;
    Ok(done)
}
