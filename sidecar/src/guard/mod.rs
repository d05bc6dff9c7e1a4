//! Nothing acts without the guard: it alone makes an [`Approved`] action, and actuators take nothing else.

mod action;
mod check;
mod limits;
mod refusal;

pub use action::{Action, ActionKind};
pub use check::{Approved, Guard, GuardCounts};
pub use limits::{Limits, RateCap};
pub use refusal::Refusal;
