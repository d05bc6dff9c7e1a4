//! Strict YAML configuration; every default works.
mod cell;
mod lab;
mod ue;

pub use cell::{CellConfig, Filling};
pub use lab::{ConfigError, CoreConfig, GnbConfig, LabConfig, MacConfig, WorldConfig, WsConfig};
pub use ue::{PowerEvent, TrafficConfig, UeConfig};
