//! The process of `sidecar gnb`.

mod console;
mod requests;
mod run;

pub use run::{Ended, run};
