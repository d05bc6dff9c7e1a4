//! What is looked at: gNB, UEs, core, radio, policy, this host.

mod core;
mod core_parse;
mod gnb;
mod gnb_keys;
mod lab;
mod plmn;
mod subscriber;
mod ue;

pub use core::{Core, NetworkFunction, Pool};
pub use gnb::{Cell, Gnb, TrackingArea};
pub use lab::{Given, Lab, PolicyFiles};
pub use plmn::Slice;
pub use subscriber::{Secret, Subscriber};
pub use ue::Ue;
