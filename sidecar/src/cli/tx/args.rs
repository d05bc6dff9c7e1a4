//! What can be typed after `sidecar tx`.

use crate::config::{Duration, Frequency, GainDb, PowerDbfs};
use clap::{Args, Subcommand};
use governor::Token;
use std::path::PathBuf;

const FIRE: &str = "\
Examples:
  sidecar tx fire --tone '100 kHz' --level '-20 dBFS' --gain '10 dB' --for '5 ms'
  sidecar tx fire --noise --level '-12 dBFS' --gain '10 dB' --for '50 ms' --jam 1
  sidecar tx fire --zeros --gain '0 dB' --for '1 s'     everything but a signal

Without --token it arms by itself for as long as the burst needs. It feeds the dead-man while it runs: Ctrl-C, or its end by any other
way, ends the burst.";

/// `sidecar tx …`
#[derive(Debug, Subcommand)]
pub enum TxCommand {
    /// Whether anything is armed or on air, who allows it, what was refused, how the log stands.
    Status {
        /// Goes on until Ctrl-C: in place on a terminal, else a line for each change; with --json a line of JSON for each.
        #[arg(long, short)]
        watch: bool,
    },
    /// Asks for the right to fire: a token that is bound to policy, radio, band and mode, and expires.
    Arm(ArmArgs),
    /// Sends one burst of so many samples, and waits for its end.
    #[command(after_help = FIRE)]
    Fire(FireArgs),
    /// Brings the safe state at once, with the guard's help or without: exit code 0 means that nothing is sent any more.
    Stop,
    /// Prints the transmit log.
    Log {
        /// The file; by default that of the configuration.
        file: Option<PathBuf>,
        /// Only the last lines.
        #[arg(short = 'n', long, value_name = "N")]
        lines: Option<usize>,
        /// Writes each burst as an annotation of SigMF metadata to this file instead.
        #[arg(long, value_name = "OUT", conflicts_with = "lines")]
        sigmf: Option<PathBuf>,
    },
    /// Checks that no line of the log was changed, dropped or moved.
    Verify {
        /// The file; by default that of the configuration.
        file: Option<PathBuf>,
        /// Hash that its last line must have: then lines dropped at its end are found, too.
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
    /// Feeds the dead-man in the place of the control loop, until it is stopped.
    #[command(hide = true)]
    Feed,
    /// Makes the lab's key: KEY, to be kept away from the machines that transmit, and KEY.pub for them.
    Keygen {
        /// File of the secret half.
        #[arg(default_value = "lab.key")]
        key: PathBuf,
    },
    /// Signs a policy: writes POLICY.sig.
    Sign {
        /// The policy, YAML.
        policy: PathBuf,
        /// The secret key.
        #[arg(long, default_value = "lab.key")]
        key: PathBuf,
    },
}

/// Arming.
#[derive(Debug, Args)]
pub struct ArmArgs {
    /// How long the token holds, 60 s at most.
    #[arg(long = "for", value_name = "DURATION", default_value = "10 s")]
    pub duration: Duration,
    /// Friendly jamming of this cell, which the policy must name; the guard listens first and refuses where another is heard.
    #[arg(long, value_name = "PCI")]
    pub jam: Option<u16>,
    /// The phrase that the policy wants typed before anything goes into the air.
    #[arg(long, default_value = "")]
    pub phrase: String,
}

/// One burst.
#[derive(Debug, Args)]
pub struct FireArgs {
    /// A token from `sidecar tx arm`.
    #[arg(long, value_parser = parse_token, conflicts_with_all = ["jam", "phrase"])]
    pub token: Option<Token>,
    /// Gain setting of the radio.
    #[arg(long)]
    pub gain: GainDb,
    /// Which of `tx.channels` sends it, by its place from 0; the others are silent.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub channel: usize,
    /// On all channels, each with its factor of `sidecar radio calibrate`: in phase and at one level where that was measured.
    #[arg(long, conflicts_with = "channel")]
    pub coherent: bool,
    /// On all channels, each with its factor of `sidecar radio calibrate`, so that they add up to nothing where that was measured, and not elsewhere:
    /// with --noise, null-space noise that spares the receiver there.
    #[arg(long, conflicts_with_all = ["channel", "coherent"])]
    pub spare: bool,
    /// Length; or give --samples.
    #[arg(long = "for", value_name = "DURATION", required_unless_present_any = ["samples", "play"])]
    pub duration: Option<Duration>,
    /// Length in samples.
    #[arg(long, conflicts_with = "duration")]
    pub samples: Option<u64>,
    /// A line this far above the centre.
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true, group = "wave", requires = "level")]
    pub tone: Option<Frequency>,
    /// Noise over the whole sampled band.
    #[arg(long, group = "wave", requires = "level")]
    pub noise: bool,
    /// Silence: everything but a signal.
    #[arg(long, group = "wave")]
    pub zeros: bool,
    /// A recording (`.sigmf-meta`) at the radio's rate, once.
    #[arg(long, value_name = "FILE", group = "wave", conflicts_with_all = ["duration", "samples"])]
    pub play: Option<PathBuf>,
    /// The samples are made here and handed over as they are needed, as a recording's are.
    #[arg(long, hide = true)]
    pub hand_over: bool,
    /// Somebody else feeds the dead-man.
    #[arg(long, hide = true)]
    pub no_feed: bool,
    /// Mean power of what is sent, relative to full scale.
    #[arg(long, allow_hyphen_values = true)]
    pub level: Option<PowerDbfs>,
    /// Seed of the noise.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// See `sidecar tx arm`.
    #[arg(long, value_name = "PCI")]
    pub jam: Option<u16>,
    /// See `sidecar tx arm`.
    #[arg(long, default_value = "")]
    pub phrase: String,
}

fn parse_token(text: &str) -> Result<Token, String> {
    text.parse().map_err(str::to_owned)
}
