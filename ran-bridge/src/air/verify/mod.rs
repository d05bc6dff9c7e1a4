//! Recomputes `y = Hx + n` from captured wires, the configuration and the truth of the weights, in double precision, and compares.
//!
//! Shares with the data plane the random numbers, the noise table and the constants of the links, through
//! [`crate::emulator::reference::Reference`]; none of its code. Where the data plane draws straight lines between exact values of the channel, here
//! are polynomials of degree 5 whose distance from the formulae is measured, see `gains`.

mod compare;
mod faults;
mod filter;
mod gains;
mod input;
mod link;
mod pieces;
mod run;

pub use run::{VerifyError, WireReport, verify};

#[cfg(test)]
mod tests;

/// Largest relative error, in the root mean square, of a wire that counts as right.
pub const LARGEST_ERROR: f64 = 1e-4;
