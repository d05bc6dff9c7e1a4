//! The one wire format between our processes: a fixed header, then one payload frame; and the two ends of the links that carry it.

pub(crate) mod clients;
mod dealer;
mod header;
mod kind;
mod limits;
mod link;
pub mod local;
mod message;
mod router;
mod stream;

pub use dealer::{Dealer, DealerConfig, DealerEvent};
pub use header::{HEADER_BYTES, Header, MAGIC, MAX_PAYLOAD_BYTES, MAX_RANK, VERSION, WireError};
pub use kind::{Agent, Dtype, Kind};
pub use limits::Limits;
pub use link::{LinkError, LinkStats, Refusal};
pub use message::Message;
pub use router::{Router, RouterConfig, RouterEvent};
pub use stream::{Deframer, Frame, SendQueue};
