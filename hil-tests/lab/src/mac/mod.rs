//! Link adaptation and scheduling.
mod link;
mod scheduler;
mod slice;

pub use link::{bits_per_prb, block_error_rate, cqi, mcs, threshold_db};
pub use scheduler::{Candidate, allocate};
pub use slice::{Slice, set_ratio};
