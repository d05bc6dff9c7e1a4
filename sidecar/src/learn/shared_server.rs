//! The serving side of the controller: embeddings in, forecasts out, at once, whatever training does.

use super::LearnError;
use crate::wire::{Agent, Kind, Message};
use candle_core::{Device, Tensor};
use mops::SharedPart;
use predict::TransformerConfig;
use predict::optim::OptimiserConfig;

/// Most windows one request may hold.
const MOST_WINDOWS: usize = 64;

/// The serving side of the controller.
#[derive(Debug)]
pub struct SharedServer {
    run: u64,
    part: SharedPart,
    seq: u64,
}

impl SharedServer {
    /// With weights of the shared part.
    ///
    /// # Errors
    /// [`LearnError::Model`] for weights of another shape.
    pub fn new(run: u64, shape: TransformerConfig, weights: Option<&[u8]>) -> Result<Self, LearnError> {
        let mut part = SharedPart::new(shape, OptimiserConfig::default(), 0)?;
        if let Some(bytes) = weights {
            part.load_weights(bytes)?;
        }
        Ok(Self { run, part, seq: 0 })
    }

    /// Takes new weights.
    ///
    /// # Errors
    /// [`LearnError::Model`] when they do not fit; the old ones keep serving.
    pub fn set_weights(&mut self, bytes: &[u8]) -> Result<(), LearnError> {
        Ok(self.part.load_weights(bytes)?)
    }

    /// Answers an `Infer` with a `Prediction` of the same `round`.
    ///
    /// # Errors
    /// [`LearnError::Message`] when the request is of another run or shape or not finite, or the forecast is not finite.
    pub fn answer(&mut self, message: &Message, now_mono_ns: u64) -> Result<Message, LearnError> {
        let h = &message.header;
        let shape = self.part.config();
        let dims: Vec<usize> = h.dims().iter().map(|d| *d as usize).collect();
        let good = h.kind == Kind::Infer
            && h.run == self.run
            && dims.len() == 3
            && dims[1..] == [shape.observe, shape.width]
            && (1..=MOST_WINDOWS).contains(&dims[0]);
        let values = message.to_f32();
        if !good || values.iter().any(|v| !v.is_finite()) {
            return Err(LearnError::Message(format!(
                "inference wants finite f32 embeddings [1…{MOST_WINDOWS}, {}, {}] of run {}: got {:?} of run {}",
                shape.observe, shape.width, self.run, dims, h.run
            )));
        }
        let out = self.part.predict(&Tensor::from_vec(values, dims, &Device::Cpu)?)?;
        let values = out.flatten_all()?.to_vec1::<f32>()?;
        if values.iter().any(|v| !v.is_finite()) {
            return Err(LearnError::Message("the forecast is not finite: the agent's own sources serve".into()));
        }
        let mut m = Message::f32(Kind::Prediction, Agent::Controller, out.dims(), &values)?;
        self.seq += 1;
        (m.header.run, m.header.round, m.header.micro_batch) = (h.run, h.round, h.micro_batch);
        (m.header.seq, m.header.sent_mono_ns) = (self.seq, now_mono_ns);
        Ok(m)
    }
}
