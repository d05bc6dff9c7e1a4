//! `sidecar experiment`: the tables and figures of `SANet`, made again on real series, each as CSV, picture and a page that sets the paper's number beside ours.
//!
//! Two kinds of runs stand behind all of them, and are kept, so that figures share them and a run that was killed goes on where it was:
//!
//! | room | a run is | what it gives |
//! | --- | --- | --- |
//! | `training` | a scheme, a weighting, a seed | O-, G-, C-error and losses every so many rounds |
//! | `forecast` | a predictor, a seed | its error on every test window of every agent |
//!
//! `figures` turn them into pages. `processes` trains over real links between four processes that are killed, beside the same rounds in one.

mod chart;
mod context;
mod error;
mod figures;
mod forecast;
mod list;
mod page;
mod plan;
mod processes;
mod statistic;
mod store;
mod training;
mod unit;

pub use context::Request;
pub use error::ExperimentError;
pub use list::{EXPERIMENTS, Experiment, find};
pub use page::Written;
pub use plan::{Plan, StepRule};
