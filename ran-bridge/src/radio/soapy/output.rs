//! What lies between transmit channels and the air: their connectors, and a switch that a setting of the device drives. The library's GPIO would
//! be another way; the crate `soapysdr` does not have it.

use super::super::config::{Switch, TxConfig};
use super::super::error::RadioError;
use super::said;
use soapysdr::{Device, Direction};

/// Both positions of it. It only calls the device where something is configured.
#[derive(Clone)]
pub(super) struct Output {
    device: Device,
    /// Channel, connector while something may be sent, connector else.
    antennas: Vec<(usize, String, String)>,
    switch: Option<Switch>,
}

impl Output {
    /// As it is configured, which was looked at: where there is a safe connector, the other has a name, too.
    pub(super) fn new(device: &Device, config: &TxConfig) -> Self {
        let both = config.antenna.clone().zip(config.safe.antenna.clone());
        let of = |channel: &usize| both.clone().map(|(on_air, safe)| (*channel, on_air, safe));
        let antennas = config.channels.iter().filter_map(of).collect();
        Self { device: device.clone(), antennas, switch: config.safe.switch.clone() }
    }

    pub(super) fn connect(&self) -> Result<(), RadioError> {
        self.antennas.iter().try_for_each(|(channel, on_air, _)| self.antenna(*channel, on_air))?;
        self.switch.as_ref().map_or(Ok(()), |s| self.set(&s.setting, &s.on_air))
    }

    pub(super) fn disconnect(&self) -> Result<(), RadioError> {
        let mut all: Vec<Result<(), RadioError>> =
            self.antennas.iter().map(|(channel, _, safe)| self.antenna(*channel, safe)).collect();
        all.extend(self.switch.as_ref().map(|s| self.set(&s.setting, &s.safe)));
        all.into_iter().collect()
    }

    fn antenna(&self, channel: usize, name: &str) -> Result<(), RadioError> {
        let what = "the transmit antenna";
        self.device.set_antenna(Direction::Tx, channel, name).map_err(said(what))?;
        follows(what, name, self.device.antenna(Direction::Tx, channel).map_err(said(what))?)
    }

    fn set(&self, key: &str, value: &str) -> Result<(), RadioError> {
        let what = "the setting of the switch";
        self.device.write_setting(key, value).map_err(said(what))?;
        follows(what, value, self.device.read_setting(key).map_err(said(what))?)
    }
}

fn follows(what: &'static str, asked: &str, is: String) -> Result<(), RadioError> {
    if is == asked { Ok(()) } else { Err(RadioError::NotSaid { what, asked: asked.to_owned(), is }) }
}
