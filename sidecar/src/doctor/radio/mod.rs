//! Carriers: frequencies, bands, resource blocks and where the SS/PBCH block lies.

mod arfcn;
mod band;
mod ssb;

pub use arfcn::hz_of_arfcn;
pub use band::{Band, Duplex, blocks};
pub use ssb::ssb_arfcn;
