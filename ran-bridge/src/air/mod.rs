//! The data plane: every IQ stream of a lab, in lockstep, on one thread.

mod commands;
mod config;
mod downlink;
mod engine;
mod gnb;
mod msg;
pub mod pairs;
mod port;
mod stats;
mod ue;
mod uplink;
mod watch;
mod windows;

pub use config::{AirConfig, AirError, GnbEnd, MAX_ANTENNAS, MAX_PORTS, MAX_UES, Summary, UeEnd};
pub use engine::{Truth, run};
pub use msg::{
    At, Command, Event, NoiseSetting, PeerState, PeerStatus, Setting, SlotSpan, SnippetMeta, SoundingPlan, Status,
    Window,
};
pub use port::{ControlPort, NoControl};
pub use stats::{AirStats, Counters, StageHistogram, StageTime};
pub use windows::{MAX_WINDOW_SAMPLES, MAX_WINDOWS};
