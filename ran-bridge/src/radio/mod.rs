//! Radios that SoapySDR drives: what is asked of one, checked against what the device reports, and its streams with time.
//!
//! [`Transmit`] and [`Receive`] are what the rest of the project knows of a radio. The back end `soapy` (cargo feature `soapysdr`) is the only
//! place that calls the library. Powers are gain settings in dB as the device counts them and amplitudes relative to full scale (1); neither is a power in dBm.

mod args;
mod config;
mod error;
mod limits;
mod profile;
#[cfg(feature = "soapysdr")]
mod soapy;
mod source;
mod streams;

pub use args::DeviceArgs;
pub use config::{RadioConfig, RxConfig, SafeOutput, Switch, TxConfig};
pub use error::RadioError;
pub use limits::{ChannelLimits, DeviceLimits, Span};
pub use profile::Profile;
#[cfg(feature = "soapysdr")]
pub use soapy::{Found, SoapyDevice, SoapyReceiver, SoapyReference, SoapyTransmitter, enumerate};
pub use source::RadioSource;
pub use streams::{Block, Lifeline, Receive, Reference, Transmit, TxEvent, fit};
