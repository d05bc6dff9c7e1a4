//! Gradient descent with momentum.

use serde::{Deserialize, Serialize};

/// Settings of gradient descent. With momentum 0 it is eqs. (9) and (10) of `SANet` as printed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SgdConfig {
    /// Step size.
    pub rate: f32,
    /// Share of the last step that is kept.
    pub momentum: f32,
    /// Gradients longer than this (norm over all parameters) are shortened to it.
    pub clip_norm: Option<f32>,
}

impl Default for SgdConfig {
    fn default() -> Self {
        Self { rate: 5e-4, momentum: 0.0, clip_norm: None }
    }
}

/// One tensor's step.
pub(super) fn update(config: &SgdConfig, rate: f32, weight: &mut [f32], grad: &[f32], velocity: &mut [f32]) {
    for ((w, g), v) in weight.iter_mut().zip(grad).zip(velocity) {
        *v = if config.momentum == 0.0 { *g } else { config.momentum * *v + g };
        *w -= rate * *v;
    }
}
