//! What is there, and what it says it can do.

use super::super::error::RadioError;
use super::super::limits::{ChannelLimits, DeviceLimits, Span};
use super::said;
use soapysdr::{Device, Direction, Range};

/// A device that a driver has found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Found {
    /// Arguments that open it.
    pub args: String,
    /// What it is called.
    pub label: String,
}

/// Devices that fit the arguments; empty text: all.
///
/// # Errors
/// The library's.
pub fn enumerate(args: &str) -> Result<Vec<Found>, RadioError> {
    let all = soapysdr::enumerate(args).map_err(said("looking for devices"))?;
    let found = |a: soapysdr::Args| {
        let label = a.get("label").unwrap_or("a device").to_owned();
        let pairs: Vec<String> = a.iter().filter(|(k, _)| *k != "label").map(|(k, v)| format!("{k}={v}")).collect();
        Found { args: pairs.join(","), label }
    };
    Ok(all.into_iter().map(found).collect())
}

fn span(r: &Range) -> Span {
    Span { low: r.minimum, high: r.maximum, step: r.step }
}

pub(super) fn limits(device: &Device) -> Result<DeviceLimits, RadioError> {
    let info = device.hardware_info().map_err(said("the hardware's information"))?;
    let serial = ["serial", "mboard_serial", "device_serial"].iter().find_map(|k| info.get(k));
    let sensors = device.list_sensors().unwrap_or_default();
    let all = |direction| -> Result<Vec<ChannelLimits>, RadioError> {
        let n = device.num_channels(direction).map_err(said("the number of channels"))?;
        (0..n).map(|c| channel(device, direction, c)).collect()
    };
    Ok(DeviceLimits {
        driver: device.driver_key().map_err(said("the driver"))?,
        hardware: device.hardware_key().map_err(said("the hardware"))?,
        serial: serial.unwrap_or_default().to_owned(),
        info: info.iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
        clock_sources: device.list_clock_sources().unwrap_or_default(),
        time_sources: device.list_time_sources().unwrap_or_default(),
        has_time: device.has_hardware_time(None).unwrap_or(false),
        sensors: sensors.into_iter().filter_map(|k| Some((k.clone(), device.read_sensor(&k).ok()?))).collect(),
        tx: all(Direction::Tx)?,
        rx: all(Direction::Rx)?,
    })
}

fn channel(device: &Device, direction: Direction, c: usize) -> Result<ChannelLimits, RadioError> {
    let spans = |all: Vec<Range>| all.iter().map(span).collect();
    let elements = device.list_gains(direction, c).map_err(said("the gain's elements"))?;
    let element = |name: String| {
        let range = device.gain_element_range(direction, c, name.as_str()).map_err(said("an element of the gain"))?;
        Ok((name, span(&range)))
    };
    let sensors = device.list_channel_sensors(direction, c).unwrap_or_default();
    let read = |key: String| Some((key.clone(), device.read_channel_sensor(direction, c, &key).ok()?));
    Ok(ChannelLimits {
        frequency_hz: spans(device.frequency_range(direction, c).map_err(said("the range of frequencies"))?),
        rate_hz: spans(device.get_sample_rate_range(direction, c).map_err(said("the range of rates"))?),
        gain_db: span(&device.gain_range(direction, c).map_err(said("the range of gains"))?),
        gain_elements_db: elements.into_iter().map(element).collect::<Result<_, RadioError>>()?,
        antennas: device.antennas(direction, c).map_err(said("the antennas"))?,
        sensors: sensors.into_iter().filter_map(read).collect(),
    })
}
