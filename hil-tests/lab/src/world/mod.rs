//! The world without its samples.
mod report;
mod shared;
mod state;
mod timing;
mod ue;
mod view;

pub use report::UeReport;
pub use shared::SharedWorld;
pub use state::{CellEvent, CoreCounters, World};
pub use timing::{Offsets, Timing};
pub use ue::{Period, Ue};
