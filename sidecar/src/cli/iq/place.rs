//! Where samples come from and go to, as it is typed.

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::config::{Config, Frequency};
use ran_bridge::iq::{SigmfSource, Source, StreamError, WireSource, same_rate};
use std::ffi::OsStr;
use std::path::PathBuf;

/// A radio, a wire or a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `radio`: that of the section `tx`.
    Radio,
    /// An address with `://`.
    Wire(String),
    /// Anything else.
    File(PathBuf),
}

impl Place {
    /// What this text means.
    pub fn of(text: &OsStr) -> Self {
        match text.to_str() {
            Some("radio") => Self::Radio,
            Some(address) if address.contains("://") => Self::Wire(address.to_owned()),
            _ => Self::File(text.into()),
        }
    }

    /// Opens it to be read. A wire has the rate that is named, else that of `air`; a radio is set to it, else to that of `tx`; a recording must have it.
    pub(super) fn open(
        &self,
        rate: Option<Frequency>,
        repeats: bool,
        config: &Config,
    ) -> Result<Box<dyn Source>, CliError> {
        match self {
            Self::Radio => radio(rate, config),
            Self::Wire(address) => Ok(Box::new(WireSource::open(address, self.rate_hz(rate, config))?)),
            Self::File(path) => {
                let source = SigmfSource::open(path).map_err(StreamError::from)?;
                if let Some(rate) = rate {
                    same_rate(source.rate_hz(), rate.hz())?;
                }
                Ok(Box::new(if repeats { source.repeated() } else { source }))
            }
        }
    }

    /// The rate of a wire.
    pub(super) fn rate_hz(&self, rate: Option<Frequency>, config: &Config) -> f64 {
        rate.unwrap_or(config.air.sample_rate).hz()
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Radio => f.write_str("the radio"),
            Self::Wire(address) => f.write_str(address),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// The first of the receive channels, and nothing else of the radio: no transmit stream is made.
#[cfg(feature = "soapysdr")]
fn radio(rate: Option<Frequency>, config: &Config) -> Result<Box<dyn Source>, CliError> {
    use crate::tx::TxError;
    use ran_bridge::radio::{RadioError, RadioSource, SoapyDevice};

    if config.tx.radio.is_none() {
        return Err(CliError::no_radio_named());
    }
    let mut ask = config.tx_radio().map_err(TxError::from)?;
    ask.tx = None;
    ask.rate_hz = rate.map_or(ask.rate_hz, Frequency::hz);
    let frequency_hz = ask.rx.as_mut().map_or(0.0, |rx| {
        rx.channels.truncate(1);
        rx.frequency_hz
    });
    let (_, rx) = SoapyDevice::open(&ask).and_then(|device| device.streams(&ask)).map_err(TxError::from)?;
    let rx = rx.ok_or(TxError::Radio(RadioError::Gone("it has no receiver".into())))?;
    Ok(Box::new(RadioSource::new(Box::new(rx), ask.rate_hz, frequency_hz)))
}

#[cfg(not(feature = "soapysdr"))]
fn radio(_: Option<Frequency>, _: &Config) -> Result<Box<dyn Source>, CliError> {
    Err(CliError::no_radios())
}

impl From<StreamError> for CliError {
    fn from(e: StreamError) -> Self {
        let (exit, help) = match e {
            StreamError::Radio(e) => return crate::tx::TxError::from(e).into(),
            StreamError::Rate { .. } => (Exit::Input, "--rate names it; for a wire it is `air.sample_rate` otherwise"),
            StreamError::Recording(_) => {
                (Exit::Input, "a recording is NAME.sigmf-meta with its samples beside it as NAME.sigmf-data")
            }
            StreamError::Address(_) => (Exit::Usage, ""),
            StreamError::Bind { .. } => (Exit::System, "`ss -ltnp` tells who has the port"),
            StreamError::Gone(_) | StreamError::Unsent { .. } => (Exit::Peer, ""),
            StreamError::Message(_) | StreamError::Protocol(_) => (Exit::Peer, "is it the tx_port of a ZMQ radio?"),
            StreamError::Backwards { .. } => (Exit::Internal, "please report this"),
        };
        Self::new(exit, e, help)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed() {
        let of = |text: &str| Place::of(OsStr::new(text));
        assert_eq!(of("radio"), Place::Radio);
        assert_eq!(of("tcp://*:2000"), Place::Wire("tcp://*:2000".into()));
        assert_eq!(of("./radio"), Place::File("./radio".into()));
        assert_eq!(of("heard.sigmf-meta"), Place::File("heard.sigmf-meta".into()));
    }

    #[test]
    fn a_rate_that_a_recording_does_not_have_is_refused_with_both() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../hil-tests/fixtures/air/five_ci16");
        let open = |rate| Place::of(OsStr::new(file)).open(rate, false, &Config::default());
        assert_eq!(open(None).unwrap().rate_hz(), 7.68e6);
        assert!(open(Some(Frequency::new(7.68e6))).is_ok());
        let refused = open(Some(Frequency::new(11.52e6))).err().unwrap();
        assert_eq!(refused.exit, Exit::Input);
        assert!(refused.message.contains("7680000") && refused.message.contains("11520000"), "{refused}");
    }
}
