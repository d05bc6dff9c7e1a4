//! `sidecar bench soak`: the lab for half an hour of radio time through a real `sidecar air`, whose worker is killed every minute while UEs
//! come, leave and die.

mod door;
mod figures;
mod lab_config;
mod peers;
mod plot;
mod process;
mod run;
mod series;

pub use run::{SoakPlan, soak};

use super::list::{BenchContext, BenchError};
use super::row::Row;

/// Where the picture goes.
const PICTURE: &str = "soak.svg";

pub(super) fn run(context: &BenchContext, out: &mut dyn FnMut(Row)) -> Result<(), BenchError> {
    let plan = if context.quick { SoakPlan::quick(context.seed) } else { SoakPlan::whole(context.seed) };
    let svg = soak(&plan, out)?;
    std::fs::write(PICTURE, svg).map_err(|e| BenchError::Failed(format!("{PICTURE} cannot be written: {e}")))
}
