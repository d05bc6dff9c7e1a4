//! The world behind the same sockets: a gNB with a standards-correct downlink, UEs and an eavesdropper, a core and applications,
//! all on radio time.
//!
//! It depends on none of the other crates and shares no code with the bridges, so that what it sends is an independent word
//! against what they read.
pub mod clock;
pub mod config;
pub mod core;
pub mod gnb;
pub mod http;
pub mod iq;
pub mod mac;
pub mod measure;
mod outlets;
pub mod phy;
mod run;
pub mod traffic;
pub mod truth;
pub mod ue;
pub mod uplink;
pub mod world;
pub mod ws;

pub use config::LabConfig;
pub use outlets::Outlets;
pub use run::{LabError, run};
