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

pub use facts::Host;
pub use machine::Machine;
pub use net::Interface;
pub use system::System;

#[cfg(test)]
pub(crate) use pretend::Pretend;
