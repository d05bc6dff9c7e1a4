//! The shared part, with the loss.

use super::blocks::{DecoderRun, EncoderRun};
use super::dense::Linear;
use super::norm::Norm;
use super::{Grads, Names, Room, add, both, half, zeros};
use crate::{Cut, Params, PredictError, TransformerConfig};

/// Passes through what a [`crate::Trunk`] holds.
#[derive(Debug)]
pub struct TrunkPass {
    config: TransformerConfig,
    cut: Cut,
    encoder: EncoderRun,
    queries: Option<usize>,
    decoder: DecoderRun,
    norm: Norm,
    head: Linear,
}

/// An agent's batch.
#[derive(Debug, Clone, Copy)]
pub struct TrunkBatch<'a> {
    /// Embeddings `[batch, tokens, width]`, see [`Cut::tokens`].
    pub z: &'a [f32],
    /// Labels `[batch, horizon]`.
    pub y: &'a [f32],
    /// Where the agent's part ends.
    pub enter: Cut,
    /// Corner of the Huber loss.
    pub delta: f32,
}

/// What a batch gives.
#[derive(Debug, Clone, PartialEq)]
pub struct TrunkResult {
    /// Mean Huber loss, as [`crate::huber`].
    pub loss: f32,
    /// Its gradients, in the order of the parameters.
    pub shared: Grads,
    /// Its gradient with respect to `z`.
    pub embedding: Vec<f32>,
}

impl TrunkPass {
    /// For parameters of a [`crate::Trunk`] of this shape and cut.
    ///
    /// # Errors
    /// [`PredictError::Weights`] where one is missing.
    pub fn new(params: &Params, config: TransformerConfig, cut: Cut) -> Result<Self, PredictError> {
        super::keep_pages();
        let names = Names::of(params);
        let own = cut.decoder(&config);
        Ok(Self {
            config,
            cut,
            encoder: EncoderRun::new(&names, &config, cut.encoder(&config)..config.encoder_layers)?,
            queries: (own == 0).then(|| names.at("queries")).transpose()?,
            decoder: DecoderRun::new(&names, &config, own..config.decoder_layers)?,
            norm: Norm::new(&names, "decoder.norm")?,
            head: Linear::new(&names, "head", config.width, 1)?,
        })
    }

    /// Where it begins.
    #[must_use]
    pub fn cut(&self) -> Cut {
        self.cut
    }

    /// Loss and gradients of an agent's batch.
    ///
    /// # Errors
    /// [`PredictError::Weights`] where embeddings and labels are not of one number of windows, or of none, [`PredictError::Config`] where the agent ends
    /// below this part.
    pub fn contribution(&self, values: &[Vec<f32>], all: &TrunkBatch<'_>) -> Result<TrunkResult, PredictError> {
        let c = &self.config;
        if all.enter < self.cut || (self.queries.is_none() && all.enter.decoder(c) == 0) {
            return Err(PredictError::Config("an agent below the shared part".into()));
        }
        let each = all.enter.tokens(c) * c.width;
        let batch = all.y.len() / c.horizon;
        if batch == 0 || all.y.len() != batch * c.horizon || all.z.len() != batch * each {
            let (z, y) = (all.z.len(), all.y.len());
            return Err(PredictError::Weights(format!("{z} numbers of embeddings for {y} labels")));
        }
        let mut done = both(batch, |which| {
            let part = TrunkBatch { z: half(all.z, batch, which), y: half(all.y, batch, which), ..*all };
            self.half(values, &part, all.y.len())
        })
        .into_iter();
        let Some(mut first) = done.next() else { return Err(PredictError::Weights("no batch".into())) };
        for more in done {
            first.loss += more.loss;
            first.shared.iter_mut().zip(&more.shared).for_each(|(g, m)| add(g, m));
            first.embedding.extend(more.embedding);
        }
        Ok(first)
    }

    /// `labels`: of the whole batch.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a batch is small, a loss fits f32"
    )]
    fn half(&self, values: &[Vec<f32>], all: &TrunkBatch<'_>, labels: usize) -> TrunkResult {
        let c = &self.config;
        let (batch, tokens) = (all.y.len() / c.horizon, all.enter.tokens(c));
        let (mut grads, mut room) = (zeros(values), Room::default());
        let (mut observed, mut asked) = (Vec::with_capacity(batch * c.observe * c.width), Vec::new());
        for window in all.z.chunks_exact(tokens * c.width) {
            let (seen, more) = window.split_at(c.observe * c.width);
            observed.extend_from_slice(seen);
            asked.extend_from_slice(more);
        }
        let is_asked = !asked.is_empty();
        if let Some(queries) = self.queries.filter(|_| !is_asked) {
            asked = values[queries].repeat(batch);
        }
        let (memory, encoder) = self.encoder.forward(values, observed, batch, all.enter.encoder(c), &mut room);
        let (h, decoder) = self.decoder.forward(values, asked, &memory, batch, all.enter.decoder(c), &mut room);
        let n = self.norm.forward(values, &h);
        let forecast = self.head.forward(values, &n, &mut room);
        // e²/2δ within δ, |e| − δ/2 beyond
        let (mut loss, mut dy) = (0.0_f64, Vec::with_capacity(forecast.len()));
        for (f, y) in forecast.iter().zip(all.y) {
            let e = f - y;
            let q = e.abs().min(all.delta);
            loss += f64::from(q * q / (2.0 * all.delta) + (e.abs() - q));
            dy.push(e.clamp(-all.delta, all.delta) / all.delta / labels as f32);
        }
        self.head.gather(&n, &dy, &mut grads, &mut room);
        let mut dn = vec![0.0; n.len()];
        self.head.back(values, &dy, &mut dn, &mut room);
        let mut dh = vec![0.0; h.len()];
        self.norm.backward(values, &h, &dn, &mut dh, &mut grads);
        let mut dmemory = vec![0.0; memory.len()];
        let dh = self.decoder.backward(values, &decoder, dh, (&memory, &mut dmemory), batch, &mut grads, &mut room);
        if let Some(queries) = self.queries.filter(|_| !is_asked) {
            dh.chunks_exact(c.horizon * c.width).for_each(|window| add(&mut grads[queries], window));
        }
        let dobserved = self.encoder.backward(values, &encoder, dmemory, batch, &mut grads, &mut room);
        let mut embedding = Vec::with_capacity(all.z.len());
        if is_asked {
            for (seen, asked) in dobserved.chunks_exact(c.observe * c.width).zip(dh.chunks_exact(c.horizon * c.width)) {
                embedding.extend_from_slice(seen);
                embedding.extend_from_slice(asked);
            }
        } else {
            embedding = dobserved;
        }
        TrunkResult { loss: (loss / labels as f64) as f32, shared: grads, embedding }
    }
}
