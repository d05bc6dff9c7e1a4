//! pAgent: follows the channel of every UE, forms beams within half a millisecond, watches the gNB.

pub mod air_link;
pub mod beam;
pub mod config;
pub mod ear;
mod error;
pub mod fast;
pub mod fast_thread;
mod feed;
pub mod mind;
pub mod phases;
pub mod plan;
pub mod process;
pub mod quotas;
pub mod report;
pub mod rows;
pub mod shared;
pub mod slow_thread;
pub mod track;

#[cfg(test)]
pub(crate) mod recorded;

pub use error::RanError;
pub use process::run;
