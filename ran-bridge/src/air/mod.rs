//! The data plane: every IQ stream of a lab, in lockstep, on one thread.

mod capture;
mod commands;
mod config;
mod downlink;
mod echo;
mod engine;
mod fault;
mod gnb;
mod keep;
mod msg;
pub mod pairs;
mod poll;
mod port;
mod settings;
mod standing;
mod stats;
mod take;
mod ue;
mod uplink;
pub mod verify;
mod watch;
mod windows;
mod wires;

#[cfg(test)]
mod stand_in;

pub use capture::{CaptureOrder, CaptureStatus, MAX_CAPTURE_SAMPLES, Tap, TruthPiece};
pub use config::{AirConfig, AirError, GnbEnd, MAX_ANTENNAS, MAX_PORTS, MAX_UES, Summary, UeEnd};
pub use engine::{Hold, Truth, run, run_held};
pub use fault::{Direction, FaultKind, FaultOrder, FaultSpec, FaultState, FaultStatus, FaultTap, MAX_FAULTS};
pub use keep::{Given, Keeper};
pub use msg::{
    At, Command, Event, NoiseSetting, PeerState, PeerStatus, Setting, SlotSpan, SnippetMeta, SoundingPlan, Status,
    Window,
};
pub use port::{ControlPort, NoControl};
pub use standing::Standing;
pub use stats::{AirStats, Band, Counters, StageHistogram, StageTime};
pub use windows::{MAX_WINDOW_SAMPLES, MAX_WINDOWS};
