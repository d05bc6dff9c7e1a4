//! `sidecar demo`: the same lab twice, first left alone, then with the loop; a live screen, a report, three lines.

mod achieved;
mod columns;
mod error;
mod live;
mod own;
mod phase;
mod plan;
mod run;
mod screen;
mod world;

pub use achieved::{Achieved, compare};
pub use columns::{BARS, HEADINGS, WIDTHS, cells, lines};
pub use error::DemoError;
pub use own::{OwnBurst, OwnBursts};
pub use phase::{Phase, PhaseResult, Tick};
pub use plan::{Plan, lab_binary};
pub use run::{DemoArgs, DemoOutcome, run};
pub use screen::{Banner, change, draw};
pub use world::{WorldLog, WorldPoint, WorldUe};
