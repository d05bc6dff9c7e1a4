//! The baselines: shapes, gradients against finite differences, that they learn, and PyTorch's numbers for the same weights.

#![expect(clippy::unwrap_used, reason = "tests")]

use candle_core::{Device, Tensor};
use predict::data::WindowSpec;
use predict::optim::{AdamWConfig, Optimiser, OptimiserConfig};
use predict::{
    Informer, InformerConfig, Lstm, LstmConfig, NBeats, NBeatsConfig, Network, SeededRng, TransformerConfig, huber,
};
use serde::Deserialize;

const SPEC: WindowSpec = WindowSpec { observe: 7, horizon: 3 };

fn shape() -> TransformerConfig {
    TransformerConfig {
        features: 2,
        observe: SPEC.observe,
        horizon: SPEC.horizon,
        width: 8,
        heads: 2,
        encoder_layers: 2,
        decoder_layers: 1,
        feed_forward: 12,
    }
}

fn all(seed: u64) -> Vec<Box<dyn Network>> {
    vec![
        Box::new(Lstm::new(LstmConfig { channels: 6, spec: SPEC, hidden: 5 }, seed).unwrap()),
        Box::new(NBeats::new(NBeatsConfig { spec: SPEC, blocks: 2, width: 9 }, seed).unwrap()),
        Box::new(Informer::new(InformerConfig { shape: shape(), factor: 5 }, seed).unwrap()),
        // few enough that some queries do not attend
        Box::new(Informer::new(InformerConfig { shape: shape(), factor: 1 }, seed).unwrap()),
    ]
}

fn batch(seed: u64) -> (Tensor, Tensor) {
    let mut rng = SeededRng::new(seed, 0);
    (rng.normal_tensor(&[4, 7, 6], 1.0).unwrap(), rng.normal_tensor(&[4, 3, 1], 1.0).unwrap())
}

fn numbers(t: &Tensor) -> Vec<f32> {
    t.flatten_all().unwrap().to_vec1().unwrap()
}

/// Gives every parameter a value that hides nothing: heads begin near 0, biases at 0.
fn spread(model: &dyn Network, seed: u64) {
    let mut rng = SeededRng::new(seed, 9);
    let mut values = model.params().values().unwrap();
    values.iter_mut().flatten().for_each(|w| *w += 0.2 * rng.normal());
    model.params().set_values(values).unwrap();
}

#[test]
fn shapes_and_seeds() {
    let (x, _) = batch(1);
    for ((a, b), c) in all(3).iter().zip(all(3)).zip(all(4)) {
        let y = a.forward(&x).unwrap();
        assert_eq!(y.dims(), [4, 3, 1], "{}", a.name());
        assert_eq!(numbers(&y), numbers(&b.forward(&x).unwrap()), "{}", a.name());
        assert_ne!(numbers(&y), numbers(&c.forward(&x).unwrap()), "{}", a.name());
        // one window alone is as in a batch
        spread(a.as_ref(), 5);
        let whole = numbers(&a.forward(&x).unwrap());
        let one = numbers(&a.forward(&x.narrow(0, 2, 1).unwrap().contiguous().unwrap()).unwrap());
        assert!(whole[6..9].iter().zip(&one).all(|(a, b)| (a - b).abs() < 1e-5), "{}", a.name());
    }
    assert!(Lstm::new(LstmConfig { channels: 6, spec: SPEC, hidden: 0 }, 1).is_err());
    assert!(NBeats::new(NBeatsConfig { spec: SPEC, blocks: 0, width: 9 }, 1).is_err());
    assert!(Informer::new(InformerConfig { shape: shape(), factor: 0 }, 1).is_err());
}

#[test]
fn gradients_agree_with_finite_differences() {
    let (x, y) = batch(2);
    for model in all(11) {
        spread(model.as_ref(), 6);
        let params = model.params();
        let loss = || huber(&model.forward(&x).unwrap(), &y, 50.0).unwrap().affine(50.0, 0.0).unwrap();
        let grads = params.gradients(&loss().backward().unwrap()).unwrap();
        let (mut checked, mut off) = (0, Vec::new());
        for (t, (name, _)) in params.iter().enumerate() {
            for i in [0, grads[t].len() / 2, grads[t].len() - 1] {
                let at = |d: f32| {
                    let before = params.values().unwrap();
                    let mut v = before.clone();
                    v[t][i] += d;
                    params.set_values(v).unwrap();
                    let l = f64::from(loss().to_scalar::<f32>().unwrap());
                    params.set_values(before).unwrap();
                    l
                };
                let h = 1e-3_f32;
                let numeric = (at(h) - at(-h)) / (2.0 * f64::from(h));
                let exact = f64::from(grads[t][i]);
                if (numeric - exact).abs() > 2e-3 + 0.03 * exact.abs() {
                    off.push(format!("{name}[{i}]: {exact} but {numeric}"));
                }
                checked += usize::from(exact.abs() > 1e-4);
            }
        }
        assert!(checked * 2 > 3 * params.len(), "{}: only {checked} gradients are other than 0", model.name());
        assert!(off.is_empty(), "{}: {off:?}", model.name());
    }
}

#[test]
fn they_learn_a_wave() {
    // phases of a sine: the forecast is a function of the window
    let rows = |k: usize, from: usize, n: usize| -> Vec<f32> {
        (from..from + n).map(|t| (0.7 * t as f32 + 0.9 * k as f32).sin()).collect()
    };
    let x: Vec<f32> = (0..32).flat_map(|k| rows(k, 0, 7)).flat_map(|v| [v, v, 1.0, 0.0, 0.0, 0.0]).collect();
    let y: Vec<f32> = (0..32).flat_map(|k| rows(k, 7, 3)).collect();
    let x = Tensor::from_vec(x, (32, 7, 6), &Device::Cpu).unwrap();
    let y = Tensor::from_vec(y, (32, 3, 1), &Device::Cpu).unwrap();
    for model in all(1).into_iter().take(3) {
        let config = AdamWConfig { rate: 1e-2, decay: 0.0, ..AdamWConfig::default() };
        let mut optimiser = Optimiser::new(OptimiserConfig::AdamW(config), model.params());
        let loss = || huber(&model.forward(&x).unwrap(), &y, 0.1).unwrap();
        let before = loss().to_scalar::<f32>().unwrap();
        for _ in 0..150 {
            let grads = model.params().gradients(&loss().backward().unwrap()).unwrap();
            optimiser.step(model.params(), &grads).unwrap();
        }
        let after = loss().to_scalar::<f32>().unwrap();
        assert!(after < 0.2 * before, "{}: {before} to {after}", model.name());
    }
}

#[derive(Deserialize)]
struct Case {
    name: String,
    /// In the order of ours, row-major in our layout.
    weights: Vec<Vec<f32>>,
    x: Vec<f32>,
    y: Vec<f32>,
    gradients: Vec<Vec<f32>>,
}

/// `hil-tests/fixtures/networks/by_torch.py` made these with `torch.nn` modules: the forecasts, and the gradients of their sum of squares.
#[test]
fn as_pytorch() {
    let text = include_str!("../../../hil-tests/fixtures/networks/by_torch.json");
    let cases: Vec<Case> = serde_json::from_str(text).unwrap();
    assert_eq!(cases.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["LSTM", "N-BEATS", "Informer"]);
    for (case, model) in cases.iter().zip(all(1)) {
        assert_eq!(case.name, model.name());
        let params = model.params();
        params.set_values(case.weights.clone()).unwrap();
        let x = Tensor::from_vec(case.x.clone(), (case.x.len() / 42, 7, 6), &Device::Cpu).unwrap();
        let y = model.forward(&x).unwrap();
        let largest = case.y.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        for (a, b) in numbers(&y).iter().zip(&case.y) {
            assert!((a - b).abs() < 1e-4 * largest, "{}: {a} {b}", case.name);
        }
        let grads = params.gradients(&y.sqr().unwrap().sum_all().unwrap().backward().unwrap()).unwrap();
        for (((name, _), ours), theirs) in params.iter().zip(&grads).zip(&case.gradients) {
            let most = theirs.iter().fold(1e-2_f32, |m, v| m.max(v.abs()));
            let off = ours.iter().zip(theirs).fold(0.0_f32, |m, (a, b)| m.max((a - b).abs())) / most;
            assert!(ours.len() == theirs.len() && off < 1e-4, "{} {name}: {off}", case.name);
        }
    }
}
