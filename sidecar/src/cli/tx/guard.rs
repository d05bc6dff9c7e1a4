//! The process `tx-guard`.

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::stop::Stop;
use crate::config::Config;

/// Runs it until it is told to stop.
#[cfg(feature = "soapysdr")]
pub(crate) fn guard(config: &Config, run: u64, stop: &Stop) -> Result<(), CliError> {
    use crate::tx::guard::{Clocks, Parts, run as run_guard};
    use crate::tx::{LogFile, TxError};
    use ran_bridge::radio::{RadioError, SoapyUsrp};

    if config.tx.radio.is_none() {
        return Err(CliError::new(
            Exit::Config,
            "no radio is configured",
            "`tx.radio: driver=…` names one; `sidecar radio list` shows what there is",
        ));
    }
    let guard = config.tx_guard(run).map_err(TxError::from)?;
    let (disk, chain) = LogFile::open(&guard.log)?;
    let radio = SoapyUsrp::open(&guard.radio).map_err(TxError::from)?;
    let (tx, rx) = radio.streams(&guard.radio).map_err(TxError::from)?;
    let tx = tx.ok_or(TxError::Radio(RadioError::Gone("it has no transmitter".into())))?;
    let parts = Parts {
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
