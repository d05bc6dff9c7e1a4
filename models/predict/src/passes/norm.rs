//! Layer normalisation.

use super::{Grads, Names};
use crate::PredictError;
use crate::kernel::{Moments, normalise};

/// Its parameters, by their places.
#[derive(Debug, Clone, Copy)]
pub(super) struct Norm {
    weight: usize,
    bias: usize,
}

impl Norm {
    pub(super) fn new(names: &Names, name: &str) -> Result<Self, PredictError> {
        Ok(Self { weight: names.at(&format!("{name}.weight"))?, bias: names.at(&format!("{name}.bias"))? })
    }

    pub(super) fn forward(&self, values: &[Vec<f32>], x: &[f32]) -> Vec<f32> {
        let mut out = Vec::with_capacity(x.len());
        normalise(x, &values[self.weight], &values[self.bias], &mut out);
        out
    }

    /// dx += of dy.
    #[expect(clippy::cast_precision_loss, reason = "widths are small")]
    pub(super) fn backward(&self, values: &[Vec<f32>], x: &[f32], dy: &[f32], dx: &mut [f32], grads: &mut Grads) {
        let weight = &values[self.weight];
        let width = weight.len();
        let mut n = vec![0.0; width];
        let rows = x.chunks_exact(width).zip(dy.chunks_exact(width)).zip(dx.chunks_exact_mut(width));
        for ((x, dy), dx) in rows {
            let Moments { mean, by } = Moments::of(x);
            n.iter_mut().zip(x).for_each(|(n, x)| *n = (x - mean) * by);
            super::add(&mut grads[self.bias], dy);
            grads[self.weight].iter_mut().zip(dy.iter().zip(&n)).for_each(|(g, (d, n))| *g += d * n);
            let (sum, with_n) = sums(dy, weight, &n);
            let (sum, with_n) = (sum / width as f32, with_n / width as f32);
            for (((dx, d), w), n) in dx.iter_mut().zip(dy).zip(weight).zip(&n) {
                *dx += by * (d * w - sum - n * with_n);
            }
        }
    }
}

/// Σ d w and Σ d w n, in eight parts, so that the compiler may take them side by side.
fn sums(d: &[f32], w: &[f32], n: &[f32]) -> (f32, f32) {
    let (mut plain, mut with_n) = ([0.0_f32; 8], [0.0_f32; 8]);
    for ((d, w), n) in d.chunks(8).zip(w.chunks(8)).zip(n.chunks(8)) {
        for (i, ((d, w), n)) in d.iter().zip(w).zip(n).enumerate() {
            plain[i] += d * w;
            with_n[i] += d * w * n;
        }
    }
    (plain.iter().sum(), with_n.iter().sum())
}
