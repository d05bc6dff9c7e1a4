//! Both halves in one: the monolith.

use super::{Cut, Front, TransformerConfig, Trunk};
use crate::data::Encoded;
use crate::{Params, Precision, PredictError, SeededRng};
use candle_core::{Device, Tensor};

/// Both parts with their parameters, cut between encoder and decoder.
#[derive(Debug)]
pub struct Transformer {
    /// Parameters of the encoder.
    pub agent: Params,
    /// Parameters of the decoder.
    pub shared: Params,
    /// Up to the encoder's end.
    pub front: Front,
    /// The decoder.
    pub trunk: Trunk,
    config: TransformerConfig,
}

impl Transformer {
    /// Initialised from a seed.
    ///
    /// # Errors
    /// [`PredictError::Config`] for an impossible shape.
    pub fn new(config: TransformerConfig, seed: u64) -> Result<Self, PredictError> {
        let (mut agent, mut shared) = (Params::default(), Params::default());
        let cut = Cut::scheme3(&config);
        let front = Front::new(&mut agent, &mut SeededRng::new(seed, 1), config, cut)?;
        let trunk = Trunk::new(&mut shared, &mut SeededRng::new(seed, 2), config, cut)?;
        Ok(Self { agent, shared, front, trunk, config })
    }

    /// Its shape.
    #[must_use]
    pub fn config(&self) -> TransformerConfig {
        self.config
    }

    /// Scalars in both halves.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.agent.scalars() + self.shared.scalars()
    }

    /// # Shapes
    /// `[batch, observe, channels]` → `[batch, horizon, 1]`, dimensionless.
    ///
    /// # Errors
    /// [`PredictError::Tensor`] for other shapes.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, PredictError> {
        self.trunk.forward(&self.front.forward(x)?, self.trunk.cut())
    }

    /// Forecast of one window in the unit of the series, `horizon` values.
    ///
    /// # Errors
    /// [`PredictError::NotFinite`] when the output is not finite, [`PredictError::Tensor`] for another window.
    pub fn forecast(&self, window: &Encoded) -> Result<Vec<f32>, PredictError> {
        let x = Tensor::from_slice(&window.x, (1, self.config.observe, self.config.channels()), &Device::Cpu)?;
        let out = self.forward(&x)?.flatten_all()?.to_vec1::<f32>()?;
        if out.iter().any(|o| !o.is_finite()) {
            return Err(PredictError::NotFinite("the forecast"));
        }
        Ok(window.decode(&out))
    }

    /// Both halves as safetensors: agent, shared.
    ///
    /// # Errors
    /// [`PredictError::Weights`] when they cannot be written.
    pub fn to_safetensors(&self, precision: Precision) -> Result<(Vec<u8>, Vec<u8>), PredictError> {
        Ok((self.agent.to_safetensors(precision)?, self.shared.to_safetensors(precision)?))
    }
}

#[cfg(test)]
mod tests {
    use super::super::huber;
    use super::*;

    fn tiny() -> TransformerConfig {
        TransformerConfig {
            features: 1,
            observe: 4,
            horizon: 2,
            width: 8,
            heads: 2,
            encoder_layers: 1,
            decoder_layers: 1,
            feed_forward: 12,
        }
    }

    #[test]
    fn table_2_has_1_99_million_parameters() {
        for features in 1..=3 {
            let n = Transformer::new(TransformerConfig::table2(features), 1).unwrap().parameters();
            assert!((1_985_000..1_995_000).contains(&n), "{n}");
        }
        // by hand, 1 feature: embed 3·128+128, position 15·128, encoder 6·132 480 + 256, queries 5·128,
        // decoder 6·198 784 + 256, head 129
        let n = Transformer::new(TransformerConfig::table2(1), 1).unwrap().parameters();
        assert_eq!(n, 512 + 1920 + 6 * 132_480 + 256 + 640 + 6 * 198_784 + 256 + 129);
    }

    #[test]
    fn same_seed_same_output_and_shape() {
        let x = SeededRng::new(3, 0).normal_tensor(&[2, 15, 3], 1.0).unwrap();
        let run = |seed| {
            let m = Transformer::new(TransformerConfig::table2(1), seed).unwrap();
            let y = m.forward(&x).unwrap();
            assert_eq!(y.dims(), &[2, 5, 1]);
            y.flatten_all().unwrap().to_vec1::<f32>().unwrap()
        };
        assert_eq!(run(5), run(5));
        assert_ne!(run(5), run(6));
    }

    #[test]
    fn one_window_alone_is_as_in_a_batch() {
        let m = Transformer::new(tiny(), 2).unwrap();
        let x = SeededRng::new(3, 0).normal_tensor(&[3, 4, 3], 1.0).unwrap();
        let all = m.forward(&x).unwrap().to_vec3::<f32>().unwrap();
        let one = m.forward(&x.narrow(0, 1, 1).unwrap().contiguous().unwrap()).unwrap().to_vec3::<f32>().unwrap();
        for (a, b) in all[1].iter().flatten().zip(one[0].iter().flatten()) {
            assert!((a - b).abs() < 1e-5);
        }
    }

    #[test]
    fn gradients_agree_with_finite_differences() {
        let m = Transformer::new(tiny(), 11).unwrap();
        let mut rng = SeededRng::new(4, 0);
        // a head near 0 would hide the rest: widen it
        let mut v = m.shared.values().unwrap();
        let head = v.len() - 2;
        v[head].iter_mut().for_each(|w| *w = rng.normal());
        m.shared.set_values(v).unwrap();
        let x = rng.normal_tensor(&[3, 4, 3], 1.0).unwrap();
        let y = rng.normal_tensor(&[3, 2, 1], 1.0).unwrap();
        let loss = || huber(&m.forward(&x).unwrap(), &y, 50.0).unwrap().affine(50.0, 0.0).unwrap();
        let store = loss().backward().unwrap();
        let mut checked = 0;
        for params in [&m.agent, &m.shared] {
            let grads = params.gradients(&store).unwrap();
            let names: Vec<String> = params.iter().map(|(n, _)| n.to_owned()).collect();
            for (t, name) in names.iter().enumerate() {
                for i in [0, grads[t].len() / 2, grads[t].len() - 1] {
                    let at = |d: f32| {
                        let mut v = params.values().unwrap();
                        v[t][i] += d;
                        params.set_values(v).unwrap();
                        let l = f64::from(loss().to_scalar::<f32>().unwrap());
                        let mut v = params.values().unwrap();
                        v[t][i] -= d;
                        params.set_values(v).unwrap();
                        l
                    };
                    let h = 1e-3_f32;
                    let numeric = (at(h) - at(-h)) / (2.0 * f64::from(h));
                    let exact = f64::from(grads[t][i]);
                    assert!((numeric - exact).abs() < 2e-3 + 0.03 * exact.abs(), "{name}[{i}]: {exact} but {numeric}");
                    checked += usize::from(exact.abs() > 1e-4);
                }
            }
        }
        assert!(checked > 60, "only {checked} gradients are other than 0");
    }

    /// Cut anywhere, with the same weights: the same numbers, bit for bit, and the same number of parameters.
    #[test]
    fn a_cut_changes_nothing() {
        let config = TransformerConfig { encoder_layers: 2, decoder_layers: 2, ..tiny() };
        let whole = Transformer::new(config, 3).unwrap();
        let named = || [&whole.agent, &whole.shared].map(|p| p.iter().map(|(n, t)| (n.to_owned(), t.clone())));
        let all: std::collections::BTreeMap<_, _> = named().into_iter().flatten().collect();
        let copy = |params: &Params| {
            let of = |n: &str| all[n].flatten_all().unwrap().to_vec1::<f32>().unwrap();
            params.set_values(params.iter().map(|(n, _)| of(n)).collect()).unwrap();
        };
        let x = SeededRng::new(3, 0).normal_tensor(&[3, 4, 3], 1.0).unwrap();
        let numbers = |y: Tensor| y.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let wanted = numbers(whole.forward(&x).unwrap());
        for own in 0..=4 {
            let cut = Cut::new(own, &config).unwrap();
            let (mut a, mut b) = (Params::default(), Params::default());
            let front = Front::new(&mut a, &mut SeededRng::new(8, 1), config, cut).unwrap();
            for from in 0..=own {
                let from = Cut::new(from, &config).unwrap();
                let trunk = Trunk::new(&mut b, &mut SeededRng::new(8, 2), config, from).unwrap();
                [&a, &b].into_iter().for_each(copy);
                let z = front.forward(&x).unwrap();
                assert_eq!(z.dims(), [3, cut.tokens(&config), 8]);
                assert_eq!(numbers(trunk.forward(&z, cut).unwrap()), wanted, "{own} layers, shared from {from:?}");
                if from == cut {
                    assert_eq!(a.scalars() + b.scalars(), whole.parameters());
                } else {
                    assert!(
                        trunk.forward(&front.forward(&x).unwrap(), Cut::scheme2()).is_err() || from == Cut::scheme2()
                    );
                }
                b = Params::default();
            }
        }
        assert!(Cut::new(5, &config).is_err());
    }
}
