//! Time-series predictors: the Transformer of `SANet` Table 2 and the floors it has to beat, with the data handling, the
//! seeded randomness and the optimisers that make a run repeatable bit for bit.
//!
//! Everything here is pure: text, slices and tensors in, numbers and tensors out. Files, sockets and clocks belong to callers.

mod cost;
pub mod data;
mod error;
mod fused;
mod kernel;
mod manifest;
mod metrics;
mod model;
pub mod nn;
pub mod optim;
mod params;
pub mod passes;
mod quantiles;
mod rng;

pub use cost::{Crossing, Flops, LayerFlops};
pub use error::PredictError;
pub use fused::Fused;
pub use manifest::{Manifest, sha256_hex};
pub use metrics::{ErrorSum, QuantileSum, coverage, mae, nmae, pinball_loss};
pub use model::{
    Cut, DLinear, Front, Informer, InformerConfig, Lstm, LstmConfig, NBeats, NBeatsConfig, Network, Persistence,
    SeasonalNaive, Transformer, TransformerConfig, Trunk, huber,
};
pub use params::{Params, Precision};
pub use quantiles::Quantiles;
pub use rng::{RngState, SeededRng};
