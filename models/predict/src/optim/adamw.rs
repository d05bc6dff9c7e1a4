//! Adam with decoupled weight decay (Loshchilov and Hutter, algorithm 2).

use serde::{Deserialize, Serialize};

/// Settings of `AdamW`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AdamWConfig {
    /// Step size.
    pub rate: f32,
    /// Decay of the first moment.
    pub beta1: f32,
    /// Decay of the second moment.
    pub beta2: f32,
    /// Added to the root of the second moment.
    pub epsilon: f32,
    /// Decoupled weight decay.
    pub decay: f32,
    /// Gradients longer than this (norm over all parameters) are shortened to it.
    pub clip_norm: Option<f32>,
}

impl Default for AdamWConfig {
    //= SANet Table 2: step size of model update 5e-4
    fn default() -> Self {
        Self { rate: 5e-4, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 1e-4, clip_norm: Some(1.0) }
    }
}

/// One tensor's step; `step` counts from 1.
pub(super) fn update(
    config: &AdamWConfig,
    rate: f32,
    step: u64,
    weight: &mut [f32],
    grad: &[f32],
    m: &mut [f32],
    v: &mut [f32],
) {
    let t = i32::try_from(step).unwrap_or(i32::MAX);
    let correct1 = 1.0 - config.beta1.powi(t);
    let correct2 = 1.0 - config.beta2.powi(t);
    for (((w, g), m), v) in weight.iter_mut().zip(grad).zip(m).zip(v) {
        *m = config.beta1 * *m + (1.0 - config.beta1) * g;
        *v = config.beta2 * *v + (1.0 - config.beta2) * g * g;
        let direction = (*m / correct1) / ((*v / correct2).sqrt() + config.epsilon);
        *w -= rate * (direction + config.decay * *w);
    }
}
