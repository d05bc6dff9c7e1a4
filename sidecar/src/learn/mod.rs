//! Coordination rounds: what an agent and the controller do to train and use the partitioned model, without sockets, and the
//! training ahead of time on real traces.
//!
//! | side | serves (must never wait) | trains (on a thread of its own, pieces of ≤ 150 ms) |
//! | --- | --- | --- |
//! | agent | [`Predictor`]: samples in, forecasts out | [`Trainer`]: embeddings and labels out, gradients in |
//! | controller | [`SharedServer`]: embeddings in, forecasts out | [`SharedLearner`]: embeddings and labels in, gradients out |
//!
//! After a step the trainer's weights are handed to the server of its side. Messages are [`crate::wire::Message`]s; the
//! sockets are the callers'.

mod checkpoint;
mod command;
mod data;
mod error;
mod evaluate;
mod keep;
mod order;
mod predictor;
mod pretrain;
pub mod remote;
mod replay;
mod round;
mod score;
mod shared_learner;
mod shared_server;
mod traces;
mod trainer;
mod training_run;
mod weighting;
mod weights;

#[cfg(test)]
mod tests;

pub(crate) use checkpoint::{pack, unpack};
pub use command::{run_pretrain, table};
pub use data::{DataSet, FLOOR_RIDGE, NamedSet, data_sets};
pub use error::LearnError;
pub use evaluate::{Figures, evaluate};
pub(crate) use keep::Kept;
pub use order::Order;
pub use predictor::{Forecast, Predictor, PredictorConfig, Source};
pub(crate) use pretrain::schedule;
pub use pretrain::{PretrainConfig, Progress, pretrain};
pub use replay::{ReplayRow, replay};
pub use round::RoundCounters;
pub use shared_learner::{SharedConfig, SharedEvent, SharedLearner, Shows, Work};
pub use shared_server::SharedServer;
pub use traces::{TraceSource, source, sources};
pub use trainer::{Trainer, TrainerConfig, TrainerEvent, Window};
pub use training_run::{Cause, TrainingEvent, TrainingRuns, Triggers};
pub use weighting::{ETA, draws, weighting};
pub use weights::{Weights, built_in};
