//! `sidecar bench air`: the data plane against a bare relay of the same bytes and against GNU Radio, in turns.

mod case;
mod data_plane;
mod figures;
mod gnuradio;
mod path;
mod peers;
mod relay;
mod report;
mod run;
mod ue;

pub(super) use run::bench;
pub use run::{BenchError, Options, run};
