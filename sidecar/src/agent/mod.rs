//! What the agents share: the thread that predicts and trains on the agent's series, and the answer to an order.

mod learner;
mod orders;
mod stop;

pub use learner::{Board, Learner, LearnerConfig};
pub use orders::{Orders, answer};
pub use stop::stopped;
