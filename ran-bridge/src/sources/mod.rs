//! Further sources of channel state, as parsers of bytes and lines: a gNB's uplink grid dump, its log, a UE's metrics file.

mod grid;
mod line;
mod sched;
mod srs;
mod ue_csv;

pub use grid::{DmrsConfig, GridError, GridShape, GridSlot, UplinkGrid};
pub use line::LogSlot;
pub use sched::{CsiReport, Pmi, csi_reports};
pub use srs::{SrsEstimate, SrsEstimates};
pub use ue_csv::{UeCsv, UeCsvError, UeRow};
