//! Coordination rounds: what an agent and the controller do to train and use the partitioned model, without sockets, and the
//! training ahead of time on real traces.

mod data;
mod error;
mod evaluate;
mod pretrain;
mod traces;

pub use data::{DataSet, FLOOR_RIDGE};
pub use error::LearnError;
pub use evaluate::{Figures, evaluate};
pub use pretrain::{PretrainConfig, Progress, pretrain};
pub use traces::{TraceSource, source, sources};
