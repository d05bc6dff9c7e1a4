//! The one YAML document that configures every process.
//!
//! Strict: an unknown key is an error that names the nearest known one; a quantity is a string with its unit. Every key has a
//! default that fits the demo cell, so an empty document is a working one. What is in force, and where each value came from, is
//! what `sidecar config show` prints; the JSON Schema is generated from these types.

mod error;
mod load;
mod map_agents;
mod map_air;
mod map_controller;
mod map_gnb;
mod map_ran;
mod map_relay;
mod map_tx;
mod quantity;
mod schema;
mod sections;
mod validate;
mod yaml;

pub use error::ConfigError;
pub use load::{Effective, Loaded, Origin, Override};
pub use quantity::{
    Angle, AngleRate, Distance, Duration, Frequency, GainDb, PowerDbfs, QuantityError, Rate, TimeOffset,
};
pub use schema::schema;
pub use sections::*;
pub(crate) use yaml::{Node, parse_foreign};
