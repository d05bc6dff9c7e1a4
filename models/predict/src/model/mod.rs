//! Forecasters.

mod config;
mod cut;
mod dlinear;
mod front;
mod layers;
mod loss;
mod persistence;
mod transformer;
mod trunk;

pub use config::TransformerConfig;
pub use cut::Cut;
pub use dlinear::DLinear;
pub use front::Front;
pub use loss::huber;
pub use persistence::Persistence;
pub use transformer::Transformer;
pub use trunk::Trunk;
