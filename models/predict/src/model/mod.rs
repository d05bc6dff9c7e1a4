//! Forecasters, one file each: the Transformer in its parts, the baselines ([`Network`]), and the floors.

mod config;
mod cut;
mod dlinear;
mod front;
mod informer;
mod layers;
mod loss;
mod lstm;
mod n_beats;
mod network;
mod persistence;
mod seasonal_naive;
mod transformer;
mod trunk;

pub use config::TransformerConfig;
pub use cut::Cut;
pub use dlinear::DLinear;
pub use front::Front;
pub use informer::{Informer, InformerConfig};
pub use loss::huber;
pub use lstm::{Lstm, LstmConfig};
pub use n_beats::{NBeats, NBeatsConfig};
pub use network::Network;
pub use persistence::Persistence;
pub use seasonal_naive::SeasonalNaive;
pub use transformer::Transformer;
pub use trunk::Trunk;
