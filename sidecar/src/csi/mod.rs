//! `sidecar csi`: cells, SS/PBCH blocks and MIBs of a recording, and the study of how well they are found under noise.

mod args;
mod command;
mod error;
mod follow;
mod outcome;
mod sources;
mod study;
mod table;

pub use args::CsiArgs;
pub use command::{analyse, answer, run};
pub use error::CsiError;
pub use outcome::{CsiRsLine, Outcome, SsbLine};
pub use sources::{SourcesArgs, sources};
pub use study::{Quantity, StudyConfig, StudyResult, StudyRow, costs, markdown, plot_svg, quantities, study};
