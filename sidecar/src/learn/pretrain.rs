//! Training ahead of time: scheme 3 with static weights on the real traces, all parts in one process, over the same steps as the
//! agents and the controller take apart.

use super::data::{NamedSet, data_sets};
use super::{DataSet, Figures, LearnError, Order, evaluate};
use mops::{Federation, FederationConfig, StaticWeights, Weighting};
use predict::optim::{AdamWConfig, OptimiserConfig};
use predict::{Cut, Manifest, Precision, TransformerConfig, sha256_hex};
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
    let (sets, hashes) = data_sets(data)?;
    let mut model = federation(&sets, config)?;
    let mut best = (f64::INFINITY, model.weights(Precision::F32)?);
    let mut order: Vec<Order> =
        sets.iter().enumerate().map(|(i, (_, s))| Order::new(config.seed, 10 + i as u64, s.train.len())).collect();
    for round in 1..=config.rounds {
        model.set_rate_factor(schedule(round, config.rounds));
        let report =
            model.round(|agent| sets[agent].1.batch(&order[agent].next(&sets[agent].1.train, config.batch)))?;
        let validation = if round % config.validate_every == 0 || round == config.rounds {
            let score = validate(&model, &sets)?;
            if score < best.0 {
                best = (score, model.weights(Precision::F32)?);
            }
            Some(score)
        } else {
            None
        };
        progress(&Progress { round, rounds: config.rounds, losses: report.losses, validation });
    }
    let mut metrics = BTreeMap::new();
    if best.0.is_finite() {
        metrics.insert("validation.ratio_to_persistence".to_owned(), best.0);
    }
    model.load_weights(&best.1)?;
    let files = model.weights(Precision::F16)?;
    model.load_weights(&files)?; // the figures are those of the rounded weights
    for (i, (name, set)) in sets.iter().enumerate() {
        insert(&mut metrics, name, &evaluate(set, &set.test, &model.agents()[i], model.shared())?);
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

/// Factor of the step size: a short rise, then half a cosine down to 5 %.
#[expect(clippy::cast_precision_loss, reason = "round counts are small")]
pub(crate) fn schedule(round: u64, rounds: u64) -> f32 {
    let rise = (round as f32 / 20.0).min(1.0);
    let done = round as f32 / rounds.max(1) as f32;
    rise * (0.05 + 0.95 * 0.5 * (1.0 + (std::f32::consts::PI * done).cos()))
}

fn federation(sets: &[NamedSet], config: &PretrainConfig) -> Result<Federation, LearnError> {
    let shapes: Vec<TransformerConfig> = sets.iter().map(|(_, s)| s.config()).collect();
    let cuts = shapes.iter().map(Cut::scheme3).collect();
    let weighting = Weighting::Static(StaticWeights::uniform(sets.len()));
    let agent_seeds = (config.seed..).take(sets.len()).collect();
    let config = FederationConfig { shapes, cuts, optimiser: config.optimiser, seed: config.seed, agent_seeds };
    Ok(Federation::new(&config, weighting)?)
}

/// Mean over the agents of the error against persistence's.
fn validate(model: &Federation, sets: &[NamedSet]) -> Result<f64, LearnError> {
    let mut ratios = Vec::new();
    for (agent, (_, set)) in model.agents().iter().zip(sets) {
        let f = evaluate(set, &DataSet::spaced(&set.validation, 384), agent, model.shared())?;
        ratios.extend(f.transformer.mae().zip(f.persistence.mae()).map(|(t, p)| t / p));
    }
    #[expect(clippy::cast_precision_loss, reason = "three agents")]
    let mean = ratios.iter().sum::<f64>() / ratios.len().max(1) as f64;
    Ok(mean)
}
