//! `sidecar bench safe-state`: how long a virtual USRP still radiates after each thing that must end a burst, by the radio's own record of what
//! left its antenna.

mod radio;
mod rig;
mod trial;
mod trigger;

use super::list::{BenchContext, BenchError};
use super::row::{Bar, Row};
use super::stats::Percentiles;
use rig::Rig;
use std::path::Path;
pub use trigger::Trigger;

/// Trials of each.
const WHOLE: u32 = 200;
const QUICK: u32 = 3;

pub(super) fn run(context: &BenchContext, row: &mut dyn FnMut(Row)) -> Result<(), BenchError> {
    safe_state(if context.quick { QUICK } else { WHOLE }, context.seed, Trigger::ALL, row)
}

/// So many trials of each trigger; a row for each figure.
///
/// # Errors
/// [`BenchError::Failed`] where something needed is not there or does not start.
pub fn safe_state(trials: u32, seed: u64, triggers: &[Trigger], row: &mut dyn FnMut(Row)) -> Result<(), BenchError> {
    let dir = std::env::temp_dir().join(format!("sidecar-safe-{}", std::process::id()));
    let result = all(&dir, trials, seed, triggers, row);
    // what stays in the system's place for temporary things does no harm; a failed run is left to be looked at
    if result.is_ok() {
        let _ = std::fs::remove_dir_all(&dir);
    }
    result
}

fn all(dir: &Path, trials: u32, seed: u64, triggers: &[Trigger], row: &mut dyn FnMut(Row)) -> Result<(), BenchError> {
    let mut rig = Rig::new(dir, seed).map_err(BenchError::Failed)?;
    let mut approved = 0;
    for trigger in triggers {
        let mut after_ms = Vec::new();
        let mut unauthorised = 0;
        for n in 0..trials {
            let seen = trial::trial(&mut rig, *trigger).map_err(|why| {
                BenchError::Failed(format!("{}, trial {n}: {why} (see {})", trigger.name(), dir.display()))
            })?;
            after_ms.push(seen.after_ms);
            unauthorised += seen.unauthorised;
            approved += seen.radiated;
        }
        let Some(p) = Percentiles::of(&after_ms) else { continue };
        let name = trigger.name();
        row(Row::new(name, "last sample after it, p50", p.p50, "ms"));
        row(Row::new(name, "last sample after it, max", p.max, "ms").bar(Bar::AtMost(trigger.bar_ms())));
        row(Row::new(name, "samples without authority", unauthorised as f64, "1").bar(Bar::AtMost(0.0)));
    }
    row(Row::new("all", "samples radiated, all of them approved", approved as f64, "1"));
    row(Row::new(
        "all",
        "lines of the transmit log that verify",
        rig.verify_log().map_err(BenchError::Failed)? as f64,
        "1",
    ));
    Ok(())
}
