//! The sensor of the reference.

use super::super::config::RadioConfig;
use super::super::error::RadioError;
use super::super::streams::Reference;
use super::device::SoapyDevice;
use super::said;
use soapysdr::{Device, Direction};

/// Its name with a USRP.
const SENSOR: &str = "ref_locked";

/// The sensor `ref_locked` of a device, or of its first transmit channel.
pub struct SoapyReference {
    device: Device,
    /// `None` = the device's.
    channel: Option<usize>,
}

impl SoapyDevice {
    /// The reference clock in use; empty where the driver does not tell.
    #[must_use]
    pub fn clock_source(&self) -> String {
        self.device.get_clock_source().unwrap_or_default()
    }

    /// The sensor that tells whether the reference is followed; `None` where there is none.
    #[must_use]
    pub fn reference(&self, config: &RadioConfig) -> Option<SoapyReference> {
        let device = self.device.clone();
        let has = |all: Vec<String>| all.iter().any(|name| name == SENSOR);
        if has(device.list_sensors().unwrap_or_default()) {
            return Some(SoapyReference { device, channel: None });
        }
        let channel = *config.tx.as_ref()?.channels.first()?;
        let is_there = has(device.list_channel_sensors(Direction::Tx, channel).unwrap_or_default());
        is_there.then_some(SoapyReference { device, channel: Some(channel) })
    }
}

impl Reference for SoapyReference {
    fn is_locked(&mut self) -> Result<bool, RadioError> {
        let said_so = match self.channel {
            None => self.device.read_sensor(SENSOR),
            Some(channel) => self.device.read_channel_sensor(Direction::Tx, channel, SENSOR),
        };
        // what is not a clear yes is a no
        said_so.map(|s| s.trim().eq_ignore_ascii_case("true")).map_err(said("the sensor ref_locked"))
    }
}
