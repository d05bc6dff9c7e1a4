//! The relay: whoever speaks a ZMQ radio (a gNB, a UE, `air` in front of them) gets a channel of the radio that `tx-guard` has.
//!
//! To its peer a *leg* is the other end of its wires; on the radio's side it is a transmit and a receive channel. Sample `n` that the peer sends and sample
//! `n` that it is given belong together, as on its wires: both directions are places on one time line, the radio's own, and what comes too late or is
//! lost is replaced by zeros in its place, so that no stretch ever moves against the other. See docs/relay.md for the latency that this leaves.

mod config;
mod error;
mod grid;
mod guard;
mod leg;
mod line;
mod margin;
mod process;
mod status;
mod wires;

pub use config::{CalibrateConfig, LegConfig, RelayConfig};
pub use error::RelayError;
pub use grid::{Grid, Offset};
pub use leg::Leg;
pub use margin::{Margin, Margins};
pub use process::run;
pub use status::{LegStatus, RelayStatus};
