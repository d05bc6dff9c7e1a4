//! The process `tx-guard`.
//!
//! Its threads share the `Core`: the *desk* (this one: socket, order to stop, stop file, dead-man, and an eye on the driver), the *sender*,
//! which alone has the transmitter, and the *ears*, which feed the dead-man as long as samples are received. A fourth reads the reference, where
//! that is watched. Whatever any of them meets ends in one place, `Core::stop`; the sender sees it within a millisecond of sending and makes the radio safe. A driver call that does not
//! come back ends the process: what is queued in the radio is 20 ms at most.

mod arming;
mod bounds;
mod calibrating;
mod chain;
mod core;
mod desk;
mod ears;
mod lanes;
mod pace;
mod parts;
mod reference;
mod sender;
mod serve;
mod spread;
mod status;
mod tap;
mod watchdog;

pub use desk::run;
pub use parts::{Clocks, Parts};
