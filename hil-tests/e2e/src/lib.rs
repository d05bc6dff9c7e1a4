//! Tools of the end-to-end tests: the whole system as processes, watched from outside.

mod processes;
mod program;
mod wire;

pub use processes::{System, binary, json, text, wait_until};
pub use program::{Program, child_of, sidecar};
pub use wire::{socket, wait};
