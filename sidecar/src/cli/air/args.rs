//! `sidecar air …` as it is typed.

use crate::config::{Duration, Frequency, GainDb, PowerDbfs};
use clap::{Args, Subcommand};
use num_complex::Complex32;
use std::path::PathBuf;

/// What the running `air` is asked.
#[derive(Debug, Subcommand)]
pub enum AirCommand {
    /// What the running `air` says of itself: radio time, peers, counters, time of its stage.
    #[command(after_help = "Example: sidecar air status -c configs/lab.yaml --json")]
    Status,
    /// Changes weights, power and artificial noise, all at one sample or not at all.
    #[command(after_help = "\
Examples:
  sidecar air set --power '-6 dB'
  sidecar air set --weights '0.5 0.5i -0.5 -0.5i' --noise '-40 dBFS'
  sidecar air set --noise off --at 23040000

`ran` steers beams by itself: what is set here holds until its next decision. Power is relative to the gNB's stream.")]
    Set(SetArgs),
    /// Writes wires to SigMF files: exactly the samples that go over them, and what was in force meanwhile.
    #[command(after_help = "\
Examples:
  sidecar air capture --for '1 s' --out /tmp/wires
  sidecar air capture --for '10 ms' --wire gnb_tx0 --wire ue1_rx --out /tmp/wires

Wires: gnb_tx0 (what the gNB sends), ue0_rx (what UE 0 gets, after its channel), ue0_tx (what it sends), gnb_rx0 (what the gNB gets); input0, input1 … (inputs of the\nfront end as made there: needed only to verify weights by sub-band and artificial noise).")]
    Capture(CaptureArgs),
    /// Recomputes a capture's wires from the formulae of the channels, in double precision, and compares; needs no running `air`.
    #[command(after_help = "\
Examples:
  sidecar air verify /tmp/wires
  sidecar air verify /tmp/wires --json

Exit code 9 when a wire is further than 1e-4 (relative, root mean square) away, 5 when one could not be recomputed.")]
    Verify(VerifyArgs),
    /// Faults on purpose: exact to the sample, finite, restored by themselves, accounted for.
    #[command(subcommand)]
    Fault(FaultCommand),
}

/// `sidecar air set`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").multiple(true).required(true).args(["power", "noise", "weights", "uplink_weights"]))]
pub struct SetArgs {
    /// Transmit power relative to the gNB's stream, at most 0 dB.
    #[arg(long, value_name = "GAIN", allow_hyphen_values = true)]
    pub power: Option<GainDb>,
    /// Artificial noise over all antennas in directions that spare the served one, or `off`.
    #[arg(long, value_name = "LEVEL", allow_hyphen_values = true, value_parser = noise)]
    pub noise: Option<NoiseLevel>,
    /// Precoder, antennas × ports row by row, e.g. '0.5 0.5i -0.5 -0.5i'.
    #[arg(long, value_name = "NUMBERS", allow_hyphen_values = true, value_parser = weights)]
    pub weights: Option<Weights>,
    /// Combining weights of the uplink, antennas × ports.
    #[arg(long, value_name = "NUMBERS", allow_hyphen_values = true, value_parser = weights)]
    pub uplink_weights: Option<Weights>,
    /// Downlink sample at which it takes effect; by default the next slot.
    #[arg(long, value_name = "SAMPLE")]
    pub at: Option<u64>,
}

/// Complex numbers, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights(pub Vec<Complex32>);

/// A level, or none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NoiseLevel(pub Option<f32>);

fn weights(text: &str) -> Result<Weights, String> {
    let number =
        |t: &str| t.parse::<Complex32>().map_err(|_| format!("{t} is no number such as 0.5, -0.5i or 0.3+0.4i"));
    text.split_whitespace().map(number).collect::<Result<Vec<_>, _>>().map(Weights)
}

fn noise(text: &str) -> Result<NoiseLevel, String> {
    if text == "off" {
        return Ok(NoiseLevel(None));
    }
    let level: PowerDbfs = text.parse().map_err(|e| format!("{e}, or `off`"))?;
    Ok(NoiseLevel(Some(level.dbfs() as f32)))
}

/// `sidecar air capture`
#[derive(Debug, Args)]
pub struct CaptureArgs {
    /// How long, in radio time.
    #[arg(long = "for", value_name = "DURATION")]
    pub duration: Duration,
    /// Folder; made where it is not there.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// A wire; may be given more than once. By default every port of the gNB and what every present UE gets.
    #[arg(long = "wire", value_name = "WIRE")]
    pub wires: Vec<String>,
}

/// `sidecar air verify`
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Folder of a `sidecar air capture`.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// `sidecar air fault`
#[derive(Debug, Subcommand)]
pub enum FaultCommand {
    /// All of it: prepare, arm, wait for its last sample, tell what it did.
    #[command(after_help = "\
Examples:
  sidecar air fault run --on ue0 --for '50 ms' blank
  sidecar air fault run --on ue0 --for '1 s' attenuate --by '18.06 dB'
  sidecar air fault run --on ue1 --for '200 ms' --uplink noise --level '-30 dBFS'
  sidecar air fault run --on ue0 --for '100 ms' tone --frequency '500 kHz' --level '-20 dBFS'
  sidecar air fault run --on ue0 --for '1 s' tdl --tap 0:-1 --tap 5:-6:90

Levels are digital: dB and dBFS of the sample stream, never dBm.")]
    Run(FaultArgs),
    /// Checks a fault and gives it a number; nothing happens yet.
    Prepare(FaultArgs),
    /// Binds a prepared fault to its first sample.
    Arm {
        /// Its number.
        id: u32,
        /// First sample, on the downlink's or uplink's count; by default the next slot.
        #[arg(long, value_name = "SAMPLE")]
        at: Option<u64>,
    },
    /// Ends a fault before its last sample and restores the stream.
    Stop {
        /// Its number.
        id: u32,
    },
    /// What became of a fault: samples, energy before and after.
    Verify {
        /// Its number.
        id: u32,
    },
}

/// A fault as it is typed.
#[derive(Debug, Args)]
pub struct FaultArgs {
    /// The receiver it is done to, by name.
    #[arg(long, value_name = "UE")]
    pub on: String,
    /// To what the UE sends, in place of what it gets.
    #[arg(long)]
    pub uplink: bool,
    /// How long, in radio time.
    #[arg(long = "for", value_name = "DURATION")]
    pub duration: Duration,
    /// First sample; by default the next slot.
    #[arg(long, value_name = "SAMPLE")]
    pub at: Option<u64>,
    /// What.
    #[command(subcommand)]
    pub kind: KindArgs,
}

/// What is done to the samples.
#[derive(Debug, Subcommand)]
pub enum KindArgs {
    /// Zeros.
    Blank,
    /// Weaker by so much.
    Attenuate {
        /// At least 0 dB.
        #[arg(long)]
        by: GainDb,
    },
    /// A tone is added.
    Tone {
        /// Against the carrier.
        #[arg(long, allow_hyphen_values = true)]
        frequency: Frequency,
        /// At most 0 dBFS.
        #[arg(long, allow_hyphen_values = true)]
        level: PowerDbfs,
    },
    /// White Gaussian noise is added.
    Noise {
        /// Power in the sampled bandwidth, at most 0 dBFS.
        #[arg(long, allow_hyphen_values = true)]
        level: PowerDbfs,
    },
    /// A carrier frequency offset.
    Cfo {
        /// Positive: the signal moves up.
        #[arg(long, allow_hyphen_values = true)]
        offset: Frequency,
    },
    /// A channel that stands still.
    Tdl {
        /// DELAY:GAIN or DELAY:GAIN:PHASE in samples, dB and degrees; up to 32.
        #[arg(long = "tap", required = true, allow_hyphen_values = true)]
        taps: Vec<TapArg>,
    },
}

/// `5:-6:90`
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TapArg(pub ran_bridge::air::FaultTap);

impl std::str::FromStr for TapArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text}: write DELAY:GAIN or DELAY:GAIN:PHASE, such as 5:-6:90");
        let mut parts = text.split(':');
        let delay_samples = parts.next().and_then(|t| t.parse().ok()).ok_or_else(wrong)?;
        let gain_db = parts.next().and_then(|t| t.parse().ok()).ok_or_else(wrong)?;
        let phase_deg = parts.next().map_or(Ok(0.0), |t| t.parse().map_err(|_| wrong()))?;
        if parts.next().is_some() {
            return Err(wrong());
        }
        Ok(Self(ran_bridge::air::FaultTap { delay_samples, gain_db, phase_deg }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_levels_and_taps() {
        let w = weights("1 0.5i -0.5 0.3+0.4i").unwrap();
        assert_eq!(w.0[1], Complex32::new(0.0, 0.5));
        assert_eq!(w.0[3], Complex32::new(0.3, 0.4));
        assert!(weights("1 x").is_err());
        assert_eq!(noise("off"), Ok(NoiseLevel(None)));
        assert_eq!(noise("-40 dBFS"), Ok(NoiseLevel(Some(-40.0))));
        assert!(noise("-40").is_err());
        let tap: TapArg = "5:-6:90".parse().unwrap();
        assert_eq!((tap.0.delay_samples, tap.0.gain_db, tap.0.phase_deg), (5, -6.0, 90.0));
        assert!("5".parse::<TapArg>().is_err() && "5:1:2:3".parse::<TapArg>().is_err());
    }
}
