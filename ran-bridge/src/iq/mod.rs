//! Sample streams: what a ZMQ radio may say on the wire, a FIFO with a 64-bit sample index, the protocol and its connections, and SigMF files.

mod check;
mod connect;
mod fifo;
mod handover;
mod kernel;
mod ledger;
mod sigmf;
mod sigmf_meta;
mod wire;
pub mod zmtp;

pub use check::{BYTES_PER_SAMPLE, MAX_REPLY_SAMPLES, MessageFault, check_reply, copy_finite, zero_nonfinite};
pub use connect::{Address, AddressError, Connections, Connector, End};
pub use fifo::SampleFifo;
pub use handover::{Channel, Door, Word};
pub use kernel::{Moved, moved};
pub use ledger::Ledger;
pub use sigmf::{Recording, SigmfError, describe, read, write};
pub use sigmf_meta::Datatype;
pub use wire::{Connection, Got, Wire, WireEnd, grow_zeros};
