//! The gNB's WebSocket: metrics in, commands out.
//!
//! [`parse`] turns the text of one message into typed samples and needs no socket; [`spawn`] runs it on two real connections,
//! one that only drains metrics and one that carries commands. Beside it [`console`]: the commands that a gNB reads from its standard input.

mod cells;
mod client;
mod command;
mod commander;
pub mod console;
mod dialect;
mod event;
mod fields;
mod gap;
mod ident;
mod loopback;
mod parse;
mod queue;
mod rlc;
mod sanitise;
mod stats;
mod system;
mod time;

pub use cells::{CellEvent, CellEventKind, CellMetrics, CellSample, UeSample};
pub use client::{GnbConfig, GnbHandle, spawn};
pub use command::{GnbCommand, GnbCommandError, SliceMember, SliceQuota, SsbPower};
pub use dialect::Dialect;
pub use event::{GnbEvent, LinkKind};
pub use gap::{Gap, GapDetector};
pub use ident::{UeKey, UeKeys};
pub use loopback::{UrlError, check_url};
pub use parse::{Body, MAX_TEXT_BYTES, Message, ParseError, parse};
pub use rlc::{LatencyBin, RlcRx, RlcSample, RlcTx};
pub use stats::{ClientStats, ParseStats};
pub use system::{
    AppUsage, BufferPool, CuCpSample, CuUpSample, DuLowSample, ExecutorSample, MacDlSample, NgapSample, PdcpDirection,
};
pub use time::GnbTime;
