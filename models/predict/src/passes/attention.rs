//! Multi-head attention.

use super::dense::Linear;
use super::{Grads, Names, Room};
use crate::kernel::{Last, Rows, RowsMut, softmax};
use crate::{PredictError, TransformerConfig};

#[derive(Debug, Clone, Copy)]
pub(super) struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
    heads: usize,
    width: usize,
}

/// What the way back needs.
#[derive(Debug)]
pub(super) struct Kept {
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
    /// `[batch, heads, asking tokens, stride]`, of which the answering tokens are the first.
    shares: Vec<f32>,
    mixed: Vec<f32>,
}

/// One head of one window: where its numbers are.
#[derive(Clone, Copy)]
struct Head {
    /// Of its first asking and answering token.
    asks: usize,
    answers: usize,
    shares: usize,
}

/// Shares of one asking token are this far from the next one's.
fn stride(answering: usize) -> usize {
    answering.next_multiple_of(16)
}

impl Attention {
    pub(super) fn new(names: &Names, name: &str, c: &TransformerConfig) -> Result<Self, PredictError> {
        let part = |part: &str| Linear::new(names, &format!("{name}.{part}"), c.width, c.width);
        let (query, key, value, out) = (part("query")?, part("key")?, part("value")?, part("out")?);
        Ok(Self { query, key, value, out, heads: c.heads, width: c.width })
    }

    #[expect(clippy::cast_precision_loss, reason = "widths are small")]
    fn scale(&self) -> f32 {
        1.0 / ((self.width / self.heads) as f32).sqrt()
    }

    fn heads(&self, batch: usize, asking: usize, answering: usize) -> impl Iterator<Item = Head> + use<> {
        let (heads, width) = (self.heads, self.width);
        (0..batch * heads).map(move |n| {
            let (window, head) = (n / heads, n % heads);
            let at = head * (width / heads);
            Head {
                asks: window * asking * width + at,
                answers: window * answering * width + at,
                shares: n * asking * stride(answering),
            }
        })
    }

    /// # Shapes
    /// `x` `[batch · tokens, width]` asks `memory` `[batch · memory tokens, width]`.
    pub(super) fn forward(
        &self,
        values: &[Vec<f32>],
        x: &[f32],
        memory: &[f32],
        batch: usize,
        room: &mut Room,
    ) -> (Vec<f32>, Kept) {
        let (width, each, scale) = (self.width, self.width / self.heads, self.scale());
        let (asking, answering) = (x.len() / width / batch, memory.len() / width / batch);
        let mut q = self.query.forward(values, x, room);
        q.iter_mut().for_each(|v| *v *= scale);
        let (k, v) = (self.key.forward(values, memory, room), self.value.forward(values, memory, room));
        let stride = stride(answering);
        let mut shares = vec![0.0; batch * self.heads * asking * stride];
        let mut mixed = vec![0.0; x.len()];
        for h in self.heads(batch, asking, answering) {
            let share = &mut shares[h.shares..][..asking * stride];
            let keys = &k[h.answers..];
            room.panels.fill(each, answering, |i, j| keys[j * width + i]);
            let rows = Rows { at: &q[h.asks..], stride: width, step: 1, count: asking };
            room.panels.multiply(rows, Last::Set, RowsMut { at: share, stride }, &mut room.left);
            softmax(share, answering, stride);
            room.panels.fill_rows(answering, each, &v[h.answers..], width);
            let out = RowsMut { at: &mut mixed[h.asks..], stride: width };
            room.panels.multiply(Rows::of(share, stride), Last::Set, out, &mut room.left);
        }
        (self.out.forward(values, &mixed, room), Kept { q, k, v, shares, mixed })
    }

    /// dx and, added to it, dmemory of dy.
    #[expect(clippy::too_many_arguments, reason = "what the forward pass had, and its gradient")]
    pub(super) fn backward(
        &self,
        values: &[Vec<f32>],
        (x, memory): (&[f32], &[f32]),
        kept: &Kept,
        dy: &[f32],
        dmemory: &mut [f32],
        batch: usize,
        grads: &mut Grads,
        room: &mut Room,
    ) -> Vec<f32> {
        let (width, each, scale) = (self.width, self.width / self.heads, self.scale());
        let (asking, answering) = (x.len() / width / batch, memory.len() / width / batch);
        self.out.gather(&kept.mixed, dy, grads, room);
        let mut dmixed = vec![0.0; x.len()];
        self.out.back(values, dy, &mut dmixed, room);
        let (mut dq, mut dk, mut dv) = (vec![0.0; x.len()], vec![0.0; memory.len()], vec![0.0; memory.len()]);
        let stride = stride(answering);
        let mut ds = vec![0.0; asking * stride];
        for h in self.heads(batch, asking, answering) {
            let share = &kept.shares[h.shares..][..asking * stride];
            // dV = Pᵀ dO
            room.panels.fill_rows(asking, each, &dmixed[h.asks..], width);
            let out = RowsMut { at: &mut dv[h.answers..], stride: width };
            room.panels.multiply(Rows::columns(share, answering, stride), Last::Set, out, &mut room.left);
            // dP = dO Vᵀ
            let v = &kept.v[h.answers..];
            room.panels.fill(each, answering, |i, j| v[j * width + i]);
            let rows = Rows { at: &dmixed[h.asks..], stride: width, step: 1, count: asking };
            room.panels.multiply(rows, Last::Set, RowsMut { at: &mut ds, stride }, &mut room.left);
            // what is behind the answering tokens is 0 in P, and so it is in dS
            for (ds, p) in ds.chunks_exact_mut(stride).zip(share.chunks_exact(stride)) {
                let dot: f32 = ds.iter().zip(p).map(|(d, p)| d * p).sum();
                ds.iter_mut().zip(p).for_each(|(d, p)| *d = p * (*d - dot));
            }
            // dQ = dS K, dK = dSᵀ Q
            room.panels.fill_rows(answering, each, &kept.k[h.answers..], width);
            let out = RowsMut { at: &mut dq[h.asks..], stride: width };
            room.panels.multiply(Rows::of(&ds, stride), Last::Set, out, &mut room.left);
            room.panels.fill_rows(asking, each, &kept.q[h.asks..], width);
            let out = RowsMut { at: &mut dk[h.answers..], stride: width };
            room.panels.multiply(Rows::columns(&ds, answering, stride), Last::Set, out, &mut room.left);
        }
        dq.iter_mut().for_each(|v| *v *= scale);
        self.query.gather(x, &dq, grads, room);
        self.key.gather(memory, &dk, grads, room);
        self.value.gather(memory, &dv, grads, room);
        self.key.back(values, &dk, dmemory, room);
        self.value.back(values, &dv, dmemory, room);
        let mut dx = vec![0.0; x.len()];
        self.query.back(values, &dq, &mut dx, room);
        dx
    }
}
