//! A dense layer.

use super::{Grads, Names, Room};
use crate::PredictError;
use crate::kernel::{Last, Rows, RowsMut};

/// Its parameters, by their places.
#[derive(Debug, Clone, Copy)]
pub(super) struct Linear {
    weight: usize,
    bias: usize,
    inputs: usize,
    outputs: usize,
}

impl Linear {
    pub(super) fn new(names: &Names, name: &str, inputs: usize, outputs: usize) -> Result<Self, PredictError> {
        let (weight, bias) = (names.at(&format!("{name}.weight"))?, names.at(&format!("{name}.bias"))?);
        Ok(Self { weight, bias, inputs, outputs })
    }

    /// y = x W + b.
    pub(super) fn forward(&self, values: &[Vec<f32>], x: &[f32], room: &mut Room) -> Vec<f32> {
        let mut y = Vec::with_capacity(x.len() / self.inputs * self.outputs);
        for _ in 0..x.len() / self.inputs {
            y.extend_from_slice(&values[self.bias]);
        }
        room.panels.fill_rows(self.inputs, self.outputs, &values[self.weight], self.outputs);
        let out = RowsMut { at: &mut y, stride: self.outputs };
        room.panels.multiply(Rows::of(x, self.inputs), Last::Add, out, &mut room.left);
        y
    }

    /// dW += xᵀ dy, db += Σ dy.
    pub(super) fn gather(&self, x: &[f32], dy: &[f32], grads: &mut Grads, room: &mut Room) {
        for row in dy.chunks_exact(self.outputs) {
            super::add(&mut grads[self.bias], row);
        }
        room.panels.fill_rows(dy.len() / self.outputs, self.outputs, dy, self.outputs);
        let out = RowsMut { at: &mut grads[self.weight], stride: self.outputs };
        room.panels.multiply(Rows::transposed(x, self.inputs), Last::Add, out, &mut room.left);
    }

    /// dx += dy Wᵀ.
    pub(super) fn back(&self, values: &[Vec<f32>], dy: &[f32], dx: &mut [f32], room: &mut Room) {
        let (weight, outputs) = (&values[self.weight], self.outputs);
        room.panels.fill(outputs, self.inputs, |i, j| weight[j * outputs + i]);
        let out = RowsMut { at: dx, stride: self.inputs };
        room.panels.multiply(Rows::of(dy, outputs), Last::Add, out, &mut room.left);
    }
}

/// Dense, `ReLU`, dense.
#[derive(Debug, Clone, Copy)]
pub(super) struct FeedForward {
    up: Linear,
    down: Linear,
}

impl FeedForward {
    pub(super) fn new(names: &Names, name: &str, width: usize, hidden: usize) -> Result<Self, PredictError> {
        let up = Linear::new(names, &format!("{name}.up"), width, hidden)?;
        Ok(Self { up, down: Linear::new(names, &format!("{name}.down"), hidden, width)? })
    }

    /// What it gives, and what is behind the `ReLU`.
    pub(super) fn forward(&self, values: &[Vec<f32>], x: &[f32], room: &mut Room) -> (Vec<f32>, Vec<f32>) {
        let mut hidden = self.up.forward(values, x, room);
        hidden.iter_mut().for_each(|v| *v = v.max(0.0));
        (self.down.forward(values, &hidden, room), hidden)
    }

    /// dx of dy.
    pub(super) fn backward(
        &self,
        values: &[Vec<f32>],
        (x, hidden): (&[f32], &[f32]),
        dy: &[f32],
        grads: &mut Grads,
        room: &mut Room,
    ) -> Vec<f32> {
        self.down.gather(hidden, dy, grads, room);
        let mut dh = vec![0.0; hidden.len()];
        self.down.back(values, dy, &mut dh, room);
        // as candle has it: nothing goes back where nothing came through
        dh.iter_mut().zip(hidden).for_each(|(d, h)| *d = if *h <= 0.0 { 0.0 } else { *d });
        self.up.gather(x, &dh, grads, room);
        let mut dx = vec![0.0; x.len()];
        self.up.back(values, &dh, &mut dx, room);
        dx
    }
}
