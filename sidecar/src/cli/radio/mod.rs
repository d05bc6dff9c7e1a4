//! `sidecar radio …`.

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
}

#[cfg(feature = "soapysdr")]
pub(super) fn run(command: &RadioCommand, args: &Args) -> Result<Exit, CliError> {
    let config = super::entry::load(args)?;
    match command {
        RadioCommand::List => find::list(args.json),
        RadioCommand::Probe { radio } => find::probe(radio.as_deref(), &config, args.json),
        RadioCommand::Selftest { loop_gain, least } => {
            selftest::run(&config, loop_gain.map(|g| g.db()), least.dbfs(), args.json)
        }
    }
}

#[cfg(not(feature = "soapysdr"))]
pub(super) fn run(_: &RadioCommand, _: &Args) -> Result<Exit, CliError> {
    Err(CliError::no_radios())
}
