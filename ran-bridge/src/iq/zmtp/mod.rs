//! ZMTP 3, the protocol of ZeroMQ, as far as the ZMQ radio needs it: REQ and REP over one connection, mechanism NULL. Sans I/O.
//!
//! `air` speaks it itself and not through libzmq, for two reasons. libzmq keeps a connection inside one process, so that a gNB or UE waits for
//! ever when that process dies; a connection that is a plain socket can be held by another process meanwhile. And libzmq hands each message to
//! a thread of its own and back, which costs two wake-ups and a copy a message.
//!
//! Heartbeats (PING, off by default in libzmq) are read and not answered.

mod frame;
mod handshake;
mod inbound;
mod outbound;

pub use frame::{ProtocolFault, REQUEST};
pub use handshake::{Handshake, Role};
pub use inbound::{Inbound, Item, ItemKind, PEEK};
pub use outbound::{Outbound, REPLY_HEAD};
