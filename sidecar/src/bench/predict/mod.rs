//! `sidecar bench predict`: the Transformer of `SANet` Table 2 against `PyTorch` eager and ONNX Runtime, in turns on the same machine, and how far their numbers are
//! apart.

mod peer;

use super::list::{BenchContext, BenchError};
use super::row::{Bar, Row};
use super::stats::percentile;
use crate::clock::mono_ns;
use candle_core::{Device, Tensor};
use peer::{Peer, Told};
use predict::optim::{Optimiser, OptimiserConfig, SgdConfig};
use predict::passes::{FrontPass, TrunkBatch, TrunkPass};
use predict::{Cut, Fused, Params, SeededRng, Transformer, TransformerConfig, huber};
use std::path::Path;

/// Windows of a training step.
const BATCH: usize = 32;
/// Corner of the Huber loss; step size of Table 2.
const HUBER_DELTA: f64 = 0.1;
const RATE: f32 = 5e-4;
/// A tensor whose largest gradient is less than this, relative to the largest of all, is measured against that.
const LEAST: f32 = 1e-3;
/// The cases of the rows.
const INFERENCE: &str = "1 window of 15 + 5, 1.99 M parameters";
const TRAINING: &str = "a step of SGD on 32 windows, forward, backward and update";
/// Names of the peers.
const EAGER: &str = "PyTorch eager";
const ONNX: &str = "ONNX Runtime";

fn failed(error: impl std::fmt::Display) -> BenchError {
    BenchError::Failed(error.to_string())
}

/// What is measured, and the batch it is measured with.
struct Ours {
    model: Transformer,
    fused: Fused,
    x: Tensor,
    y: Tensor,
    one: Vec<f32>,
    front: FrontPass,
    trunk: TrunkPass,
    /// `x` and `y` as numbers.
    batch: (Vec<f32>, Vec<f32>),
    optimisers: [Optimiser; 2],
}

impl Ours {
    fn new(seed: u64) -> Result<Self, BenchError> {
        let config = TransformerConfig::table2(1);
        let model = Transformer::new(config, seed).map_err(failed)?;
        let mut rng = SeededRng::new(seed, 7);
        // the head begins near 0 and the biases at 0, and would hide differences
        for params in [&model.agent, &model.shared] {
            let mut values = params.values().map_err(failed)?;
            let names: Vec<bool> = params.iter().map(|(n, _)| n.ends_with("bias") || n.starts_with("head")).collect();
            for (value, _) in values.iter_mut().zip(names).filter(|(_, widen)| *widen) {
                value.iter_mut().for_each(|w| *w += 0.1 * rng.normal());
            }
            params.set_values(values).map_err(failed)?;
        }
        let x = rng.normal_tensor(&[BATCH, config.observe, config.channels()], 1.0).map_err(failed)?;
        let y = rng.normal_tensor(&[BATCH, config.horizon, 1], 1.0).map_err(failed)?;
        let one = x.get(0).and_then(|x| x.flatten_all()?.to_vec1()).map_err(failed)?;
        let sgd = OptimiserConfig::Sgd(SgdConfig { rate: RATE, ..SgdConfig::default() });
        let optimisers = [Optimiser::new(sgd, &model.agent), Optimiser::new(sgd, &model.shared)];
        let cut = Cut::scheme3(&config);
        let (front, trunk) = (FrontPass::new(&model.agent, config, cut), TrunkPass::new(&model.shared, config, cut));
        let (front, trunk) = (front.map_err(failed)?, trunk.map_err(failed)?);
        let numbers = |t: &Tensor| t.flatten_all().and_then(|t| t.to_vec1::<f32>()).map_err(failed);
        let batch = (numbers(&x)?, numbers(&y)?);
        Ok(Self { fused: Fused::new(&model).map_err(failed)?, model, x, y, one, front, trunk, batch, optimisers })
    }

    fn parts(&self) -> [&Params; 2] {
        [&self.model.agent, &self.model.shared]
    }

    /// By hand.
    fn gradients(&self) -> Result<[Vec<Vec<f32>>; 2], BenchError> {
        let [agent, shared] = self.parts().map(Params::values);
        let (agent, shared) = (agent.map_err(failed)?, shared.map_err(failed)?);
        let (z, tape) = self.front.forward(&agent, &self.batch.0).map_err(failed)?;
        let all = TrunkBatch { z: &z, y: &self.batch.1, enter: self.trunk.cut(), delta: HUBER_DELTA as f32 };
        let done = self.trunk.contribution(&shared, &all).map_err(failed)?;
        let grads = self.front.backward(&agent, &tape, &done.embedding).map_err(failed)?;
        Ok([grads, done.shared])
    }

    /// By candle's graph.
    fn graph_gradients(&self) -> Result<[Vec<Vec<f32>>; 2], BenchError> {
        let loss = huber(&self.model.forward(&self.x).map_err(failed)?, &self.y, HUBER_DELTA).map_err(failed)?;
        let store = loss.backward().map_err(failed)?;
        let [agent, shared] = self.parts();
        Ok([agent.gradients(&store).map_err(failed)?, shared.gradients(&store).map_err(failed)?])
    }

    fn step(&mut self) -> Result<(), BenchError> {
        let grads = self.gradients()?;
        let Self { model, optimisers, .. } = self;
        for ((optimiser, params), grads) in optimisers.iter_mut().zip([&model.agent, &model.shared]).zip(&grads) {
            optimiser.step(params, grads).map_err(failed)?;
        }
        Ok(())
    }

    fn graph(&self) -> Result<(), BenchError> {
        let x = Tensor::from_slice(&self.one, (1, 15, 3), &Device::Cpu).map_err(failed)?;
        self.model.forward(&x).map(drop).map_err(failed)
    }
}

/// Median time of so many runs, ns.
fn median_ns(count: usize, mut run: impl FnMut() -> Result<(), BenchError>) -> Result<f64, BenchError> {
    for _ in 0..(count / 10).max(3) {
        run()?;
    }
    let mut took = Vec::with_capacity(count);
    for _ in 0..count {
        let began_ns = mono_ns();
        run()?;
        took.push((mono_ns() - began_ns) as f64);
    }
    took.sort_unstable_by(f64::total_cmp);
    percentile(&took, 50.0).ok_or_else(|| failed("nothing was run"))
}

pub(super) fn run(context: &BenchContext, row: &mut dyn FnMut(Row)) -> Result<(), BenchError> {
    let dir = std::env::temp_dir().join(format!("sidecar-predict-{}", std::process::id()));
    std::fs::create_dir_all(&dir).map_err(failed)?;
    let result = measure(context, &dir, row);
    // What stays in the system's place for temporary things does no harm.
    let _left = std::fs::remove_dir_all(&dir);
    result
}

fn measure(context: &BenchContext, dir: &Path, row: &mut dyn FnMut(Row)) -> Result<(), BenchError> {
    let mut ours = Ours::new(context.seed)?;
    let mut peer = Peer::start(dir, &ours.parts(), (&ours.x, &ours.y), ours.model.config());
    agreement(&mut ours, &mut peer, dir, row)?;
    inference(context, &mut ours, &mut peer, row)?;
    training(context, &mut ours, &mut peer, row)
}

fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0_f32, |m, v| m.max(v.abs()))
}

/// Largest distance of numbers, relative to the largest of the peer's, which counts as `least` where it is less.
fn apart(ours: &[f32], theirs: &[f32], least: f32) -> f64 {
    if ours.len() != theirs.len() {
        return f64::NAN;
    }
    let off = ours.iter().zip(theirs).fold(0.0_f32, |m, (a, b)| m.max((a - b).abs()));
    f64::from(off / largest(theirs).max(least).max(f32::MIN_POSITIVE))
}

fn agreement(
    ours: &mut Ours,
    peer: &mut Result<Peer, String>,
    dir: &Path,
    row: &mut dyn FnMut(Row),
) -> Result<(), BenchError> {
    let all = ours.model.forward(&ours.x).and_then(|y| Ok(y.flatten_all()?.to_vec1::<f32>()?)).map_err(failed)?;
    let mut fused = Vec::new();
    for window in ours.x.to_vec3::<f32>().map_err(failed)? {
        fused.extend_from_slice(ours.fused.forward(&window.concat()).map_err(failed)?);
    }
    let bar = Bar::AtMost(1e-4);
    row(Row::new(INFERENCE, "fused forward: largest distance from the graph's", apart(&fused, &all, 0.0), "1").bar(bar));
    let gradients = ours.gradients()?;
    let theirs = peer.as_mut().map_err(|why| why.clone()).and_then(|p| p.agree(dir));
    let (forward, backward) = (
        "forward: largest distance, relative to the largest",
        "gradients: largest distance in a tensor, relative to its largest",
    );
    match theirs {
        Err(why) => {
            row(Row::skipped(INFERENCE, forward, "1", Some(EAGER), &why));
            row(Row::skipped(TRAINING, backward, "1", Some(EAGER), &why));
        }
        Ok((their_forward, flat)) => {
            // the bias of the keys shifts all scores of a query alike and has no gradient: what there is of it is rounding
            let least = LEAST * largest(&flat);
            let (mut worst, mut at) = (0.0_f64, 0);
            for tensor in gradients.iter().flatten() {
                let theirs = flat.get(at..at + tensor.len()).unwrap_or_default();
                let off = apart(tensor, theirs, least);
                worst = if off.is_nan() { off } else { worst.max(off) };
                at += tensor.len();
            }
            row(Row::new(INFERENCE, forward, apart(&all, &their_forward, 0.0), "1").bar(bar));
            row(Row::new(INFERENCE, &format!("fused {forward}"), apart(&fused, &their_forward, 0.0), "1").bar(bar));
            row(Row::new(TRAINING, backward, worst, "1").bar(bar));
        }
    }
    Ok(())
}

/// Medians of what is run in turns: ours, and the peers' or why there are none.
struct Turns {
    ours: Vec<f64>,
    peers: Vec<Result<Vec<f64>, String>>,
}

fn turns(
    rounds: usize,
    ours: &mut dyn FnMut() -> Result<f64, BenchError>,
    peer: &mut Result<Peer, String>,
    asks: &[String],
) -> Result<Turns, BenchError> {
    let mut all = Turns { ours: Vec::new(), peers: vec![Ok(Vec::new()); asks.len()] };
    for _ in 0..rounds {
        all.ours.push(ours()?);
        for (ask, into) in asks.iter().zip(&mut all.peers) {
            let Ok(values) = into else { continue };
            match peer.as_mut().map_err(|why| why.clone()).and_then(|p| p.ask(ask)) {
                Ok(Told { ns: Some(ns), .. }) => values.push(ns),
                Ok(_) => *into = Err("it gave no time".into()),
                Err(why) => *into = Err(why),
            }
        }
    }
    Ok(all)
}

fn middle(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    percentile(&sorted, 50.0).unwrap_or(f64::NAN)
}

/// A row each: ours against a peer, with the bar on the ratio.
fn ratio(case: &str, ours: f64, peer: &str, theirs: &Result<Vec<f64>, String>, bar: f64, row: &mut dyn FnMut(Row)) {
    let metric = format!("speed relative to {peer}");
    match theirs {
        Err(why) => row(Row::skipped(case, &metric, "1", Some(peer), why)),
        Ok(values) => {
            let theirs = middle(values);
            row(Row::new(case, &format!("{peer}: time, median"), theirs * 1e-6, "ms"));
            row(Row::new(case, &metric, theirs / ours, "1").bar(Bar::AtLeast(bar)));
        }
    }
}

fn inference(
    context: &BenchContext,
    ours: &mut Ours,
    peer: &mut Result<Peer, String>,
    row: &mut dyn FnMut(Row),
) -> Result<(), BenchError> {
    let (rounds, count) = if context.quick { (2, 30) } else { (7, 300) };
    let graph = median_ns(count.min(100), || ours.graph())?;
    let Ours { fused, one, .. } = ours;
    let asks = [format!("eager {count}"), format!("onnx {count}")];
    let mut fused = || median_ns(count, || fused.forward(one).map(drop).map_err(failed));
    let all = turns(rounds, &mut fused, peer, &asks)?;
    let mine = middle(&all.ours);
    row(Row::new(INFERENCE, "time, median", mine * 1e-6, "ms").against_cost("candle's graph", graph * 1e-6));
    ratio(INFERENCE, mine, EAGER, &all.peers[0], 4.0, row);
    ratio(INFERENCE, mine, ONNX, &all.peers[1], 1.0, row);
    Ok(())
}

fn training(
    context: &BenchContext,
    ours: &mut Ours,
    peer: &mut Result<Peer, String>,
    row: &mut dyn FnMut(Row),
) -> Result<(), BenchError> {
    let (rounds, count) = if context.quick { (2, 3) } else { (5, 20) };
    let asks = [format!("train {count}")];
    let graph = median_ns(count, || ours.graph_gradients().map(drop))?;
    let mut step = || median_ns(count, || ours.step());
    let all = turns(rounds, &mut step, peer, &asks)?;
    let mine = middle(&all.ours);
    row(Row::new(TRAINING, "time, median", mine * 1e-6, "ms")
        .against_cost("candle's graph, without the update", graph * 1e-6));
    ratio(TRAINING, mine, EAGER, &all.peers[0], 1.0, row);
    Ok(())
}
