//! What is saved so that a resumed run equals an uninterrupted one: weights, optimiser, generator, round.

use super::{LearnError, SharedLearner, Trainer};
use crate::wire::{Agent, Message};
use mops::Weighting;
use predict::{Precision, RngState, SeededRng};
use std::mem::discriminant;

const MAGIC: &[u8; 8] = b"SDCRCKP1";

fn damaged() -> LearnError {
    LearnError::Message(
        "checkpoint is damaged or of another model: delete it to start from the built-in weights".into(),
    )
}

/// Numbers and blobs with a checksum.
pub(crate) fn pack(numbers: &[u64], blobs: &[Vec<u8>]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.push(u8::try_from(numbers.len()).unwrap_or(u8::MAX));
    out.extend(numbers.iter().flat_map(|n| n.to_le_bytes()));
    for b in blobs {
        out.extend((b.len() as u64).to_le_bytes());
        out.extend(b);
    }
    let crc = crc32fast::hash(&out);
    out.extend(crc.to_le_bytes());
    out
}

/// What [`pack`] made; `None` where it is damaged.
pub(crate) fn unpack(bytes: &[u8]) -> Option<(Vec<u64>, Vec<&[u8]>)> {
    fn eight(rest: &mut &[u8]) -> Option<u64> {
        let (head, tail) = rest.split_first_chunk::<8>()?;
        *rest = tail;
        Some(u64::from_le_bytes(*head))
    }
    let (body, crc) = bytes.split_last_chunk::<4>()?;
    if crc32fast::hash(body) != u32::from_le_bytes(*crc) {
        return None;
    }
    let rest = body.strip_prefix(MAGIC)?;
    let (count, mut rest) = rest.split_first()?;
    let numbers = (0..*count).map(|_| eight(&mut rest)).collect::<Option<Vec<_>>>()?;
    let mut blobs = Vec::new();
    while !rest.is_empty() {
        let n = usize::try_from(eight(&mut rest)?).ok()?;
        blobs.push(rest.get(..n)?);
        rest = &rest[n..];
    }
    Some((numbers, blobs))
}

impl Trainer {
    /// The state between rounds: the batch whose gradient is awaited is not part of it, and is drawn again (the same) after a resume.
    /// `None` while a gradient is awaited: save right after [`super::TrainerEvent::Stepped`]. Windows seen while running are not saved.
    ///
    /// # Errors
    /// [`LearnError::Model`] when weights cannot be written.
    pub fn checkpoint(&self) -> Result<Option<Vec<u8>>, LearnError> {
        if self.waiting() {
            return Ok(None);
        }
        let rng = self.rng.state();
        let blobs = [self.part.weights(Precision::F32)?, self.part.optimiser_state()];
        Ok(Some(pack(&[self.round, rng.seed, rng.stream, rng.word], &blobs)))
    }

    /// Goes on from a checkpoint.
    ///
    /// # Errors
    /// [`LearnError::Message`] or [`LearnError::Model`] when it is damaged or of another model.
    pub fn resume(&mut self, bytes: &[u8]) -> Result<(), LearnError> {
        let (numbers, blobs) = unpack(bytes).ok_or_else(damaged)?;
        let ([round, seed, stream, word], [weights, state]) = (numbers.as_slice(), blobs.as_slice()) else {
            return Err(damaged());
        };
        self.part.load_optimiser_state(state)?;
        self.part.load_weights(weights)?;
        self.rng = SeededRng::from_state(RngState { seed: *seed, stream: *stream, word: *word });
        self.round = *round;
        self.forget_sent();
        Ok(())
    }
}

impl SharedLearner {
    /// The state: weights, optimiser, weighting, round, and the gradients of the last round, for agents that have not got theirs. What a round has collected is not part of
    /// it: the agents send it again.
    ///
    /// # Errors
    /// [`LearnError::Model`] when weights cannot be written.
    pub fn checkpoint(&self) -> Result<Vec<u8>, LearnError> {
        let weighting = serde_json::to_vec(&self.config.weighting).map_err(|e| LearnError::Message(e.to_string()))?;
        let mut blobs = vec![self.part.weights(Precision::F32)?, self.part.optimiser_state(), weighting];
        let mut numbers = vec![self.round];
        for (agent, gradient) in &self.last {
            numbers.push(u64::from(agent.code()));
            blobs.push(gradient.header.encode().to_vec());
            blobs.push(gradient.payload.clone());
        }
        Ok(pack(&numbers, &blobs))
    }

    /// Goes on from a checkpoint.
    ///
    /// # Errors
    /// [`LearnError::Message`] or [`LearnError::Model`] when it is damaged or of another model.
    pub fn resume(&mut self, bytes: &[u8]) -> Result<(), LearnError> {
        let (numbers, blobs) = unpack(bytes).ok_or_else(damaged)?;
        let ([round, to @ ..], [weights, state, weighting, sent @ ..]) = (numbers.as_slice(), blobs.as_slice()) else {
            return Err(damaged());
        };
        let gradient =
            |(to, frames): (&u64, &[&[u8]])| match (u16::try_from(*to).ok().and_then(Agent::from_code), frames) {
                (Some(agent), [header, payload]) => {
                    Message::decode(header, payload.to_vec()).map(|m| (agent, m)).map_err(|_| damaged())
                }
                _ => Err(damaged()),
            };
        let last = to.iter().zip(sent.chunks(2)).map(gradient).collect::<Result<Vec<_>, _>>()?;
        let weighting: Weighting = serde_json::from_slice(weighting).map_err(|_| damaged())?;
        if discriminant(&weighting) != discriminant(&self.config.weighting) {
            return Err(LearnError::Message("checkpoint of another `learn.weighting`".into()));
        }
        self.part.load_optimiser_state(state)?;
        self.part.load_weights(weights)?;
        self.config.weighting = weighting;
        self.resume_at(*round, last);
        Ok(())
    }
}
