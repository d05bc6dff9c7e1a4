//! Optimisers whose whole state can be saved, so that a resumed run equals an uninterrupted one bit for bit.

mod adamw;
mod guard;
mod sgd;
mod state;

pub use adamw::AdamWConfig;
pub use guard::{StepOutcome, WEIGHT_BOUND};
pub use sgd::SgdConfig;
pub use state::{Optimiser, OptimiserConfig};
