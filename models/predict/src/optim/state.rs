//! An optimiser and its state.

use super::{AdamWConfig, SgdConfig, StepOutcome, WEIGHT_BOUND, adamw, sgd};
use crate::{Params, PredictError};
use serde::{Deserialize, Serialize};

/// Which optimiser, with its settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum OptimiserConfig {
    /// Adam with decoupled weight decay.
    AdamW(AdamWConfig),
    /// Gradient descent with momentum.
    Sgd(SgdConfig),
}

impl Default for OptimiserConfig {
    fn default() -> Self {
        Self::AdamW(AdamWConfig::default())
    }
}

/// An optimiser of one set of parameters.
#[derive(Debug, Clone)]
pub struct Optimiser {
    config: OptimiserConfig,
    step: u64,
    /// Multiplies the step size; for schedules.
    rate_factor: f32,
    first: Vec<Vec<f32>>,
    second: Vec<Vec<f32>>,
    /// Room for the moments of a step that may be taken back.
    spare: [Vec<Vec<f32>>; 2],
}

/// Sum of squares, in eight parts, so that the compiler may take them side by side.
fn square(gradient: &[f32]) -> f64 {
    let (whole, rest) = gradient.as_chunks::<8>();
    let mut parts = [0.0_f64; 8];
    for values in whole {
        parts.iter_mut().zip(values).for_each(|(part, g)| *part += f64::from(*g) * f64::from(*g));
    }
    parts.iter_mut().zip(rest).for_each(|(part, g)| *part += f64::from(*g) * f64::from(*g));
    parts.iter().sum()
}

impl Optimiser {
    /// For parameters of this shape.
    #[must_use]
    pub fn new(config: OptimiserConfig, params: &Params) -> Self {
        let zeros: Vec<Vec<f32>> = params.iter().map(|(_, t)| vec![0.0; t.elem_count()]).collect();
        let second = match config {
            OptimiserConfig::AdamW(_) => zeros.clone(),
            OptimiserConfig::Sgd(_) => Vec::new(),
        };
        Self { config, step: 0, rate_factor: 1.0, first: zeros, second, spare: Default::default() }
    }

    /// Steps taken.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// Sets what the step size is multiplied by from now on.
    pub fn set_rate_factor(&mut self, factor: f32) {
        self.rate_factor = factor;
    }

    /// One step. Where a gradient or a new weight is not finite, or a weight leaves its bound, nothing changes and the outcome says so.
    ///
    /// # Shapes
    /// `grads` as [`Params::gradients`] gives them.
    ///
    /// # Errors
    /// [`PredictError::Weights`] when the shapes are not those of the parameters.
    pub fn step(&mut self, params: &Params, grads: &[Vec<f32>]) -> Result<StepOutcome, PredictError> {
        let mut weights = params.values()?;
        let fits = weights.len() == grads.len()
            && weights.len() == self.first.len()
            && weights.iter().zip(grads).zip(&self.first).all(|((w, g), m)| w.len() == g.len() && w.len() == m.len());
        if !fits {
            return Err(PredictError::Weights("gradients of another shape".into()));
        }
        let square: f64 = grads.iter().map(|g| square(g)).sum();
        if !square.is_finite() {
            return Ok(StepOutcome::RolledBackGradient);
        }
        let clip = match self.config {
            OptimiserConfig::AdamW(c) => c.clip_norm,
            OptimiserConfig::Sgd(c) => c.clip_norm,
        };
        #[expect(clippy::cast_possible_truncation, reason = "a factor of 0…1")]
        let factor = clip.map_or(1.0, |c| (f64::from(c) / square.sqrt().max(1e-30)).min(1.0) as f32);
        let [mut first, mut second] = std::mem::take(&mut self.spare);
        // without momentum nothing of the last step is kept, and the room of the one before will do as it is
        let forgets = matches!(self.config, OptimiserConfig::Sgd(SgdConfig { momentum: 0.0, .. }));
        if !forgets || first.is_empty() {
            first.clone_from(&self.first);
        }
        second.clone_from(&self.second);
        let mut scaled = Vec::new();
        for (i, (w, g)) in weights.iter_mut().zip(grads).enumerate() {
            let g = if (factor - 1.0).abs() > 0.0 {
                scaled.clear();
                scaled.extend(g.iter().map(|x| x * factor));
                scaled.as_slice()
            } else {
                g.as_slice()
            };
            match &self.config {
                OptimiserConfig::AdamW(c) => {
                    adamw::update(c, c.rate * self.rate_factor, self.step + 1, w, g, &mut first[i], &mut second[i]);
                }
                OptimiserConfig::Sgd(c) => sgd::update(c, c.rate * self.rate_factor, w, g, &mut first[i]),
            }
        }
        // without a branch, so that the compiler may take several side by side
        if !weights.iter().all(|w| w.iter().fold(true, |is_well, w| is_well & (w.abs() <= WEIGHT_BOUND))) {
            self.spare = [first, second];
            return Ok(StepOutcome::RolledBackWeight);
        }
        params.set_values(weights)?;
        std::mem::swap(&mut self.first, &mut first);
        std::mem::swap(&mut self.second, &mut second);
        self.spare = [first, second];
        self.step += 1;
        Ok(StepOutcome::Applied)
    }

    /// The state: step, rate factor and moments, little-endian, exact.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend(b"SDOP");
        out.push(match self.config {
            OptimiserConfig::AdamW(_) => 1,
            OptimiserConfig::Sgd(_) => 2,
        });
        out.extend(self.step.to_le_bytes());
        out.extend(self.rate_factor.to_le_bytes());
        out.extend(self.first.iter().chain(&self.second).flatten().flat_map(|x| x.to_le_bytes()));
        out
    }

    /// Goes on from a saved state.
    ///
    /// # Errors
    /// [`PredictError::Weights`] when it belongs to another optimiser or other parameters; nothing is changed then.
    pub fn load_bytes(&mut self, bytes: &[u8]) -> Result<(), PredictError> {
        const HEAD: usize = 17;
        let own = self.to_bytes();
        if bytes.len() != own.len() || bytes.get(..5) != own.get(..5) {
            return Err(PredictError::Weights("optimiser state of another optimiser or model".into()));
        }
        let mut numbers = bytes[HEAD..].chunks_exact(4).map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]]));
        let mut eight = [0_u8; 8];
        eight.copy_from_slice(&bytes[5..13]);
        self.step = u64::from_le_bytes(eight);
        self.rate_factor = f32::from_le_bytes([bytes[13], bytes[14], bytes[15], bytes[16]]);
        for (slot, x) in self.first.iter_mut().chain(&mut self.second).flatten().zip(&mut numbers) {
            *slot = x;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Tensor};

    fn one(x: f32) -> Params {
        let mut p = Params::default();
        p.add("w", &Tensor::new(&[x], &Device::Cpu).unwrap()).unwrap();
        p
    }

    #[test]
    fn adamw_by_hand() {
        let p = one(1.0);
        let config = AdamWConfig { rate: 0.1, decay: 0.5, clip_norm: None, ..AdamWConfig::default() };
        let mut o = Optimiser::new(OptimiserConfig::AdamW(config), &p);
        // step 1: m̂ = g, v̂ = g², direction = sign(g) = 1: w = 1 − 0.1 (1 + 0.5) = 0.85
        o.step(&p, &[vec![4.0]]).unwrap();
        assert!((p.values().unwrap()[0][0] - 0.85).abs() < 1e-6);
        // step 2, g = 0: m = 0.36, m̂ = 0.36/0.19 = 1.894737; v = 0.015984, v̂ = 0.015984/0.001999 = 7.995998;
        // direction = 1.894737/2.827719 = 0.670058; w = 0.85 − 0.1 (0.670058 + 0.425) = 0.740494
        o.step(&p, &[vec![0.0]]).unwrap();
        assert!((p.values().unwrap()[0][0] - 0.740_494).abs() < 1e-5);
    }

    #[test]
    fn sgd_by_hand_with_clipping() {
        let p = one(1.0);
        let config = SgdConfig { rate: 0.1, momentum: 0.5, clip_norm: Some(2.0) };
        let mut o = Optimiser::new(OptimiserConfig::Sgd(config), &p);
        o.step(&p, &[vec![8.0]]).unwrap(); // clipped to 2: w = 1 − 0.2
        o.step(&p, &[vec![1.0]]).unwrap(); // v = 0.5·2 + 1 = 2: w = 0.8 − 0.2
        assert!((p.values().unwrap()[0][0] - 0.6).abs() < 1e-6);
    }

    #[test]
    fn a_bad_step_is_not_taken() {
        let p = one(1.0);
        let mut o = Optimiser::new(OptimiserConfig::Sgd(SgdConfig { rate: 1.0, momentum: 0.9, clip_norm: None }), &p);
        let before = o.to_bytes();
        assert_eq!(o.step(&p, &[vec![f32::NAN]]).unwrap(), StepOutcome::RolledBackGradient);
        assert_eq!(o.step(&p, &[vec![1e9]]).unwrap(), StepOutcome::RolledBackWeight);
        assert_eq!((o.to_bytes(), p.values().unwrap()[0][0]), (before, 1.0));
        assert!(o.step(&p, &[vec![0.0, 1.0]]).is_err());
    }

    #[test]
    fn resumed_equals_uninterrupted() {
        let (p, q) = (one(1.0), one(0.0));
        let mut a = Optimiser::new(OptimiserConfig::default(), &p);
        for i in 0..5 {
            a.step(&p, &[vec![(i as f32).sin()]]).unwrap();
        }
        let mut b = Optimiser::new(OptimiserConfig::default(), &q);
        b.load_bytes(&a.to_bytes()).unwrap();
        q.set_values(p.values().unwrap()).unwrap();
        for i in 5..9 {
            a.step(&p, &[vec![(i as f32).sin()]]).unwrap();
            b.step(&q, &[vec![(i as f32).sin()]]).unwrap();
        }
        assert_eq!(p.values().unwrap(), q.values().unwrap());
        assert!(b.load_bytes(&a.to_bytes()[1..]).is_err());
    }
}
