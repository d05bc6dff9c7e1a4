//! This host: what the kernel and a few commands say of it.

mod facts;
mod machine;
mod net;
mod proc;
mod soapy;
mod sockets;
mod system;

#[cfg(test)]
mod pretend;

pub use facts::{Clock, Host, Limits, Ring};
pub use machine::Machine;
pub use net::{Interface, Route};
pub use soapy::{Module, Soapy};
pub use sockets::Listener;
pub use system::System;

#[cfg(test)]
pub(crate) use pretend::Pretend;
