//! Split training over the E- and G-interface ends with the same bits as a monolith with the same order of updates.

#![expect(clippy::unwrap_used, reason = "tests")]

use candle_core::{Device, Tensor};
use mops::{AgentPart, SharedPart, StaticWeights};
use predict::optim::{AdamWConfig, Optimiser, OptimiserConfig, SgdConfig, StepOutcome};
use predict::passes::{FrontPass, TrunkBatch, TrunkPass};
use predict::{Cut, Front, Params, Precision, SeededRng, TransformerConfig, Trunk, huber};

const AGENTS: usize = 3;

fn shape(features: usize) -> TransformerConfig {
    TransformerConfig {
        features,
        observe: 6,
        horizon: 3,
        width: 16,
        heads: 4,
        encoder_layers: 2,
        decoder_layers: 2,
        feed_forward: 24,
    }
}

/// Batch of an agent in a round: `[4, 6, channels]`, `[4, 3, 1]`.
fn batch(agent: usize, round: u64) -> (Tensor, Tensor) {
    let mut rng = SeededRng::new(100 + agent as u64, round);
    let x = rng.normal_tensor(&[4, 6, 3 * (agent + 1)], 1.0).unwrap();
    (x, rng.normal_tensor(&[4, 3, 1], 1.0).unwrap())
}

/// Scheme 3 of the shape.
const ENCODER: [usize; AGENTS] = [2; AGENTS];

fn split(config: OptimiserConfig, rounds: u64, cuts: [usize; AGENTS]) -> (Vec<AgentPart>, SharedPart) {
    let cut = |own: usize| Cut::new(own, &shape(1)).unwrap();
    let agent = |a: usize| AgentPart::cut_at(shape(a + 1), cut(cuts[a]), config, 50 + a as u64).unwrap();
    let mut agents: Vec<AgentPart> = (0..AGENTS).map(agent).collect();
    let from = cut(cuts.into_iter().min().unwrap());
    let mut shared = SharedPart::cut_at(shape(1), from, config, 9).unwrap();
    let mut gradients: Vec<Option<Vec<f32>>> = vec![None; AGENTS];
    go_on(&mut agents, &mut shared, &mut gradients, 0..rounds);
    (agents, shared)
}

fn go_on(
    agents: &mut [AgentPart],
    shared: &mut SharedPart,
    gradients: &mut [Option<Vec<f32>>],
    rounds: std::ops::Range<u64>,
) {
    let gamma = StaticWeights::uniform(AGENTS);
    for round in rounds {
        let mut contributions = Vec::new();
        for (a, agent) in agents.iter_mut().enumerate() {
            if let Some(g) = gradients[a].take() {
                assert_eq!(agent.apply_gradient(&g).unwrap(), Some(StepOutcome::Applied));
            }
            let (x, y) = batch(a, round);
            let z = agent.upload(&x).unwrap();
            // what crosses the interface is plain numbers
            let wire = z.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let z = Tensor::from_vec(wire, z.shape(), &Device::Cpu).unwrap();
            contributions.push(shared.contribution_from(a, agent.cut(), &z, &y).unwrap());
        }
        contributions.reverse(); // the order of arrival must not matter
        shared.update(&gamma, &contributions).unwrap();
        for c in contributions {
            gradients[c.agent] = Some(c.embedding);
        }
    }
}

/// One function from input to loss and back, no interface. Order: agents step on the last gradient, then all run forward again, then the shared part steps.
/// `graph`: by candle's graph, an independent implementation of the same numbers.
fn monolith(config: OptimiserConfig, rounds: u64, cuts: [usize; AGENTS], graph: bool) -> (Vec<Params>, Params) {
    let mut shared = Params::default();
    let cut = |own: usize| Cut::new(own, &shape(1)).unwrap();
    let from = cut(cuts.into_iter().min().unwrap());
    let trunk = Trunk::new(&mut shared, &mut SeededRng::new(9, 2), shape(1), from).unwrap();
    let mut shared_optimiser = Optimiser::new(config, &shared);
    let mut agents: Vec<(Params, Front, Optimiser)> = (0..AGENTS)
        .map(|a| {
            let mut p = Params::default();
            let e = Front::new(&mut p, &mut SeededRng::new(50 + a as u64, 1), shape(a + 1), cut(cuts[a])).unwrap();
            let o = Optimiser::new(config, &p);
            (p, e, o)
        })
        .collect();
    let mut last: Vec<Option<Vec<Vec<f32>>>> = vec![None; AGENTS];
    for round in 0..rounds {
        let mut total: Vec<Vec<f32>> = shared.iter().map(|(_, t)| vec![0.0; t.elem_count()]).collect();
        for (a, (params, front, optimiser)) in agents.iter_mut().enumerate() {
            if let Some(g) = last[a].take() {
                optimiser.step(params, &g).unwrap();
            }
            let (x, y) = batch(a, round);
            let enter = cut(cuts[a]);
            let (own, all) = if graph {
                let loss = huber(&trunk.forward(&front.forward(&x).unwrap(), enter).unwrap(), &y, 0.1).unwrap();
                let store = loss.backward().unwrap();
                (params.gradients(&store).unwrap(), shared.gradients(&store).unwrap())
            } else {
                let pass = FrontPass::new(params, shape(a + 1), enter).unwrap();
                let trunk = TrunkPass::new(&shared, shape(1), from).unwrap();
                let (own, all) = (params.values().unwrap(), shared.values().unwrap());
                let [x, y] = [x, y].map(|t| t.flatten_all().unwrap().to_vec1::<f32>().unwrap());
                let (z, tape) = pass.forward(&own, &x).unwrap();
                let done = trunk.contribution(&all, &TrunkBatch { z: &z, y: &y, enter, delta: 0.1 }).unwrap();
                (pass.backward(&own, &tape, &done.embedding).unwrap(), done.shared)
            };
            last[a] = Some(own);
            for (t, g) in total.iter_mut().zip(all) {
                t.iter_mut().zip(g).for_each(|(t, g)| *t += 1.0 / 3.0 * g);
            }
        }
        shared_optimiser.step(&shared, &total).unwrap();
    }
    (agents.into_iter().map(|(p, _, _)| p).collect(), shared)
}

#[test]
fn same_bits() {
    let sgd = OptimiserConfig::Sgd(SgdConfig { rate: 0.05, momentum: 0.0, clip_norm: None });
    let adam = OptimiserConfig::AdamW(AdamWConfig { rate: 1e-3, ..AdamWConfig::default() });
    // scheme 3 twice, scheme 2, a cut within the decoder, and agents of different depth
    for (config, cuts) in [(sgd, ENCODER), (adam, ENCODER), (sgd, [0; 3]), (sgd, [3; 3]), (adam, [1, 2, 3])] {
        let (agents, shared) = split(config, 6, cuts);
        let (mono_agents, mono_shared) = monolith(config, 6, cuts, false);
        assert_eq!(shared.params().values().unwrap(), mono_shared.values().unwrap());
        for (a, m) in agents.iter().zip(&mono_agents) {
            assert_eq!(a.params().values().unwrap(), m.values().unwrap());
        }
        let fresh = split(config, 0, cuts).1;
        assert_ne!(shared.params().values().unwrap(), fresh.params().values().unwrap());
        // AdamW divides what is hardly a gradient by itself: no two implementations agree there
        if config != sgd {
            continue;
        }
        let (graph_agents, graph_shared) = monolith(config, 6, cuts, true);
        let far = |a: &Params, b: &Params| {
            let (a, b) = (a.values().unwrap(), b.values().unwrap());
            a.iter().flatten().zip(b.iter().flatten()).fold(0.0_f32, |m, (a, b)| m.max((a - b).abs()))
        };
        assert!(far(shared.params(), &graph_shared) < 1e-6, "{}", far(shared.params(), &graph_shared));
        for (a, g) in agents.iter().zip(&graph_agents) {
            assert!(far(a.params(), g) < 1e-6, "{}", far(a.params(), g));
        }
    }
}

#[test]
fn resumed_equals_uninterrupted() {
    let config = OptimiserConfig::default();
    let (mut agents, mut shared) = split(config, 4, ENCODER);
    // saved between rounds, gradients of round 3 lost with the process: both runs go on without them
    for agent in &mut agents {
        agent.abandon();
    }
    let mut again: Vec<AgentPart> = (0..AGENTS).map(|a| AgentPart::new(shape(a + 1), config, 999).unwrap()).collect();
    let mut shared_again = SharedPart::new(shape(1), config, 998).unwrap();
    for (new, old) in again.iter_mut().zip(&agents) {
        new.load_weights(&old.weights(Precision::F32).unwrap()).unwrap();
        new.load_optimiser_state(&old.optimiser_state()).unwrap();
    }
    shared_again.load_weights(&shared.weights(Precision::F32).unwrap()).unwrap();
    shared_again.load_optimiser_state(&shared.optimiser_state()).unwrap();
    go_on(&mut agents, &mut shared, &mut [None, None, None], 4..7);
    go_on(&mut again, &mut shared_again, &mut [None, None, None], 4..7);
    assert_eq!(shared.params().values().unwrap(), shared_again.params().values().unwrap());
    for (a, b) in agents.iter().zip(&again) {
        assert_eq!(a.params().values().unwrap(), b.params().values().unwrap());
    }
}

#[test]
fn bad_contributions_do_not_count() {
    let config = OptimiserConfig::default();
    let mut shared = SharedPart::new(shape(1), config, 9).unwrap();
    let before = shared.params().values().unwrap();
    let mut agent = AgentPart::new(shape(1), config, 1).unwrap();
    let (x, y) = batch(0, 0);
    let z = agent.upload(&x).unwrap();
    let good = shared.contribution(0, &z, &y).unwrap();
    let bad = shared.contribution(1, &(z.clone() * f64::NAN).unwrap(), &y).unwrap();
    assert!(good.is_finite() && !bad.is_finite());
    let result = shared.update(&StaticWeights::uniform(3), std::slice::from_ref(&bad)).unwrap();
    assert_eq!((result.outcome, result.agents), (StepOutcome::RolledBackGradient, 0));
    assert_eq!(shared.params().values().unwrap(), before);
    let result = shared.update(&StaticWeights::uniform(3), &[bad, good]).unwrap();
    assert_eq!((result.outcome, result.agents), (StepOutcome::Applied, 1));
    // a gradient of the wrong length is refused and the batch stays pending; one of NaN changes nothing
    assert!(agent.apply_gradient(&[0.0; 3]).is_err() && agent.awaits_gradient());
    let weights = agent.params().values().unwrap();
    assert_eq!(agent.apply_gradient(&vec![f32::NAN; 4 * 6 * 16]).unwrap(), Some(StepOutcome::RolledBackGradient));
    assert_eq!(agent.params().values().unwrap(), weights);
    assert_eq!(agent.apply_gradient(&[]).unwrap(), None);
    assert!(agent.upload(&(x * f64::NAN).unwrap()).is_err() && !agent.awaits_gradient());
}

#[test]
fn training_learns() {
    let config = OptimiserConfig::AdamW(AdamWConfig { rate: 3e-3, ..AdamWConfig::default() });
    let mut agent = AgentPart::new(shape(1), config, 1).unwrap();
    let mut shared = SharedPart::new(shape(1), config, 2).unwrap();
    let (x, y) = batch(0, 0);
    let mut losses = Vec::new();
    for _ in 0..60 {
        let z = agent.upload(&x).unwrap();
        let c = shared.contribution(0, &z, &y).unwrap();
        losses.push(c.loss);
        shared.update(&StaticWeights::uniform(1), std::slice::from_ref(&c)).unwrap();
        agent.apply_gradient(&c.embedding).unwrap();
    }
    assert!(losses[59] < 0.5 * losses[0], "{} → {}", losses[0], losses[59]);
}
