//! Did it help? Every action says what must be seen and by when; what did not help is rolled back.

mod expected;
mod radio_clock;
mod tracker;

pub use expected::{Direction, Expected, Observable};
pub use radio_clock::{MAX_STRETCH, RadioClock};
pub use tracker::{Busy, Effect, MAX_SERIES, Rollback, TooManySeries, Tracker, Verdict};
