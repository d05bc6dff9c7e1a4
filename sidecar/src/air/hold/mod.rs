//! `sidecar air` is two processes. The outer one, the holder, has every connection of gNB and UEs and does next to nothing; the inner one, the
//! worker, is given the same sockets and moves the samples through front end and channels. When the worker ends, however it ends, the
//! connections stay: peers wait a moment, then get counted zeros, until the next worker goes on at the sample where the last one stopped.
//!
//! The holder is not in the samples' way: both have the same sockets open, only one uses them.

mod holder;
mod nursery;
mod waiting;
mod worker;

pub use holder::{HoldConfig, HoldError, hold};
pub use worker::WorkerCommand;
