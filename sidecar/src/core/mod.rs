//! nAgent: polls the core, knows who is who, limits rates at the user plane, predicts and trains on its series.

mod config;
mod process;
mod rows;

pub use config::{CoreConfig, CoreError};
pub use process::run;
