//! What a radio front end does to the downlink before the antennas: precoder P→M, power, artificial noise, sounding; and to
//! the uplink behind them: combining M→P.
//!
//! Sans-I/O. The front end knows a stream by its sample index; it gives a [`Plan`]: for a range of samples the
//! pieces on which every coefficient is a straight line. Whoever has the samples applies it. Streams that a plan alone cannot make
//! (weights by sub-band, artificial noise) come with it as further inputs: [`FrontEnd::step`].

mod arm;
mod change;
#[cfg(test)]
mod cost_tests;
mod error;
#[cfg(test)]
mod harness;
mod kernel;
#[cfg(test)]
mod link_tests;
mod noise;
mod null_space;
mod plan;
mod planning;
mod precoder;
mod ramp;
mod stage;
#[cfg(test)]
mod stage_tests;
mod streams;
#[cfg(test)]
mod sub_band_tests;
mod symbols;
mod timeline;

pub use arm::Prepared;
pub use change::{Armed, Change, Noise, PrbRange, SubBand, SubBands};
pub use error::{FrontEndError, check_ramp};
pub use kernel::{multiply, multiply_add, multiply_add_ramp, multiply_ramp};
pub use plan::{Mode, Plan, Segment};
pub use stage::{FrontEnd, MAX_INPUTS, inputs};
pub(crate) use timeline::MAX_SAMPLE;
pub use timeline::{Occasions, ProtectedSlots, Span};
