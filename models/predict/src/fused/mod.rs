//! The Transformer's forward pass for one window, beside candle's graph: for serving, where every prediction is one window and nothing goes back.
//!
//! What it saves against one tensor operation after the other: queries, keys and values are one product; weights lie in the order in which they are
//! read, each read once a window; biases, `ReLU` and the residual are part of the product's last step; nothing is allocated. The
//! numbers are those of [`Transformer::forward`] but for the order of sums: a test holds them to 1e-5 of each other.

mod attention;
mod layers;

use crate::kernel::{Dense, Last};
use crate::{Params, PredictError, Transformer, TransformerConfig};
use layers::{DecoderLayer, EncoderLayer, Norm};

use std::collections::BTreeMap;

/// The weights of a [`Transformer`], laid out for one window at a time, and room for what is in between.
///
/// It is a copy: after a step of training build another.
#[derive(Debug)]
pub struct Fused {
    config: TransformerConfig,
    embed: Dense,
    position: Vec<f32>,
    encoder: Vec<EncoderLayer>,
    encoder_norm: Norm,
    queries: Vec<f32>,
    decoder: Vec<DecoderLayer>,
    decoder_norm: Norm,
    head: Dense,
    room: Room,
}

/// Buffers between the layers, rows by rows.
#[derive(Debug, Default)]
struct Room {
    /// What goes through the encoder, then the memory.
    memory: Vec<f32>,
    /// What goes through the decoder.
    h: Vec<f32>,
    out: Vec<f32>,
    scratch: layers::Scratch,
}

/// Values by their names.
struct Named(BTreeMap<String, Vec<f32>>);

impl Named {
    fn new(params: &[&Params]) -> Result<Self, PredictError> {
        let mut all = BTreeMap::new();
        for params in params {
            let names = params.iter().map(|(name, _)| name.to_owned());
            all.extend(names.zip(params.values()?));
        }
        Ok(Self(all))
    }

    fn take(&mut self, name: &str) -> Result<Vec<f32>, PredictError> {
        self.0.remove(name).ok_or_else(|| PredictError::Weights(format!("there is no {name}")))
    }

    /// Weight and bias of a dense layer.
    fn linear(&mut self, name: &str) -> Result<(Vec<f32>, Vec<f32>), PredictError> {
        Ok((self.take(&format!("{name}.weight"))?, self.take(&format!("{name}.bias"))?))
    }
}

impl Fused {
    /// Copies the weights as they are now.
    ///
    /// # Errors
    /// [`PredictError::Weights`] where a weight is missing or has another size.
    pub fn new(model: &Transformer) -> Result<Self, PredictError> {
        Self::of_parts(model.config(), &model.agent, &model.shared)
    }

    /// The same of a model whose lower part is an agent's and whose upper part is shared.
    ///
    /// # Errors
    /// [`PredictError::Weights`] where a weight is missing or has another size.
    pub fn of_parts(config: TransformerConfig, agent: &Params, shared: &Params) -> Result<Self, PredictError> {
        let mut named = Named::new(&[agent, shared])?;
        let (embed, bias) = named.linear("embed")?;
        let (head, head_bias) = named.linear("head")?;
        Ok(Self {
            config,
            embed: Dense::new(&[(&embed, &bias)], config.channels())?,
            position: named.take("position")?,
            encoder: (0..config.encoder_layers)
                .map(|i| EncoderLayer::new(&mut named, i, &config))
                .collect::<Result<_, _>>()?,
            encoder_norm: Norm::new(&mut named, "encoder.norm")?,
            queries: named.take("queries")?,
            decoder: (0..config.decoder_layers)
                .map(|i| DecoderLayer::new(&mut named, i, &config))
                .collect::<Result<_, _>>()?,
            decoder_norm: Norm::new(&mut named, "decoder.norm")?,
            head: Dense::new(&[(&head, &head_bias)], config.width)?,
            room: Room::default(),
        })
    }

    /// # Shapes
    /// `[observe, channels]` row-major → `horizon` values, dimensionless.
    ///
    /// # Errors
    /// [`PredictError::Weights`] for another length.
    pub fn forward(&mut self, x: &[f32]) -> Result<&[f32], PredictError> {
        let c = self.config;
        if x.len() != c.observe * c.channels() {
            return Err(PredictError::Weights(format!("a window of {} numbers, not {}", x.len(), self.position.len())));
        }
        let Room { memory, h, out, scratch } = &mut self.room;
        memory.clone_from(&self.position);
        self.embed.apply(x, Last::Add, memory, &mut scratch.left);
        for layer in &self.encoder {
            layer.apply(memory, scratch);
        }
        self.encoder_norm.apply(memory, &mut scratch.normed);
        memory.clone_from(&scratch.normed);
        h.clone_from(&self.queries);
        for layer in &self.decoder {
            layer.apply(h, memory, scratch);
        }
        self.decoder_norm.apply(h, &mut scratch.normed);
        out.resize(c.horizon, 0.0);
        self.head.apply(&scratch.normed, Last::Set, out, &mut scratch.left);
        Ok(&self.room.out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededRng;
    use proptest::prelude::*;

    /// With a head that is far from 0 and biases, so that nothing hides.
    fn model(config: TransformerConfig, seed: u64) -> Transformer {
        let model = Transformer::new(config, seed).unwrap();
        let mut rng = SeededRng::new(seed, 9);
        for params in [&model.agent, &model.shared] {
            let mut values = params.values().unwrap();
            let names: Vec<String> = params.iter().map(|(n, _)| n.to_owned()).collect();
            for (name, value) in names.iter().zip(&mut values) {
                if name.ends_with("bias") || name.starts_with("head") {
                    value.iter_mut().for_each(|w| *w += 0.1 * rng.normal());
                }
            }
            params.set_values(values).unwrap();
        }
        model
    }

    fn compare(config: TransformerConfig, seed: u64) -> f32 {
        let model = model(config, seed);
        let mut fused = Fused::new(&model).unwrap();
        let mut worst = 0.0_f32;
        for k in 0..3 {
            let x = SeededRng::new(seed + k, 0).normal_tensor(&[1, config.observe, config.channels()], 1.0).unwrap();
            let wanted = model.forward(&x).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let got = fused.forward(&x.flatten_all().unwrap().to_vec1::<f32>().unwrap()).unwrap();
            assert_eq!(got.len(), wanted.len());
            for (a, b) in got.iter().zip(&wanted) {
                worst = worst.max((a - b).abs() / (1.0 + b.abs()));
            }
        }
        worst
    }

    #[test]
    fn as_the_graph() {
        for features in [1, 4] {
            let worst = compare(TransformerConfig::table2(features), 5);
            assert!(worst < 1e-5, "{worst}");
        }
    }

    #[test]
    fn another_window_is_refused() {
        let mut fused = Fused::new(&Transformer::new(TransformerConfig::table2(1), 1).unwrap()).unwrap();
        assert!(fused.forward(&[0.0; 7]).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// Widths that are no multiple of a vector, one head and many, one token.
        #[test]
        fn whatever_the_shape(
            (observe, horizon) in (1..20_usize, 1..9_usize),
            (heads, each) in (1..5_usize, 1..20_usize),
            feed_forward in 1..40_usize,
            (encoder_layers, decoder_layers) in (1..3_usize, 1..3_usize),
            features in 1..3_usize,
            seed in 0..1000_u64,
        ) {
            let config = TransformerConfig {
                features, observe, horizon, width: heads * each, heads, encoder_layers, decoder_layers, feed_forward,
            };
            let worst = compare(config, seed);
            prop_assert!(worst < 2e-5, "{}", worst);
        }
    }
}
