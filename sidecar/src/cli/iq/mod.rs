//! `sidecar iq FROM TO`.

mod copying;
mod place;

pub(super) use copying::{gather, run};
pub use place::Place;

use crate::config::{Duration, Frequency};
use clap::Args;

pub(super) const HELP: &str = "\
Examples:
  sidecar iq radio heard --for '1 s' -c configs/usrp.yaml   what the receiver hears, as heard.sigmf-meta and heard.sigmf-data
  sidecar iq tcp://127.0.0.1:2101 ue0 --for '100 ms'        what a wire of `air` carries
  sidecar iq gnb.sigmf-meta tcp://*:2000 --repeat           a recording to whoever asks there, as a gNB's transmitter would
  sidecar iq dump part --for '20 ms'                        the beginning of a recording, as cf32_le

`radio` is the first receive channel of the section `tx` (`tx.listen`); while a tx-guard runs the radio is the guard's. A wire belongs to one receiver: where a gNB or UE asks,
nobody else can. To transmit a recording: `sidecar tx fire --play FILE`.";

/// Where samples come from, and how many.
#[derive(Debug, Clone, Args)]
pub struct FromArgs {
    /// Ends after so much of the samples' time, what was lost included; otherwise with the source, or by Ctrl-C.
    #[arg(long = "for", value_name = "DURATION")]
    pub duration: Option<Duration>,
    /// Sample rate: what a wire is believed to have (`air.sample_rate` unless told), a radio is set to (`tx.sample_rate`), a recording must have.
    #[arg(long, value_name = "RATE")]
    pub rate: Option<Frequency>,
}

/// `sidecar iq …`
#[derive(Debug, Clone, Args)]
pub struct IqArgs {
    /// `radio`, a wire to ask at (`tcp://HOST:PORT`), or a recording.
    #[arg(value_name = "FROM")]
    pub from: std::ffi::OsString,
    /// A recording to write, or a wire to answer at (`tcp://*:PORT`).
    #[arg(value_name = "TO")]
    pub to: std::ffi::OsString,
    /// How much.
    #[command(flatten)]
    pub much: FromArgs,
    /// Plays a recording over and over.
    #[arg(long)]
    pub repeat: bool,
}
