//! One file a check.

mod attach_core;
mod attach_radio;
mod attach_subscriber;
mod clocks;
mod exposed;
mod files;
mod metrics;
mod policy;
mod radio_host;
mod rates;
mod soapysdr;
mod system;
mod usrp;
mod wires;

pub(super) use attach_core::attach_core;
pub(super) use attach_radio::attach_radio;
pub(super) use attach_subscriber::attach_subscriber;
pub(super) use clocks::clocks;
pub(super) use exposed::exposed;
pub(super) use files::files;
pub(super) use metrics::metrics;
pub(super) use policy::policy;
pub(super) use radio_host::radio_host;
pub(super) use rates::sample_rate;
pub(super) use soapysdr::soapysdr;
pub(super) use system::system;
pub(super) use usrp::radio_address;
pub(super) use wires::wires;

#[cfg(test)]
mod testing;
