//! The shared part: the layers above the cut, and the output head.

use super::layers::{DecoderLayers, EncoderLayers};
use super::{Cut, TransformerConfig};
use crate::nn::{LayerNorm, Linear, sinusoid};
use crate::{Params, PredictError, SeededRng};
use candle_core::{Device, Tensor};

/// One learned vector a predicted step, which begin as the sinusoids of positions `observe..observe + horizon` and carry **no data**.
///
/// So nothing but the embedding crosses the E-interface, and all steps are predicted in one pass; the queries see each other without a mask, since none
/// of them holds a label.
#[derive(Debug)]
pub(super) struct Queries {
    tokens: Tensor,
    config: TransformerConfig,
}

impl Queries {
    pub(super) fn new(params: &mut Params, c: &TransformerConfig) -> Result<Self, PredictError> {
        let start = Tensor::from_vec(sinusoid(c.observe, c.horizon, c.width), (c.horizon, c.width), &Device::Cpu)?;
        Ok(Self { tokens: params.add("queries", &start)?, config: *c })
    }

    /// # Shapes
    /// → `[batch · horizon, width]`.
    pub(super) fn forward(&self, batch: usize) -> Result<Tensor, PredictError> {
        let c = &self.config;
        let all = self.tokens.unsqueeze(0)?.broadcast_as((batch, c.horizon, c.width))?.contiguous()?;
        Ok(all.reshape((batch * c.horizon, c.width))?)
    }
}

/// The layers above the lowest cut of all agents, a last norm, and one dense output a token. The head begins near 0: an untrained model is persistence.
#[derive(Debug)]
pub struct Trunk {
    encoder: EncoderLayers,
    /// `None` where every agent has its own.
    queries: Option<Queries>,
    decoder: DecoderLayers,
    norm: LayerNorm,
    head: Linear,
    config: TransformerConfig,
    cut: Cut,
}

impl Trunk {
    /// Adds its parameters to `params`. `features` of the configuration is not used: the shared part is the same for all agents.
    ///
    /// # Errors
    /// [`PredictError::Config`] for an impossible shape.
    pub fn new(
        params: &mut Params,
        rng: &mut SeededRng,
        config: TransformerConfig,
        cut: Cut,
    ) -> Result<Self, PredictError> {
        config.check()?;
        let encoder = EncoderLayers::new(params, rng, &config, cut.encoder(&config)..config.encoder_layers)?;
        let own = cut.decoder(&config);
        let queries = (own == 0).then(|| Queries::new(params, &config)).transpose()?;
        let decoder = DecoderLayers::new(params, rng, &config, own..config.decoder_layers)?;
        let norm = LayerNorm::new(params, "decoder.norm", config.width)?;
        let head = Linear::with_bound(params, rng, "head", (config.width, 1), 0.02)?;
        Ok(Self { encoder, queries, decoder, norm, head, config, cut })
    }

    /// Where it begins.
    #[must_use]
    pub fn cut(&self) -> Cut {
        self.cut
    }

    /// From the embedding of an agent whose own part ends at `enter`: the layers below it are left out.
    ///
    /// # Shapes
    /// `[batch, tokens, width]` with [`Cut::tokens`] → forecast `[batch, horizon, 1]`, dimensionless.
    ///
    /// # Errors
    /// [`PredictError::Config`] where the agent ends below this part's beginning, [`PredictError::Tensor`] for other shapes.
    pub fn forward(&self, z: &Tensor, enter: Cut) -> Result<Tensor, PredictError> {
        let c = &self.config;
        if enter < self.cut {
            let (agent, shared) = (enter.layers(), self.cut.layers());
            return Err(PredictError::Config(format!(
                "an agent of {agent} layers below a shared part from {shared} on"
            )));
        }
        let (batch, tokens, width) = z.dims3()?;
        if tokens != enter.tokens(c) {
            return Err(PredictError::Config(format!("{tokens} tokens, not {}", enter.tokens(c))));
        }
        let rows = |z: Tensor, tokens: usize| -> Result<Tensor, PredictError> {
            Ok(z.contiguous()?.reshape((batch * tokens, width))?)
        };
        let observed = rows(z.narrow(1, 0, c.observe)?, c.observe)?;
        let memory = self.encoder.forward(observed, batch, enter.encoder(c))?;
        let h = if tokens > c.observe {
            rows(z.narrow(1, c.observe, c.horizon)?, c.horizon)?
        } else {
            let none = || PredictError::Config("the queries are the agents' own".into());
            self.queries.as_ref().ok_or_else(none)?.forward(batch)?
        };
        let h = self.decoder.forward(h, &memory, batch, enter.decoder(c))?;
        Ok(self.head.forward(&self.norm.forward(&h)?)?.reshape((batch, c.horizon, 1))?)
    }
}
