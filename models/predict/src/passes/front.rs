//! The agent's part.

use super::blocks::{DecoderRun, DecoderTape, EncoderRun, EncoderTape};
use super::dense::Linear;
use super::{Grads, Names, Room, add, both, half, zeros};
use crate::{Cut, Params, PredictError, TransformerConfig};

/// Passes through what a [`crate::Front`] holds.
#[derive(Debug)]
pub struct FrontPass {
    config: TransformerConfig,
    cut: Cut,
    embed: Linear,
    position: usize,
    encoder: EncoderRun,
    decoder: Option<(usize, DecoderRun)>,
}

/// What the way back of one batch needs.
#[derive(Debug)]
pub struct FrontTape {
    batch: usize,
    halves: Vec<HalfTape>,
}

#[derive(Debug)]
struct HalfTape {
    x: Vec<f32>,
    encoder: EncoderTape,
    memory: Vec<f32>,
    decoder: Option<DecoderTape>,
}

impl FrontPass {
    /// For parameters of a [`crate::Front`] of this shape and cut.
    ///
    /// # Errors
    /// [`PredictError::Weights`] where one is missing.
    pub fn new(params: &Params, config: TransformerConfig, cut: Cut) -> Result<Self, PredictError> {
        super::keep_pages();
        let names = Names::of(params);
        let decoder = match cut.decoder(&config) {
            0 => None,
            n => Some((names.at("queries")?, DecoderRun::new(&names, &config, 0..n)?)),
        };
        Ok(Self {
            config,
            cut,
            embed: Linear::new(&names, "embed", config.channels(), config.width)?,
            position: names.at("position")?,
            encoder: EncoderRun::new(&names, &config, 0..cut.encoder(&config))?,
            decoder,
        })
    }

    /// Embedding, and what the way back needs.
    ///
    /// # Shapes
    /// `values` as [`Params::values`] gives them; `x` `[batch, observe, channels]` → `[batch, tokens, width]`, see [`Cut::tokens`].
    ///
    /// # Errors
    /// [`PredictError::Weights`] where `x` is no whole number of windows, or none.
    pub fn forward(&self, values: &[Vec<f32>], x: &[f32]) -> Result<(Vec<f32>, FrontTape), PredictError> {
        let each = self.config.observe * self.config.channels();
        if x.is_empty() || !x.len().is_multiple_of(each) {
            return Err(PredictError::Weights(format!("{} numbers are no windows of {each}", x.len())));
        }
        let batch = x.len() / each;
        let done = both(batch, |which| self.half(values, half(x, batch, which)));
        let (mut z, mut halves) =
            (Vec::with_capacity(batch * self.cut.tokens(&self.config) * self.config.width), Vec::new());
        for (part, tape) in done {
            z.extend(part);
            halves.push(tape);
        }
        Ok((z, FrontTape { batch, halves }))
    }

    fn half(&self, values: &[Vec<f32>], x: &[f32]) -> (Vec<f32>, HalfTape) {
        let c = &self.config;
        let batch = x.len() / (c.observe * c.channels());
        let mut room = Room::default();
        let mut h = self.embed.forward(values, x, &mut room);
        h.chunks_exact_mut(c.observe * c.width).for_each(|window| add(window, &values[self.position]));
        let (memory, encoder) = self.encoder.forward(values, h, batch, 0, &mut room);
        let Some((queries, run)) = &self.decoder else {
            return (memory.clone(), HalfTape { x: x.to_vec(), encoder, memory, decoder: None });
        };
        let (h, decoder) = run.forward(values, values[*queries].repeat(batch), &memory, batch, 0, &mut room);
        let mut z = Vec::with_capacity(memory.len() + h.len());
        for (seen, asked) in memory.chunks_exact(c.observe * c.width).zip(h.chunks_exact(c.horizon * c.width)) {
            z.extend_from_slice(seen);
            z.extend_from_slice(asked);
        }
        (z, HalfTape { x: x.to_vec(), encoder, memory, decoder: Some(decoder) })
    }

    /// Gradients of the parameters, in their order, from that of the embedding.
    ///
    /// # Shapes
    /// `dz` as the embedding.
    ///
    /// # Errors
    /// [`PredictError::Weights`] where `dz` has another length.
    pub fn backward(&self, values: &[Vec<f32>], tape: &FrontTape, dz: &[f32]) -> Result<Grads, PredictError> {
        let wanted = tape.batch * self.cut.tokens(&self.config) * self.config.width;
        if dz.len() != wanted {
            return Err(PredictError::Weights(format!("a gradient of {} numbers for {wanted}", dz.len())));
        }
        let mut done =
            both(tape.batch, |which| self.half_back(values, &tape.halves[which], half(dz, tape.batch, which)))
                .into_iter();
        let mut grads = done.next().unwrap_or_default();
        done.for_each(|more| grads.iter_mut().zip(more).for_each(|(g, m)| add(g, &m)));
        Ok(grads)
    }

    fn half_back(&self, values: &[Vec<f32>], tape: &HalfTape, dz: &[f32]) -> Grads {
        let c = &self.config;
        let (mut grads, mut room) = (zeros(values), Room::default());
        let batch = tape.x.len() / (c.observe * c.channels());
        let mut dmemory = Vec::with_capacity(tape.memory.len());
        if let (Some((queries, run)), Some(kept)) = (&self.decoder, &tape.decoder) {
            let mut dh = Vec::with_capacity(batch * c.horizon * c.width);
            for window in dz.chunks_exact((c.observe + c.horizon) * c.width) {
                let (seen, asked) = window.split_at(c.observe * c.width);
                dmemory.extend_from_slice(seen);
                dh.extend_from_slice(asked);
            }
            let memory = (&tape.memory[..], &mut dmemory[..]);
            let dh = run.backward(values, kept, dh, memory, batch, &mut grads, &mut room);
            dh.chunks_exact(c.horizon * c.width).for_each(|window| add(&mut grads[*queries], window));
        } else {
            dmemory.extend_from_slice(dz);
        }
        let dh = self.encoder.backward(values, &tape.encoder, dmemory, batch, &mut grads, &mut room);
        dh.chunks_exact(c.observe * c.width).for_each(|window| add(&mut grads[self.position], window));
        self.embed.gather(&tape.x, &dh, &mut grads, &mut room);
        grads
    }
}
