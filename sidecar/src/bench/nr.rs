//! `sidecar bench nr`: what search and tracking cost, and how far the measures are from the truth.

use super::list::{BenchContext, BenchError};
use super::row::{Bar, Row};
use crate::csi::{Quantity, costs, quantities};
use ran_bridge::nr::SearchConfig;

/// Resource blocks of the recorded carrier.
const PRBS: u16 = 52;

pub(super) fn run(context: &BenchContext, row: &mut dyn FnMut(Row)) -> Result<(), BenchError> {
    let recording = super::csi::excerpt()?;
    let fail = |e: crate::csi::CsiError| BenchError::Failed(e.to_string());
    let config = SearchConfig { center_hz: recording.frequency_hz, ..SearchConfig::default() };
    let rounds = if context.quick { 1 } else { 10 };
    costs(&recording.samples, &config, rounds).map_err(fail)?.iter().map(figure).for_each(&mut *row);
    let figures = quantities(&recording.samples, recording.rate_hz, &config, PRBS, rounds).map_err(fail)?;
    figures.iter().map(figure).for_each(row);
    Ok(())
}

fn figure(from: &Quantity) -> Row {
    let row = Row::new(&from.case, from.metric, from.value, from.unit);
    match (from.at_most, from.at_least) {
        (Some(bar), _) => row.bar(Bar::AtMost(bar)),
        (None, Some(bar)) => row.bar(Bar::AtLeast(bar)),
        (None, None) => row,
    }
}
