//! Numeric kernels: complex vectors and downlink beamforming.
//!
//! # Convention
//! A channel `h` and a weight vector `w` have one entry an antenna; what a receiver gets is `hᵀw` (no conjugate), as it comes from
//! `y = Σ_m h_m w_m x`. Power is `|hᵀw|² / σ²`, a linear signal-to-noise ratio.

mod beam;
mod multicast;
mod vector;

pub use beam::{mrt, snr};
pub use multicast::{Multicast, max_min_multicast};
pub use vector::{dot, norm, scale_to_power};
