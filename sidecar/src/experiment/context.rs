//! What every experiment is made with: data, plan, seeds, kept runs, and a bar.

use super::forecast::{self, Forecasts, Model};
use super::page::Written;
use super::store::Store;
use super::training::{self, Cell, Scheme, Studied, Trajectory, Way};
use super::{Experiment, ExperimentError, Plan, StepRule};
use crate::learn::{NamedSet, data_sets, draws};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// [`Plan::quick`] in place of [`Plan::full`].
    pub quick: bool,
    /// Other than the plan's.
    pub rounds: Option<u64>,
    /// Seeds 1 to this.
    pub seeds: u64,
    /// What steps are taken by when errors are studied.
    pub step: StepRule,
    /// Step size η of the weights, other than the plan's.
    pub eta: Option<f64>,
    /// Folder with the full series; without it the built-in excerpts.
    pub data: Option<PathBuf>,
    /// Where pages go, and the runs behind them.
    pub out: PathBuf,
    /// `sidecar` itself, for experiments with several processes.
    pub program: PathBuf,
}

impl Request {
    fn plan(&self) -> Plan {
        let plan = if self.quick { Plan::quick() } else { Plan::full() };
        let rounds = self.rounds.unwrap_or(plan.rounds).max(1);
        Plan {
            rounds,
            look_every: plan.look_every.min(rounds),
            step: self.step,
            eta: self.eta.unwrap_or(plan.eta),
            ..plan
        }
    }

    /// Makes an experiment and writes its page.
    ///
    /// # Errors
    /// [`ExperimentError`]: what was trained until then is kept.
    pub fn make(&self, experiment: &Experiment) -> Result<Written, ExperimentError> {
        let (sets, hashes) = data_sets(self.data.as_deref())?;
        let store = Store::open(self.out.join("runs"))?;
        let context = Context { request: self, plan: self.plan(), sets, hashes, store };
        let page = (experiment.make)(&context)?;
        page.write(&self.out.join(experiment.name), experiment, &context)
    }
}

/// What an experiment is made with.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) request: &'a Request,
    pub(super) plan: Plan,
    pub(super) sets: Vec<NamedSet>,
    pub(super) hashes: BTreeMap<String, String>,
    store: Store,
}

impl Context<'_> {
    pub(super) fn seeds(&self) -> impl Iterator<Item = u64> + use<> {
        1..=self.request.seeds.max(1)
    }

    /// `aAgent`, `nAgent` or `pAgent`.
    pub(super) fn agent_name(&self, agent: usize) -> String {
        format!("{}Agent", self.sets[agent].0)
    }

    /// The runs of these schemes and weightings, of every seed: seed by seed within each.
    pub(super) fn trajectories(&self, wanted: &[(Scheme, Way)]) -> Result<Vec<Vec<Trajectory>>, ExperimentError> {
        self.trajectories_by(&self.plan, wanted)
    }

    /// The same by another plan than the context's.
    pub(super) fn trajectories_by(
        &self,
        plan: &Plan,
        wanted: &[(Scheme, Way)],
    ) -> Result<Vec<Vec<Trajectory>>, ExperimentError> {
        let studied = Studied { plan, sets: &self.sets, hashes: &self.hashes };
        let cost = |way: Way| draws(way) as u64;
        let each: u64 = wanted.iter().map(|(_, way)| cost(*way)).sum();
        let bar = self.bar(each * plan.rounds * self.request.seeds.max(1));
        let mut all = vec![Vec::new(); wanted.len()];
        for seed in self.seeds() {
            for ((scheme, way), runs) in wanted.iter().zip(&mut all) {
                let cell = Cell { scheme: *scheme, way: *way, seed };
                bar.set_message(format!("{}, seed {seed}", cell.title()));
                let mut tick = |rounds: u64| bar.inc(rounds * cost(*way));
                runs.push(training::run(&studied, cell, &self.store, &mut tick)?);
                tracing::info!(run = cell.title(), seed, "done");
            }
        }
        bar.finish_and_clear();
        Ok(all)
    }

    /// The forecasts of these models, of every seed.
    pub(super) fn forecasts(&self, wanted: &[Model]) -> Result<Vec<Vec<Forecasts>>, ExperimentError> {
        let cost = |model: Model| if model == Model::Mops { draws(Way::Dynamic) as u64 } else { 1 };
        let each: u64 = wanted.iter().map(|m| cost(*m)).sum();
        let bar = self.bar(each * self.plan.rounds * self.request.seeds.max(1));
        let mut all = vec![Vec::new(); wanted.len()];
        for seed in self.seeds() {
            for (model, runs) in wanted.iter().zip(&mut all) {
                bar.set_message(format!("{}, seed {seed}", model.name()));
                let mut tick = |rounds: u64| bar.inc(rounds * cost(*model));
                let made_from = (&self.plan, self.sets.as_slice(), &self.hashes);
                runs.push(forecast::run(made_from, (*model, seed), &self.store, &mut tick)?);
                tracing::info!(model = model.name(), seed, "done");
            }
        }
        bar.finish_and_clear();
        Ok(all)
    }

    pub(super) fn bar(&self, length: u64) -> ProgressBar {
        let bar = ProgressBar::new(length);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent} %, {elapsed} gone, {eta} left  {msg}") {
            bar.set_style(style);
        }
        bar
    }
}
