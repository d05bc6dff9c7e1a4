//! Encoder and decoder layers, and runs of them.

use super::attention::{Attention, Kept};
use super::dense::FeedForward;
use super::norm::Norm;
use super::{Grads, Names, Room, add};
use crate::{PredictError, TransformerConfig};
use std::ops::Range;

#[derive(Debug)]
struct EncoderBlock {
    norm1: Norm,
    own: Attention,
    norm2: Norm,
    feed_forward: FeedForward,
}

#[derive(Debug)]
struct EncoderKept {
    h: Vec<f32>,
    n1: Vec<f32>,
    own: Kept,
    middle: Vec<f32>,
    n2: Vec<f32>,
    hidden: Vec<f32>,
}

/// Encoder layers that follow each other, with the last norm where they are the last.
#[derive(Debug)]
pub(super) struct EncoderRun {
    first: usize,
    blocks: Vec<EncoderBlock>,
    norm: Option<Norm>,
}

/// What the way back through a run needs.
#[derive(Debug, Default)]
pub(super) struct EncoderTape {
    kept: Vec<EncoderKept>,
    /// Before the last norm.
    last: Option<Vec<f32>>,
}

impl EncoderRun {
    pub(super) fn new(names: &Names, c: &TransformerConfig, range: Range<usize>) -> Result<Self, PredictError> {
        let (first, is_last) = (range.start, range.end == c.encoder_layers && !range.is_empty());
        let block = |i: usize| {
            let n = format!("encoder.{i}");
            Ok(EncoderBlock {
                norm1: Norm::new(names, &format!("{n}.norm1"))?,
                own: Attention::new(names, &format!("{n}.attention"), c)?,
                norm2: Norm::new(names, &format!("{n}.norm2"))?,
                feed_forward: FeedForward::new(names, &format!("{n}.feed_forward"), c.width, c.feed_forward)?,
            })
        };
        let blocks = range.map(block).collect::<Result<_, PredictError>>()?;
        Ok(Self { first, blocks, norm: is_last.then(|| Norm::new(names, "encoder.norm")).transpose()? })
    }

    pub(super) fn forward(
        &self,
        values: &[Vec<f32>],
        mut h: Vec<f32>,
        batch: usize,
        enter: usize,
        room: &mut Room,
    ) -> (Vec<f32>, EncoderTape) {
        let skip = enter.saturating_sub(self.first);
        let mut tape = EncoderTape::default();
        for block in self.blocks.iter().skip(skip) {
            let n1 = block.norm1.forward(values, &h);
            let (mut middle, own) = block.own.forward(values, &n1, &n1, batch, room);
            add(&mut middle, &h);
            let n2 = block.norm2.forward(values, &middle);
            let (mut next, hidden) = block.feed_forward.forward(values, &n2, room);
            add(&mut next, &middle);
            tape.kept.push(EncoderKept { h, n1, own, middle, n2, hidden });
            h = next;
        }
        if let Some(norm) = self.norm.filter(|_| skip < self.blocks.len()) {
            let normed = norm.forward(values, &h);
            tape.last = Some(h);
            h = normed;
        }
        (h, tape)
    }

    /// dx of dy.
    pub(super) fn backward(
        &self,
        values: &[Vec<f32>],
        tape: &EncoderTape,
        mut dy: Vec<f32>,
        batch: usize,
        grads: &mut Grads,
        room: &mut Room,
    ) -> Vec<f32> {
        if let (Some(norm), Some(last)) = (&self.norm, &tape.last) {
            let mut dx = vec![0.0; dy.len()];
            norm.backward(values, last, &dy, &mut dx, grads);
            dy = dx;
        }
        for (block, kept) in self.blocks.iter().rev().zip(tape.kept.iter().rev()) {
            let dn = block.feed_forward.backward(values, (&kept.n2, &kept.hidden), &dy, grads, room);
            block.norm2.backward(values, &kept.middle, &dn, &mut dy, grads);
            let mut dmemory = vec![0.0; dy.len()];
            let own = (&kept.n1[..], &kept.n1[..]);
            let mut dn = block.own.backward(values, own, &kept.own, &dy, &mut dmemory, batch, grads, room);
            add(&mut dn, &dmemory);
            block.norm1.backward(values, &kept.h, &dn, &mut dy, grads);
        }
        dy
    }
}

#[derive(Debug)]
struct DecoderBlock {
    norm1: Norm,
    own: Attention,
    norm2: Norm,
    cross: Attention,
    norm3: Norm,
    feed_forward: FeedForward,
}

#[derive(Debug)]
struct DecoderKept {
    h: Vec<f32>,
    n1: Vec<f32>,
    own: Kept,
    second: Vec<f32>,
    n2: Vec<f32>,
    cross: Kept,
    third: Vec<f32>,
    n3: Vec<f32>,
    hidden: Vec<f32>,
}

/// Decoder layers that follow each other.
#[derive(Debug)]
pub(super) struct DecoderRun {
    first: usize,
    blocks: Vec<DecoderBlock>,
}

/// What the way back through a run needs.
#[derive(Debug, Default)]
pub(super) struct DecoderTape(Vec<DecoderKept>);

impl DecoderRun {
    pub(super) fn new(names: &Names, c: &TransformerConfig, range: Range<usize>) -> Result<Self, PredictError> {
        let first = range.start;
        let block = |i: usize| {
            let n = format!("decoder.{i}");
            Ok(DecoderBlock {
                norm1: Norm::new(names, &format!("{n}.norm1"))?,
                own: Attention::new(names, &format!("{n}.self"), c)?,
                norm2: Norm::new(names, &format!("{n}.norm2"))?,
                cross: Attention::new(names, &format!("{n}.cross"), c)?,
                norm3: Norm::new(names, &format!("{n}.norm3"))?,
                feed_forward: FeedForward::new(names, &format!("{n}.feed_forward"), c.width, c.feed_forward)?,
            })
        };
        Ok(Self { first, blocks: range.map(block).collect::<Result<_, PredictError>>()? })
    }

    pub(super) fn forward(
        &self,
        values: &[Vec<f32>],
        mut h: Vec<f32>,
        memory: &[f32],
        batch: usize,
        enter: usize,
        room: &mut Room,
    ) -> (Vec<f32>, DecoderTape) {
        let mut tape = DecoderTape::default();
        for block in self.blocks.iter().skip(enter.saturating_sub(self.first)) {
            let n1 = block.norm1.forward(values, &h);
            let (mut second, own) = block.own.forward(values, &n1, &n1, batch, room);
            add(&mut second, &h);
            let n2 = block.norm2.forward(values, &second);
            let (mut third, cross) = block.cross.forward(values, &n2, memory, batch, room);
            add(&mut third, &second);
            let n3 = block.norm3.forward(values, &third);
            let (mut next, hidden) = block.feed_forward.forward(values, &n3, room);
            add(&mut next, &third);
            tape.0.push(DecoderKept { h, n1, own, second, n2, cross, third, n3, hidden });
            h = next;
        }
        (h, tape)
    }

    /// dx of dy; dmemory is added to.
    #[expect(clippy::too_many_arguments, reason = "what the forward pass had, and its gradient")]
    pub(super) fn backward(
        &self,
        values: &[Vec<f32>],
        tape: &DecoderTape,
        mut dy: Vec<f32>,
        (memory, dmemory): (&[f32], &mut [f32]),
        batch: usize,
        grads: &mut Grads,
        room: &mut Room,
    ) -> Vec<f32> {
        for (block, kept) in self.blocks.iter().rev().zip(tape.0.iter().rev()) {
            let dn = block.feed_forward.backward(values, (&kept.n3, &kept.hidden), &dy, grads, room);
            block.norm3.backward(values, &kept.third, &dn, &mut dy, grads);
            let asked = (&kept.n2[..], memory);
            let dn = block.cross.backward(values, asked, &kept.cross, &dy, dmemory, batch, grads, room);
            block.norm2.backward(values, &kept.second, &dn, &mut dy, grads);
            let mut to_itself = vec![0.0; dy.len()];
            let own = (&kept.n1[..], &kept.n1[..]);
            let mut dn = block.own.backward(values, own, &kept.own, &dy, &mut to_itself, batch, grads, room);
            add(&mut dn, &to_itself);
            block.norm1.backward(values, &kept.h, &dn, &mut dy, grads);
        }
        dy
    }
}
