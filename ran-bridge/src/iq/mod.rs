//! Sample streams: what a ZMQ radio may say on the wire, a FIFO with a 64-bit sample index, sockets, and SigMF files.

mod check;
mod fifo;
mod sigmf;
mod sigmf_meta;
mod wire_socket;

pub use check::{BYTES_PER_SAMPLE, MAX_REPLY_SAMPLES, MessageFault, check_reply, check_request, copy_finite};
pub use fifo::SampleFifo;
pub use sigmf::{Recording, SigmfError, read, write};
pub use sigmf_meta::Datatype;
pub use wire_socket::{Link, LinkEvent, Role};
