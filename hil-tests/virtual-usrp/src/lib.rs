//! A USRP 2944R that is not there: a SoapySDR module (driver key `virtual_usrp`) and the radio behind it, a process of its own, both
//! in C++, built and started from here. What it models and what not is in the crate's `README.md`.
#![forbid(unsafe_code)]

mod build;
mod error;
mod event;
mod usrp;

pub use build::{Built, build, build_program};
pub use error::Error;
pub use event::{Direction, Entry, Event, LinkState, OnAir, Radiated, Set, StretchEnd};
pub use usrp::VirtualUsrp;
