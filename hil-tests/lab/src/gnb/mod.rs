//! The gNB: waveform and radio.
mod downlink;
mod node;
mod radio;
mod ring;
mod source;

pub use downlink::{DMRS_SYMBOLS, Downlink, dmrs_symbol};
pub use node::{Node, Summary};
pub use radio::{Channel, Radio, RadioError};
pub use ring::{CAPACITY, Ring};
pub use source::{PlayError, Source};
