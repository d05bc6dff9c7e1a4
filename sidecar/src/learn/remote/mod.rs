//! Training over real links by processes of their own: `sidecar learn controller` and `sidecar learn agent`.
//!
//! What is trained, by which messages, is that of the loop; here nothing else runs beside it, rounds follow each other as fast as they can, and everything is kept: whoever
//! is killed at whatever moment goes on, started again, with the same bits, as no round is given up:
//!
//! | moment of the kill | what is kept | what happens |
//! | --- | --- | --- |
//! | agent, before its step | its state after the round before | it draws the same batch again; the controller answers what it answered |
//! | agent, after its step | its state after this round | it goes on with the next |
//! | controller, before a round's end | its state after the round before | the agents send theirs again until it answers |
//! | controller, after it | its state, with the gradients of the round | who has not got his yet gets it when he sends again |
//!
//! A controller writes its state before it sends a gradient, so that no agent is ever ahead of what is kept.

mod agent;
mod alone;
mod controller;
mod faults;

pub use agent::{AgentEnd, RemoteAgent};
pub use alone::{Alone, alone};
pub use controller::{ControllerEnd, RemoteController, RoundLine};
pub use faults::{FaultCounts, LinkFaults};
