//! Forecasters.

mod config;
mod decoder;
mod dlinear;
mod encoder;
mod loss;
mod persistence;
mod transformer;

pub use config::TransformerConfig;
pub use decoder::Decoder;
pub use dlinear::DLinear;
pub use encoder::Encoder;
pub use loss::huber;
pub use persistence::Persistence;
pub use transformer::Transformer;
