//! The governor: which burst may be transmitted, and until when.
//!
//! A small machine without I/O, clock, thread or randomness: all of them are handed in, so every path to the safe state can be tried in a
//! test. It learns nothing and nobody reconfigures it; who wants to transmit proposes, and it says yes or why not.
//!
//! # The way to a sample
//! 1. [`Policy::load`]: a signed file with bands and caps. Whatever is wrong with it, nothing may be transmitted.
//! 2. [`Governor::arm`]: binds radio, mode, band and purpose to a [`Token`] that expires.
//! 3. [`Governor::fire`]: one burst of so many samples, checked against every cap; gives a [`Pending`].
//! 4. [`Chain::append`]: the burst is on disk, which gives a [`Receipt`]; `Pending` and `Receipt` together are a [`Permit`].
//! 5. [`Governor::take`]: each piece of samples, at the last function before the driver.
//!
//! A relayed downlink has no end that is known: [`Governor::relay`] in place of `fire` approves a *chain*, in which every piece is a burst of its own that
//! spends its own time on air, and which goes on only as long as the next one arrives ([`Governor::renew`] for its token).
//!
//! Beside it [`Governor::feed`] and [`Governor::tick`]: the dead-man, and everything that ends by itself.
//!
//! # Words
//! Power settings are gains in dB as the device counts them, amplitudes are relative to full scale (1 = full scale). Neither is a power in dBm.

mod arm;
mod band;
mod burst;
mod chain;
mod duty;
mod energy;
mod machine;
mod policy;
mod refusal;

pub use arm::{ArmRequest, Heard, Purpose, Token};
pub use band::Band;
pub use burst::{Burst, Pending, Permit};
pub use chain::{Chain, ChainFault, Disk, Event, Receipt, verify};
pub use machine::{DEADMAN_NS, Feeder, Governor, State, Stop, hex};
pub use policy::{Denial, Grant, MAX_BURST_MS, Mode, Policy};
pub use refusal::Refusal;

/// Most samples, as time at the burst's rate, that may be on their way to the antenna and not sent, ms.
pub const MAX_UNSENT_MS: f64 = 20.0;
