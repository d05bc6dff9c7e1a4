//! Terminals: UEs and the eavesdropper.
mod frame_number;
mod receiver;
mod search;
mod switch;
mod terminal;

pub use frame_number::FrameNumbers;
pub use receiver::{Heard, Receiver};
pub use switch::{Power, Switch};
pub use terminal::{Terminal, TerminalError};
