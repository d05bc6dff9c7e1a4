//! What may be said to the gNB's console: nothing that is not configured.

mod check;
mod limits;
mod refusal;

pub use check::{ConsoleGuard, Permit, Possible};
pub use limits::{Bounds, ConsoleLimits};
pub use refusal::Refusal;
