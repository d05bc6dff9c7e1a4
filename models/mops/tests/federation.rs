//! Federations: as agents and controller apart, saved and loaded, under each weighting; their errors against the parts' own figures.

#![expect(clippy::unwrap_used, reason = "tests")]

use mops::{
    AgentPart, CaGrad, ErrorsAt, Federation, FederationConfig, MoDo, Rescale, SharedPart, StaticWeights, Weighting,
    gradient_norm,
};
use predict::data::Batch;
use predict::optim::{AdamWConfig, OptimiserConfig, SgdConfig};
use predict::{Cut, Precision, PredictError, SeededRng, TransformerConfig};

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

fn config(optimiser: OptimiserConfig, cuts: [usize; AGENTS]) -> FederationConfig {
    let cuts = cuts.map(|own| Cut::new(own, &shape(1)).unwrap()).to_vec();
    let agent_seeds = (9..).take(AGENTS).collect();
    FederationConfig { shapes: (1..=AGENTS).map(shape).collect(), cuts, optimiser, seed: 9, agent_seeds }
}

fn sgd() -> OptimiserConfig {
    OptimiserConfig::Sgd(SgdConfig { rate: 0.05, ..SgdConfig::default() })
}

/// Batch number `k` of an agent: windows of `[6, channels]`, labels of `[3, 1]`.
fn batch(agent: usize, k: u64, windows: usize) -> Result<Batch, PredictError> {
    let mut rng = SeededRng::new(100 + agent as u64, k);
    let x = rng.normal_tensor(&[windows, 6, 3 * (agent + 1)], 1.0)?;
    Ok(Batch { x, y: rng.normal_tensor(&[windows, 3, 1], 1.0)?, encoded: Vec::new() })
}

/// The next batches of each agent, beginning at some number.
struct Next([u64; AGENTS]);

impl Next {
    fn give(&mut self, agent: usize) -> Result<Batch, PredictError> {
        self.0[agent] += 1;
        batch(agent, self.0[agent], 4)
    }
}

fn weightings() -> Vec<Weighting> {
    vec![
        Weighting::Static(StaticWeights::uniform(AGENTS)),
        Weighting::Modo(MoDo::new(AGENTS, 0.1, 0.0).unwrap()),
        Weighting::MinNorm,
        Weighting::PcGrad(SeededRng::new(3, 3).state()),
        Weighting::CaGrad(CaGrad::new(0.5, Rescale::Square).unwrap()),
    ]
}

/// The order of updates of the crate's page, written out with the parts, and the last gradients taken at the end.
#[test]
fn it_is_agents_and_controller_apart() {
    for cuts in [[2, 2, 2], [0, 0, 0], [0, 3, 1]] {
        let all = config(OptimiserConfig::AdamW(AdamWConfig::default()), cuts);
        let mut whole = Federation::new(&all, Weighting::Static(StaticWeights::uniform(AGENTS))).unwrap();
        let (mut next, rounds) = (Next([0; AGENTS]), 4);
        for _ in 0..rounds {
            whole.round(|agent| next.give(agent)).unwrap();
        }
        assert_eq!(whole.rounds(), rounds);
        let part = |a: usize| AgentPart::cut_at(shape(a + 1), all.cuts[a], all.optimiser, 9 + a as u64).unwrap();
        let mut agents: Vec<AgentPart> = (0..AGENTS).map(part).collect();
        let lowest = all.cuts.iter().min().unwrap();
        let mut shared = SharedPart::cut_at(shape(1), *lowest, all.optimiser, 9).unwrap();
        let mut gradients: Vec<Option<Vec<f32>>> = vec![None; AGENTS];
        for round in 1..=rounds {
            let mut contributions = Vec::new();
            for (a, agent) in agents.iter_mut().enumerate() {
                if let Some(g) = gradients[a].take() {
                    agent.apply_gradient(&g).unwrap();
                }
                let b = batch(a, round, 4).unwrap();
                let z = agent.upload(&b.x).unwrap();
                contributions.push(shared.contribution_from(a, agent.cut(), &z, &b.y).unwrap());
            }
            shared.update(&StaticWeights::uniform(AGENTS), &contributions).unwrap();
            contributions.into_iter().for_each(|c| gradients[c.agent] = Some(c.embedding));
        }
        for (agent, g) in agents.iter_mut().zip(gradients) {
            agent.apply_gradient(&g.unwrap()).unwrap();
        }
        let mut apart: Vec<Vec<u8>> = agents.iter().map(|a| a.weights(Precision::F32).unwrap()).collect();
        apart.push(shared.weights(Precision::F32).unwrap());
        assert!(whole.weights(Precision::F32).unwrap() == apart, "{cuts:?}");
    }
}

#[test]
fn saved_and_loaded_it_goes_on_with_the_same_bits() {
    for weighting in weightings() {
        let all = config(OptimiserConfig::AdamW(AdamWConfig::default()), [2, 0, 2]);
        let mut a = Federation::new(&all, weighting.clone()).unwrap();
        let mut next = Next([0; AGENTS]);
        let step = |f: &mut Federation, next: &mut Next| f.round(|agent| next.give(agent)).unwrap();
        for _ in 0..3 {
            step(&mut a, &mut next);
        }
        let saved = a.to_bytes().unwrap();
        let mut b = Federation::new(&FederationConfig { seed: 77, ..all }, weighting.clone()).unwrap();
        b.load_bytes(&saved).unwrap();
        let mut again = Next(next.0);
        for _ in 0..3 {
            assert_eq!(step(&mut a, &mut next), step(&mut b, &mut again));
        }
        assert!(a.to_bytes().unwrap() == b.to_bytes().unwrap(), "{weighting:?}");
        assert!(b.load_bytes(&saved[..saved.len() - 1]).is_err() && b.load_bytes(b"").is_err());
    }
}

#[test]
fn who_sends_what_is_no_number_is_left_out() {
    let mut f = Federation::new(&config(sgd(), [2; AGENTS]), Weighting::MinNorm).unwrap();
    let before = f.agents()[1].params().values().unwrap();
    let report = f
        .round(|agent| {
            let mut b = batch(agent, 1, 4)?;
            if agent == 1 {
                b.y = b.y.affine(f64::INFINITY, 0.0)?;
            }
            Ok(b)
        })
        .unwrap();
    assert_eq!((report.shared.agents, report.weights[1]), (2, 0.0));
    assert!(!report.losses[1].is_finite() && report.losses[0].is_finite());
    assert_eq!(f.agents()[1].params().values().unwrap(), before);
    assert_ne!(f.agents()[0].params().values().unwrap(), f.agents()[1].params().values().unwrap());
}

/// The gradient over a set is that of the set as one batch, however it comes; and stepping along it lowers the loss.
#[test]
fn errors_are_those_of_the_whole_set() {
    let mut f = Federation::new(&config(sgd(), [2, 0, 1]), Weighting::MinNorm).unwrap();
    let mut next = Next([0; AGENTS]);
    for _ in 0..30 {
        f.round(|agent| next.give(agent)).unwrap();
    }
    let gamma = [0.2, 0.3, 0.5];
    let of = |f: &Federation, from: u64| -> Vec<_> {
        (0..AGENTS).map(|a| f.full_gradient(a, (from..from + 3).map(|k| batch(a, k, 4))).unwrap()).collect()
    };
    let errors = ErrorsAt::of(&of(&f, 1), &of(&f, 50), &gamma).unwrap();
    for (a, o) in errors.o.iter().enumerate() {
        let mut windows: Vec<Batch> = (1..4).map(|k| batch(a, k, 4).unwrap()).collect();
        let cat = |take: fn(&Batch) -> &candle_core::Tensor| {
            candle_core::Tensor::cat(&windows.iter().map(take).collect::<Vec<_>>(), 0).unwrap()
        };
        let one = Batch { x: cat(|b| &b.x), y: cat(|b| &b.y), encoded: Vec::new() };
        windows.clear();
        let g = f.full_gradient(a, [Ok(one)]).unwrap();
        let norm = gradient_norm(&g.shared).hypot(gradient_norm(&g.agent));
        assert!((norm - o).abs() < 1e-4 * norm, "{norm} {o}");
        assert!((g.loss - errors.loss[a]).abs() < 1e-5);
    }
    // gradients at the same data are no generalisation error
    let same = ErrorsAt::of(&of(&f, 1), &of(&f, 1), &gamma).unwrap();
    assert!(same.g_joint == 0.0 && same.g.iter().all(|g| *g == 0.0) && errors.g_joint > 0.0);
    assert!(f.full_gradient(0, []).is_err() && f.full_gradient(9, [batch(0, 1, 4)]).is_err());
}

/// A loss that counts twice gives twice the gradient, in rounds as in full gradients; the others stay.
#[test]
fn a_loss_may_be_in_another_unit() {
    let one = || Federation::new(&config(sgd(), [2, 2, 2]), Weighting::Static(StaticWeights::uniform(AGENTS))).unwrap();
    let (mut plain, mut scaled) = (one(), one());
    scaled.set_loss_scales(&[2.0, 1.0, 0.0]).unwrap();
    let full = |f: &Federation, agent| f.full_gradient(agent, [batch(agent, 1, 4)]).unwrap();
    for (agent, by) in [(0, 2.0), (1, 1.0), (2, 0.0)] {
        let (a, b) = (full(&plain, agent), full(&scaled, agent));
        assert!((b.loss - by * a.loss).abs() < 1e-6 * a.loss);
        for (x, y) in [(&a.shared, &b.shared), (&a.agent, &b.agent)] {
            let (x, y) = (gradient_norm(x), gradient_norm(y));
            assert!((y - by * x).abs() < 1e-5 * x, "{agent}: {x} {y}");
        }
    }
    let [a, b] = [&mut plain, &mut scaled].map(|f| f.round(|agent| batch(agent, 1, 4)).unwrap().losses);
    assert_eq!(b, [2.0 * a[0], a[1], 0.0]);
    for bad in [&[1.0; 2][..], &[1.0, f32::NAN, 1.0], &[1.0, -1.0, 1.0]] {
        assert!(scaled.set_loss_scales(bad).is_err());
    }
}
