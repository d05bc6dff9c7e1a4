//! The agent controller: the agents' rounds, decisions across layers, and the page people look at.

pub mod capacity;
pub mod config;
pub mod decide;
pub mod http;
pub mod hub;
mod openapi;
pub mod picture;
mod process;
pub mod quotas;
mod rounds;
mod routes;
pub mod stamp;
pub mod state;
pub mod transmitter;
mod tx_watch;
pub mod view;

pub use openapi::openapi;
pub use process::{ControllerConfig, ControllerError, run};
