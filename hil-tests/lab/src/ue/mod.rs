//! Terminals: UEs and the eavesdropper.
mod frame_number;
mod receiver;
mod search;
mod terminal;

pub use frame_number::FrameNumbers;
pub use receiver::{Heard, Receiver};
pub use terminal::{Terminal, TerminalError};
