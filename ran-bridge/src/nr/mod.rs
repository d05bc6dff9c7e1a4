//! NR downlink signals: from IQ samples to cells, SS/PBCH blocks and the MIB.
//!
//! [`search`] finds cells in a recording, [`find_blocks`] every block of a found cell, and [`SsbTracker`] is the fast path for a block
//! whose place is known.

mod acquire;
mod blocks;
mod cancel;
mod cell_pbch;
mod combine;
mod correlator;
mod crc;
mod error;
mod gold;
mod mib;
mod numerology;
mod ofdm;
mod offset;
mod pbch;
mod pilots;
mod polar;
mod raster;
mod scan;
mod ssb_case;
mod ssb_grid;
mod sync_signals;
mod tracker;
mod verify;

#[cfg(test)]
pub(crate) mod test_support;

pub use acquire::{Cell, SearchConfig, search};
pub use blocks::find_blocks;
pub use cell_pbch::CellPbch;
pub use crc::crc24c;
pub use error::NrError;
pub use gold::{Gold, qpsk_sequence};
pub use mib::{Mib, PbchPayload};
pub use numerology::Numerology;
pub use ofdm::SymbolDemodulator;
pub use pbch::{PBCH_BITS, PbchDecoder};
pub use raster::ssb_offsets_hz;
pub use ssb_case::SsbCase;
pub use ssb_grid::{
    DMRS_LEN, PBCH_LEN, SSB_SUBCARRIERS, SSB_SYMBOLS, SsbGrid, dmrs_positions, pbch_dmrs, pbch_positions,
};
pub use sync_signals::{SYNC_FIRST, SYNC_LEN, pss, sss};
pub use tracker::{SsbReport, SsbTracker, TrackerConfig};

#[cfg(test)]
mod cells_tests;
#[cfg(test)]
mod pbch_tests;
#[cfg(test)]
mod pilots_tests;
#[cfg(test)]
mod search_tests;
