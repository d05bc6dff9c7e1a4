//! The back end on the SoapySDR library: the only place that calls it.
//!
//! Facts it is built around: a USRP's transmit stream is neither activated nor deactivated by its driver (both do nothing), so stopping is the end of the
//! burst, the lowest gain and the closed stream; a write that takes nothing is reported as a timeout; underflow and lateness come by
//! `readStreamStatus` only; a device belongs to one process, so transmitter and receiver of one device are opened together.

mod device;
mod output;
mod probe;
mod reference;
mod rx;
mod tx;

pub use device::SoapyDevice;
pub use probe::{Found, enumerate};
pub use reference::SoapyReference;
pub use rx::SoapyReceiver;
pub use tx::SoapyTransmitter;

use super::error::RadioError;

/// The library's words in ours.
fn said(what: &'static str) -> impl Fn(soapysdr::Error) -> RadioError {
    move |e| match e.code {
        soapysdr::ErrorCode::StreamError => RadioError::Gone(format!("{what}: {e}")),
        _ => RadioError::Driver { what, why: e.to_string() },
    }
}
