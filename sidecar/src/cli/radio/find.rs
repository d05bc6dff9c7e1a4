//! `sidecar radio list` and `probe`.

use super::shown::shown;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::text;
use crate::config::Config;
use crate::tx::TxError;
use ran_bridge::radio::{DeviceArgs, RadioConfig, SoapyDevice, enumerate};

pub(super) fn list(as_json: bool) -> Result<Exit, CliError> {
    let all = enumerate("").map_err(TxError::from)?;
    if as_json {
        text::json(&all)?;
    } else if all.is_empty() {
        return Err(CliError::new(
            Exit::Peer,
            "no driver finds a radio",
            "`SoapySDRUtil --info` lists the modules; a USRP needs soapysdr-module-uhd, and SOAPY_SDR_PLUGIN_PATH finds others. `sidecar doctor` looks closer",
        ));
    } else {
        let mut rows = vec![["what", "arguments"].map(str::to_owned).to_vec()];
        rows.extend(all.into_iter().map(|f| vec![f.label, f.args]));
        text::out(&text::columns(&rows))?;
    }
    Ok(Exit::Ok)
}

pub(super) fn probe(radio: Option<&str>, config: &Config, as_json: bool) -> Result<Exit, CliError> {
    let named = radio.or(config.tx.radio.as_deref()).unwrap_or_default();
    let args = DeviceArgs::parse(named).map_err(TxError::from)?;
    let ask = RadioConfig { args, rate_hz: 0.0, clock_source: None, time_source: None, tx: None, rx: None };
    let radio = SoapyDevice::open(&ask).map_err(TxError::from)?;
    if as_json {
        text::json(radio.limits())?;
    } else {
        text::out(&shown(radio.limits()))?;
    }
    Ok(Exit::Ok)
}
