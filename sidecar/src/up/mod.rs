//! The supervisor: starts the processes of one host, restarts what dies, and takes all down with it.

mod air_down;
mod backoff;
mod error;
mod process;
mod run;
mod supervisor;

pub use air_down::what_waits_on_air;
pub use backoff::Backoff;
pub use error::UpError;
pub use process::{Spec, specs};
pub use run::{UpOptions, run};
pub use supervisor::{Observer, ProcessEvent, Supervisor, Timing, What};
