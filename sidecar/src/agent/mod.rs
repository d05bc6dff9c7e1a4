//! What the agents share: the shell with its link to the controller, the thread that predicts and trains on the agent's series,
//! and the answer to an order.

mod config;
mod learner;
mod orders;
mod role;
mod shell;
mod stop;

pub use config::{AgentConfig, AgentError};
pub use learner::{Board, Learner, LearnerConfig};
pub use orders::{Orders, answer};
pub use role::Role;
pub use shell::Base;
pub use stop::stopped;
