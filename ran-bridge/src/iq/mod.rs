//! Sample streams: what a ZMQ radio may say on the wire, a FIFO with a 64-bit sample index, the protocol and its connections, SigMF
//! files, and what a source and a sink of samples are for all of them.

mod check;
mod connect;
mod copy;
mod fifo;
mod handover;
mod kernel;
mod ledger;
mod plug;
mod sigmf;
mod stream;
mod wire;
mod wire_sink;
mod wire_source;
pub mod zmtp;

pub use check::{BYTES_PER_SAMPLE, MAX_REPLY_SAMPLES, MessageFault, check_reply, copy_finite, zero_nonfinite};
pub use connect::{Address, AddressError, Connections, Connector, End};
pub use copy::{Copied, copy};
pub use fifo::SampleFifo;
pub use handover::{Channel, Door, Word};
pub use kernel::{Moved, moved};
pub use ledger::Ledger;
pub use sigmf::{Datatype, Recording, SigmfError, SigmfSink, SigmfSource, describe, read, write};
pub use stream::{Next, Sink, Source, StreamError, Stretch, WAIT_NS, same_rate};
pub use wire::{Connection, Got, Wire, WireEnd, grow_zeros};
pub use wire_sink::WireSink;
pub use wire_source::WireSource;
