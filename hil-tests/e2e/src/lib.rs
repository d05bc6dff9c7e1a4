//! Tools of the end-to-end tests: the whole system as processes, watched from outside.

mod processes;

pub use processes::{System, binary, json, text, wait_until};
