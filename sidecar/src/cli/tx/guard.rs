//! The process `tx-guard`.

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::stop::Stop;
use crate::config::Config;

/// Runs it until it is told to stop.
#[cfg(feature = "soapysdr")]
pub(crate) fn guard(config: &Config, run: u64, stop: &Stop) -> Result<(), CliError> {
    use crate::notify::Notify;
    use crate::tx::guard::{Clocks, Parts, run as run_guard};
    use crate::tx::{LogFile, TxError};
    use ran_bridge::radio::{RadioError, Reference, SoapyDevice};

    if config.tx.radio.is_none() {
        return Err(CliError::no_radio_named());
    }
    let guard = config.tx_guard(run).map_err(TxError::from)?;
    let (disk, chain) = LogFile::open(&guard.log)?;
    let radio = SoapyDevice::open(&guard.radio).map_err(TxError::from)?;
    let (tx, rx) = radio.streams(&guard.radio).map_err(TxError::from)?;
    let tx = tx.ok_or(TxError::Radio(RadioError::Gone("it has no transmitter".into())))?;
    let reference = match radio.reference(&guard.radio) {
        _ if !guard.watches_reference(&radio.clock_source()) => None,
        Some(sensor) => Some(Box::new(sensor) as Box<dyn Reference>),
        None if guard.stop_without_reference == Some(true) => {
            let (what, asked) = ("to watch the reference by the sensor", "ref_locked".to_owned());
            let has = radio.limits().sensors.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(TxError::Radio(RadioError::Setting { what, asked, has }).into());
        }
        None => {
            tracing::warn!("the radio has no sensor ref_locked: a lost reference ends nothing");
            None
        }
    };
    let told = |source| TxError::System { what: "the service manager's socket", source };
    let parts = Parts {
        reference,
        notify: Notify::from_env(|key| std::env::var_os(key), std::process::id()).map_err(told)?,
        tx: Box::new(tx),
        rx: rx.map(|rx| Box::new(rx) as Box<dyn ran_bridge::radio::Receive>),
        hardware: radio.limits().hardware.clone(),
        serial: radio.limits().serial.clone(),
        disk: Box::new(disk),
        chain,
        clocks: Clocks::system(),
    };
    Ok(run_guard(&guard, parts, stop.flag())?)
}

/// This build has no radios.
#[cfg(not(feature = "soapysdr"))]
pub(crate) fn guard(_: &Config, _: u64, _: &Stop) -> Result<(), CliError> {
    Err(CliError::no_radios())
}

impl CliError {
    /// For configurations without a radio.
    #[cfg(feature = "soapysdr")]
    pub(crate) fn no_radio_named() -> Self {
        Self::new(
            Exit::Config,
            "no radio is configured",
            "`tx.radio: driver=…` names one; `sidecar radio list` shows what there is",
        )
    }

    /// For builds without SoapySDR.
    #[cfg(not(feature = "soapysdr"))]
    pub(crate) fn no_radios() -> Self {
        Self::new(
            Exit::Usage,
            "this sidecar was built without radios",
            "`apt-get install libsoapysdr-dev`, then `cargo build -p sidecar --features soapysdr`",
        )
    }
}
