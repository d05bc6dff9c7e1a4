//! What a radio front end does to the downlink before the antennas: precoder P→M, power, artificial noise, sounding.
//!
//! Sans-I/O. The front end knows the downlink only by its sample index; it gives a [`Plan`]: for a range of samples the
//! pieces on which every coefficient is a straight line. Whoever has the samples applies it.

mod kernel;
mod plan;
mod stage;
mod timeline;

pub use kernel::{multiply, multiply_add, multiply_add_ramp, multiply_ramp};
pub use plan::{Mode, Plan, Segment};
pub use stage::{Armed, Change, FrontEnd, FrontEndError};
pub(crate) use timeline::MAX_SAMPLE;
pub use timeline::{Occasions, ProtectedSlots};
