//! From the name of a weighting to its state at the start.

use crate::config::WeightingMethod;
use mops::{CaGrad, MoDo, Rescale, StaticWeights, Weighting};
use predict::{PredictError, SeededRng};

/// Step size η of the weights, `SANet` Table 2.
pub const ETA: f64 = 0.1;
/// Radius of `CAGrad`, the reference's default.
const RADIUS: f64 = 0.5;
/// Stream of a seed that orders `PCGrad`'s projections.
const ORDERS: u64 = 4;

/// Batches an agent draws for a round.
#[must_use]
pub fn draws(method: WeightingMethod) -> usize {
    weighting(method, 1, ETA, 0).map_or(1, |w| w.draws())
}

/// As training begins with it.
///
/// # Errors
/// [`PredictError::Config`] for no agents or an η that is negative or not finite.
pub fn weighting(method: WeightingMethod, agents: usize, eta: f64, seed: u64) -> Result<Weighting, PredictError> {
    Ok(match method {
        WeightingMethod::Static => Weighting::Static(StaticWeights::uniform(agents)),
        WeightingMethod::Dynamic => Weighting::Modo(MoDo::new(agents, eta, 0.0)?),
        WeightingMethod::Mgda => Weighting::MinNorm,
        WeightingMethod::PcGrad => Weighting::PcGrad(SeededRng::new(seed, ORDERS).state()),
        WeightingMethod::CaGrad => Weighting::CaGrad(CaGrad::new(RADIUS, Rescale::Square)?),
    })
}
