//! The layers with their weights, as in [`crate::Front`] and [`crate::Trunk`].

use super::Named;
use super::attention::{Asked, Heads};
use crate::kernel::normalise;
use crate::kernel::{Dense, Last, Rows};
use crate::{PredictError, TransformerConfig};

/// Room for what is between the steps of a layer.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) left: Vec<f32>,
    pub(super) normed: Vec<f32>,
    joint: Vec<f32>,
    memory: Vec<f32>,
    mixed: Vec<f32>,
    hidden: Vec<f32>,
    heads: Heads,
}

#[derive(Debug)]
pub(super) struct Norm {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Norm {
    pub(super) fn new(named: &mut Named, name: &str) -> Result<Self, PredictError> {
        let (weight, bias) = named.linear(name)?;
        Ok(Self { weight, bias })
    }

    pub(super) fn apply(&self, x: &[f32], out: &mut Vec<f32>) {
        normalise(x, &self.weight, &self.bias, out);
    }
}

/// Dense, `ReLU`, dense.
#[derive(Debug)]
struct FeedForward {
    up: Dense,
    down: Dense,
}

impl FeedForward {
    fn new(named: &mut Named, name: &str, c: &TransformerConfig) -> Result<Self, PredictError> {
        let (up, down) = (named.linear(&format!("{name}.up"))?, named.linear(&format!("{name}.down"))?);
        Ok(Self {
            up: Dense::new(&[(&up.0, &up.1)], c.width)?,
            down: Dense::new(&[(&down.0, &down.1)], c.feed_forward)?,
        })
    }

    /// h += of `normed`.
    fn apply(&self, h: &mut [f32], s: &mut Scratch) {
        let Scratch { left, normed, hidden, .. } = s;
        hidden.resize(h.len() / self.down.outputs() * self.up.outputs(), 0.0);
        self.up.apply(normed, Last::Relu, hidden, left);
        self.down.apply(hidden, Last::Add, h, left);
    }
}

/// Attention of tokens to themselves: queries, keys and values in one product.
#[derive(Debug)]
struct Own {
    joint: Dense,
    out: Dense,
    heads: usize,
    width: usize,
}

/// The four layers of an attention, the queries divided by √d.
struct Parts([(Vec<f32>, Vec<f32>); 4]);

impl Parts {
    fn new(named: &mut Named, name: &str, c: &TransformerConfig) -> Result<Self, PredictError> {
        let mut part = |part: &str| named.linear(&format!("{name}.{part}"));
        let mut parts = [part("query")?, part("key")?, part("value")?, part("out")?];
        #[expect(clippy::cast_precision_loss, reason = "widths are small")]
        let scale = 1.0 / ((c.width / c.heads) as f32).sqrt();
        parts[0].0.iter_mut().chain(&mut parts[0].1).for_each(|w| *w *= scale);
        Ok(Self(parts))
    }

    fn dense(&self, which: &[usize], width: usize) -> Result<Dense, PredictError> {
        let layers: Vec<(&[f32], &[f32])> = which.iter().map(|i| (&self.0[*i].0[..], &self.0[*i].1[..])).collect();
        Dense::new(&layers, width)
    }
}

impl Own {
    fn new(named: &mut Named, name: &str, c: &TransformerConfig) -> Result<Self, PredictError> {
        let parts = Parts::new(named, name, c)?;
        let (joint, out) = (parts.dense(&[0, 1, 2], c.width)?, parts.dense(&[3], c.width)?);
        Ok(Self { joint, out, heads: c.heads, width: c.width })
    }

    /// h += of `normed`.
    fn apply(&self, h: &mut [f32], s: &mut Scratch) {
        let Scratch { left, normed, joint, mixed, heads, .. } = s;
        let (width, count) = (self.width, h.len() / self.width);
        joint.resize(3 * h.len(), 0.0);
        self.joint.apply(normed, Last::Set, joint, left);
        let part = |k: usize| Rows { at: &joint[k * width..], stride: 3 * width, step: 1, count };
        let asked = Asked { queries: part(0), keys: part(1), values: part(2), heads: self.heads, width };
        heads.apply(&asked, mixed);
        self.out.apply(mixed, Last::Add, h, left);
    }
}

/// Attention of tokens to the memory: its keys and values in one product.
#[derive(Debug)]
struct Cross {
    query: Dense,
    joint: Dense,
    out: Dense,
    heads: usize,
    width: usize,
}

impl Cross {
    fn new(named: &mut Named, name: &str, c: &TransformerConfig) -> Result<Self, PredictError> {
        let parts = Parts::new(named, name, c)?;
        let (query, joint) = (parts.dense(&[0], c.width)?, parts.dense(&[1, 2], c.width)?);
        Ok(Self { query, joint, out: parts.dense(&[3], c.width)?, heads: c.heads, width: c.width })
    }

    /// h += of `normed` and the memory.
    fn apply(&self, h: &mut [f32], from: &[f32], s: &mut Scratch) {
        let Scratch { left, normed, joint, memory, mixed, heads, .. } = s;
        let (width, count, keys) = (self.width, h.len() / self.width, from.len() / self.width);
        joint.resize(h.len(), 0.0);
        self.query.apply(normed, Last::Set, joint, left);
        memory.resize(2 * from.len(), 0.0);
        self.joint.apply(from, Last::Set, memory, left);
        let part = |k: usize| Rows { at: &memory[k * width..], stride: 2 * width, step: 1, count: keys };
        let queries = Rows { at: joint, stride: width, step: 1, count };
        heads.apply(&Asked { queries, keys: part(0), values: part(1), heads: self.heads, width }, mixed);
        self.out.apply(mixed, Last::Add, h, left);
    }
}

#[derive(Debug)]
pub(super) struct EncoderLayer {
    norm1: Norm,
    own: Own,
    norm2: Norm,
    feed_forward: FeedForward,
}

impl EncoderLayer {
    pub(super) fn new(named: &mut Named, i: usize, c: &TransformerConfig) -> Result<Self, PredictError> {
        let n = format!("encoder.{i}");
        Ok(Self {
            norm1: Norm::new(named, &format!("{n}.norm1"))?,
            own: Own::new(named, &format!("{n}.attention"), c)?,
            norm2: Norm::new(named, &format!("{n}.norm2"))?,
            feed_forward: FeedForward::new(named, &format!("{n}.feed_forward"), c)?,
        })
    }

    /// # Shapes
    /// `h` `[observe, width]`.
    pub(super) fn apply(&self, h: &mut [f32], s: &mut Scratch) {
        self.norm1.apply(h, &mut s.normed);
        self.own.apply(h, s);
        self.norm2.apply(h, &mut s.normed);
        self.feed_forward.apply(h, s);
    }
}

#[derive(Debug)]
pub(super) struct DecoderLayer {
    norm1: Norm,
    own: Own,
    norm2: Norm,
    cross: Cross,
    norm3: Norm,
    feed_forward: FeedForward,
}

impl DecoderLayer {
    pub(super) fn new(named: &mut Named, i: usize, c: &TransformerConfig) -> Result<Self, PredictError> {
        let n = format!("decoder.{i}");
        Ok(Self {
            norm1: Norm::new(named, &format!("{n}.norm1"))?,
            own: Own::new(named, &format!("{n}.self"), c)?,
            norm2: Norm::new(named, &format!("{n}.norm2"))?,
            cross: Cross::new(named, &format!("{n}.cross"), c)?,
            norm3: Norm::new(named, &format!("{n}.norm3"))?,
            feed_forward: FeedForward::new(named, &format!("{n}.feed_forward"), c)?,
        })
    }

    /// # Shapes
    /// `h` `[horizon, width]`, `memory` `[observe, width]`.
    pub(super) fn apply(&self, h: &mut [f32], memory: &[f32], s: &mut Scratch) {
        self.norm1.apply(h, &mut s.normed);
        self.own.apply(h, s);
        self.norm2.apply(h, &mut s.normed);
        self.cross.apply(h, memory, s);
        self.norm3.apply(h, &mut s.normed);
        self.feed_forward.apply(h, s);
    }
}
