//! `sidecar gnb …`: runs a gNB, or asks the one that runs.

mod args;
mod ask;
mod run;

pub use args::GnbCommand;
pub(super) use ask::ask;
pub(super) use run::run;
