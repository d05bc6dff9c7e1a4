//! The one wire format between our processes: a fixed header, then one payload frame.

mod header;
mod kind;
mod message;

pub use header::{HEADER_BYTES, Header, MAGIC, MAX_PAYLOAD_BYTES, MAX_RANK, VERSION, WireError};
pub use kind::{Agent, Dtype, Kind};
pub use message::Message;
