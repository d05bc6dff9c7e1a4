//! aAgent: takes the application's rates, sets resolutions, predicts and trains on its series.

mod config;
mod process;
mod source;

pub use config::{AppConfig, AppError, AppTrace};
pub use process::run;
