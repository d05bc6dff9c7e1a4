//! `sidecar radio …`.

mod calibrate;
#[cfg(feature = "soapysdr")]
mod find;
#[cfg(feature = "soapysdr")]
mod selftest;
#[cfg(feature = "soapysdr")]
mod shown;

use super::args::Args;
use super::error::CliError;
use super::exit::Exit;
use clap::Subcommand;

/// `sidecar radio …`
#[derive(Debug, Subcommand)]
pub enum RadioCommand {
    /// Every device that a SoapySDR driver finds.
    List,
    /// What a device says it can do: channels, ranges, antennas, clocks, sensors.
    #[command(after_help = "Example: sidecar radio probe driver=uhd,type=x300,addr=192.168.40.2")]
    Probe {
        /// Device arguments; by default `tx.radio` of the configuration.
        radio: Option<String>,
    },
    /// Whether the radio of a running tx-guard keeps up: rate, losses, a silent burst, and with --loop-gain a tone through the cable and back.
    Selftest {
        /// Gain setting of a tone of 100 ms at -20 dBFS that must come back through the loop; without it nothing is radiated.
        #[arg(long)]
        loop_gain: Option<crate::config::GainDb>,
        /// Least level of that tone at the receiver, relative to full scale.
        #[arg(long, default_value = "-80 dBFS", allow_hyphen_values = true)]
        least: crate::config::PowerDbfs,
    },
    /// Phase, level and delay of the transmit chains against each other, through cables or the air to one receive channel.
    #[command(after_help = CALIBRATE)]
    Calibrate(calibrate::CalibrateArgs),
}

const CALIBRATE: &str = "\
Example: sidecar radio calibrate --gain '10 dB', with both transmit connectors on a combiner, 30 dB and more, and a receive connector

The running tx-guard sends a short known sequence from each of `tx.channels` in turns, as bursts under the policy, and keeps the factors with which
all arrive in phase and at one level. They hold for this gain until the transmit stream is closed (the token of --hold or a later one expires, a
stop), the guard ends, the reference clock is lost, or `tx.calibration.max_age` is over. `sidecar tx status` tells; who sends coherently with a
stale one is refused. Exit code 11: refused, with the reason.";

#[cfg(feature = "soapysdr")]
pub(super) fn run(command: &RadioCommand, args: &Args) -> Result<Exit, CliError> {
    let config = super::entry::load(args)?;
    match command {
        RadioCommand::List => find::list(args.json),
        RadioCommand::Probe { radio } => find::probe(radio.as_deref(), &config, args.json),
        RadioCommand::Selftest { loop_gain, least } => {
            selftest::run(&config, loop_gain.map(|g| g.db()), least.dbfs(), args.json)
        }
        RadioCommand::Calibrate(calibrate) => calibrate::run(calibrate, &config, args.json),
    }
}

#[cfg(not(feature = "soapysdr"))]
pub(super) fn run(command: &RadioCommand, args: &Args) -> Result<Exit, CliError> {
    match command {
        // the guard has the radio
        RadioCommand::Calibrate(calibrate) => calibrate::run(calibrate, &super::entry::load(args)?, args.json),
        _ => Err(CliError::no_radios()),
    }
}
