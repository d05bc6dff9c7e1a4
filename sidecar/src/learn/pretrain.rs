//! Training ahead of time: scheme 3 with static weights on the real traces, all parts in one process, over the same steps as the
//! agents and the controller take apart.

use super::{DataSet, Figures, LearnError, evaluate, sources};
use mops::{AgentPart, SharedPart, StaticWeights};
use predict::data::{Batch, Trace, WindowAt};
use predict::optim::{AdamWConfig, OptimiserConfig};
use predict::{Manifest, Precision, SeededRng, TransformerConfig, sha256_hex};
use std::collections::BTreeMap;
use std::path::Path;

/// How to train.
#[derive(Debug, Clone, Copy)]
pub struct PretrainConfig {
    /// Coordination rounds.
    pub rounds: u64,
    /// Windows of each agent in a round.
    pub batch: usize,
    /// Seed of initialisation and order.
    pub seed: u64,
    /// Optimiser of all parts.
    pub optimiser: OptimiserConfig,
    /// Rounds between validations.
    pub validate_every: u64,
}

impl Default for PretrainConfig {
    /// What the built-in weights were made with. The step is 7e-4, not the 5e-4 of `SANet` Table 2: here it is the peak of a schedule that falls.
    fn default() -> Self {
        Self {
            rounds: 500,
            batch: 16,
            seed: 1,
            optimiser: OptimiserConfig::AdamW(AdamWConfig { rate: 7e-4, ..AdamWConfig::default() }),
            validate_every: 50,
        }
    }
}

/// Where training stands.
#[derive(Debug, Clone)]
pub struct Progress {
    /// Rounds done.
    pub round: u64,
    /// Rounds in all.
    pub rounds: u64,
    /// Loss of each agent in this round.
    pub losses: Vec<f32>,
    /// Mean over the agents of validation error against persistence, when it was just measured; below 1 is better.
    pub validation: Option<f64>,
}

/// Trains and writes `p.safetensors`, `n.safetensors`, `a.safetensors`, `shared.safetensors` (f16) and `manifest.json` into `out`.
/// The weights with the best validation are kept; the figures of the manifest are of the weights as written, on the test split.
///
/// `data` is a directory with the full files; without it the built-in excerpts are used.
///
/// # Errors
/// [`LearnError::File`] for files that cannot be read or written, [`LearnError::Model`] for data with too few windows.
pub fn pretrain(
    data: Option<&Path>,
    out: &Path,
    config: &PretrainConfig,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Manifest, LearnError> {
    let mut hashes = BTreeMap::new();
    let mut sets = Vec::new();
    for source in sources() {
        let (bytes, spec) = match data {
            None => (source.excerpt.to_vec(), &source.spec),
            Some(dir) => {
                let path = dir.join(source.full_file);
                (std::fs::read(&path).map_err(|e| LearnError::file(&path, e))?, &source.full_spec)
            }
        };
        hashes.insert(source.name.to_owned(), sha256_hex(&bytes));
        let shape = TransformerConfig::table2(1);
        sets.push((source.name, DataSet::new(Trace::from_csv(&bytes, spec)?, source.split, shape.window())?));
    }
    let mut model = Model::new(&sets, config)?;
    let mut best = (f64::INFINITY, model.weights(Precision::F32)?);
    let mut order: Vec<Order> =
        sets.iter().enumerate().map(|(i, (_, s))| Order::new(config.seed, 10 + i as u64, s.train.len())).collect();
    for round in 1..=config.rounds {
        model.set_rate_factor(schedule(round, config.rounds));
        let losses = model.round(&sets, &mut order, config.batch)?;
        let validation = if round % config.validate_every == 0 || round == config.rounds {
            let score = model.validate(&sets)?;
            if score < best.0 {
                best = (score, model.weights(Precision::F32)?);
            }
            Some(score)
        } else {
            None
        };
        progress(&Progress { round, rounds: config.rounds, losses, validation });
    }
    let mut metrics = BTreeMap::new();
    if best.0.is_finite() {
        metrics.insert("validation.ratio_to_persistence".to_owned(), best.0);
    }
    model.load(&best.1)?;
    let files = model.weights(Precision::F16)?;
    model.load(&files)?; // the figures are those of the rounded weights
    for (i, (name, set)) in sets.iter().enumerate() {
        insert(&mut metrics, name, &evaluate(set, &set.test, &model.agents[i], &model.shared)?);
    }
    std::fs::create_dir_all(out).map_err(|e| LearnError::file(out, e))?;
    let names = ["p", "n", "a", "shared"].map(|n| format!("{n}.safetensors"));
    let mut weights_sha256 = BTreeMap::new();
    for (name, bytes) in names.iter().zip(&files) {
        let path = out.join(name);
        std::fs::write(&path, bytes).map_err(|e| LearnError::file(&path, e))?;
        weights_sha256.insert(name.clone(), sha256_hex(bytes));
    }
    let manifest = Manifest {
        name: "MoPS scheme 3, static weights".to_owned(),
        config: TransformerConfig::table2(1),
        data_sha256: hashes,
        seed: config.seed,
        rounds: config.rounds,
        batch: config.batch,
        optimiser: config.optimiser,
        weights_sha256,
        metrics,
    };
    let path = out.join("manifest.json");
    std::fs::write(&path, manifest.to_json()? + "\n").map_err(|e| LearnError::file(&path, e))?;
    Ok(manifest)
}

fn insert(metrics: &mut BTreeMap<String, f64>, name: &str, figures: &Figures) {
    for (model, sum) in
        [("transformer", figures.transformer), ("dlinear", figures.dlinear), ("persistence", figures.persistence)]
    {
        for (what, value) in [("nmae", sum.nmae()), ("mae", sum.mae())] {
            if let Some(value) = value {
                metrics.insert(format!("{name}.test.{what}.{model}"), value);
            }
        }
    }
}

/// A short rise, then half a cosine down to 5 %.
#[expect(clippy::cast_precision_loss, reason = "round counts are small")]
fn schedule(round: u64, rounds: u64) -> f32 {
    let rise = (round as f32 / 20.0).min(1.0);
    let done = round as f32 / rounds.max(1) as f32;
    rise * (0.05 + 0.95 * 0.5 * (1.0 + (std::f32::consts::PI * done).cos()))
}

/// Windows in random order, each once before any twice.
struct Order {
    rng: SeededRng,
    left: Vec<usize>,
    count: usize,
}

impl Order {
    fn new(seed: u64, stream: u64, count: usize) -> Self {
        Self { rng: SeededRng::new(seed, stream), left: Vec::new(), count }
    }

    fn next(&mut self, windows: &[WindowAt], batch: usize) -> Vec<WindowAt> {
        (0..batch.min(self.count))
            .filter_map(|_| {
                if self.left.is_empty() {
                    self.left = self.rng.permutation(self.count);
                }
                self.left.pop().and_then(|i| windows.get(i)).copied()
            })
            .collect()
    }
}

struct Model {
    agents: Vec<AgentPart>,
    shared: SharedPart,
    gamma: StaticWeights,
    gradients: Vec<Option<Vec<f32>>>,
}

impl Model {
    fn new(sets: &[(&str, DataSet)], config: &PretrainConfig) -> Result<Self, LearnError> {
        let agents = sets
            .iter()
            .zip(0..)
            .map(|((_, s), i)| AgentPart::new(s.config(), config.optimiser, config.seed + i))
            .collect::<Result<Vec<_>, _>>()?;
        let shared = SharedPart::new(TransformerConfig::table2(1), config.optimiser, config.seed)?;
        Ok(Self { gamma: StaticWeights::uniform(agents.len()), gradients: vec![None; agents.len()], agents, shared })
    }

    fn set_rate_factor(&mut self, factor: f32) {
        self.agents.iter_mut().for_each(|a| a.set_rate_factor(factor));
        self.shared.set_rate_factor(factor);
    }

    fn round(&mut self, sets: &[(&str, DataSet)], order: &mut [Order], batch: usize) -> Result<Vec<f32>, LearnError> {
        let mut contributions = Vec::new();
        for (i, ((_, set), order)) in sets.iter().zip(order).enumerate() {
            let agent = &mut self.agents[i];
            if let Some(g) = self.gradients[i].take() {
                agent.apply_gradient(&g)?;
            }
            let batch = Batch::gather(&set.trace, &set.normaliser, set.spec, &order.next(&set.train, batch))?;
            let z = agent.upload(&batch.x)?;
            contributions.push(self.shared.contribution(i, &z, &batch.y)?);
        }
        self.shared.update(&self.gamma, &contributions)?;
        let losses = contributions.iter().map(|c| c.loss).collect();
        for c in contributions {
            self.gradients[c.agent] = Some(c.embedding);
        }
        Ok(losses)
    }

    fn validate(&self, sets: &[(&str, DataSet)]) -> Result<f64, LearnError> {
        let mut ratios = Vec::new();
        for (i, (_, set)) in sets.iter().enumerate() {
            let f = evaluate(set, &DataSet::spaced(&set.validation, 384), &self.agents[i], &self.shared)?;
            ratios.extend(f.transformer.mae().zip(f.persistence.mae()).map(|(t, p)| t / p));
        }
        #[expect(clippy::cast_precision_loss, reason = "three agents")]
        let mean = ratios.iter().sum::<f64>() / ratios.len().max(1) as f64;
        Ok(mean)
    }

    fn weights(&self, precision: Precision) -> Result<Vec<Vec<u8>>, LearnError> {
        let mut out = self.agents.iter().map(|a| a.weights(precision)).collect::<Result<Vec<_>, _>>()?;
        out.push(self.shared.weights(precision)?);
        Ok(out)
    }

    fn load(&mut self, files: &[Vec<u8>]) -> Result<(), LearnError> {
        for (agent, bytes) in self.agents.iter_mut().zip(files) {
            agent.load_weights(bytes)?;
        }
        if let Some(bytes) = files.last() {
            self.shared.load_weights(bytes)?;
        }
        Ok(())
    }
}
