//! Quantities with their units in the text.

mod kinds;
mod parse;

pub use kinds::{Angle, AngleRate, Distance, Duration, Frequency, GainDb, PowerDbfs, Rate, TimeOffset};
pub use parse::QuantityError;
