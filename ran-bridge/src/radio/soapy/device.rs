//! Opens a device and sets it, checking each value before and after.

use super::super::config::{RadioConfig, RxConfig};
use super::super::error::RadioError;
use super::super::limits::{DeviceLimits, RATE_TOLERANCE, Span};
use super::super::profile::Profile;
use super::output::Output;
use super::probe::limits;
use super::rx::SoapyReceiver;
use super::said;
use super::tx::SoapyTransmitter;
use soapysdr::{Device, Direction};

/// A synthesiser's step is some Hz.
const FREQUENCY_TOLERANCE_HZ: f64 = 100.0;
/// A gain's step where the device names none, dB.
const GAIN_STEP_DB: f64 = 0.5;

/// An open device. Its streams keep it open.
pub struct SoapyDevice {
    pub(super) device: Device,
    limits: DeviceLimits,
}

impl SoapyDevice {
    /// Opens it, with what its family needs.
    ///
    /// # Errors
    /// [`RadioError::Open`].
    pub fn open(config: &RadioConfig) -> Result<Self, RadioError> {
        let profile = Profile::of(&config.args);
        let args = profile.complete(config.args.clone()).to_string();
        let device = Device::new(args.as_str()).map_err(|e| RadioError::Open { args, why: e.message })?;
        let limits = limits(&device)?;
        Ok(Self { device, limits })
    }

    /// What it says it can do.
    #[must_use]
    pub const fn limits(&self) -> &DeviceLimits {
        &self.limits
    }

    /// Sets everything but transmit gains, which go to their lowest, and gives the streams that were asked for.
    ///
    /// # Errors
    /// [`RadioError`]: the value, what there is, or what the device made of it.
    pub fn streams(
        &self,
        config: &RadioConfig,
    ) -> Result<(Option<SoapyTransmitter>, Option<SoapyReceiver>), RadioError> {
        // every value is looked at before the first is set
        self.limits.check(config)?;
        for channel in 0..self.limits.tx.len() {
            let lowest = self.limits.channel(true, channel)?.gain_db.low;
            self.device.set_gain(Direction::Tx, channel, lowest).map_err(said("the lowest transmit gain"))?;
        }
        if let Some(clock) = &config.clock_source {
            self.device.set_clock_source(clock.as_str()).map_err(said("the clock source"))?;
        }
        if let Some(time) = &config.time_source {
            self.device.set_time_source(time.as_str()).map_err(said("the time source"))?;
        }
        let tx = config.tx.as_ref().map(|tx| {
            let output = Output::new(&self.device, tx);
            let antenna = tx.safe.antenna.as_deref().or(tx.antenna.as_deref());
            for channel in &tx.channels {
                self.tune((Direction::Tx, *channel), config.rate_hz, tx.frequency_hz, antenna)?;
            }
            output.disconnect()?;
            // the same of all, which was looked at
            let gain = self.limits.channel(true, tx.channels[0])?.gain_db;
            Ok(SoapyTransmitter::new(self.device.clone(), tx.channels.clone(), stepped(gain), output))
        });
        let rx = config.rx.as_ref().map(|rx| {
            let mut gains = Vec::new();
            for channel in &rx.channels {
                self.tune((Direction::Rx, *channel), config.rate_hz, rx.frequency_hz, rx.antenna.as_deref())?;
                self.receive_gain(*channel, rx)?;
                gains.push(stepped(self.limits.channel(false, *channel)?.gain_db));
            }
            SoapyReceiver::new(&self.device, &rx.channels, gains, config.rate_hz, self.limits.has_time)
        });
        Ok((tx.transpose()?, rx.transpose()?))
    }

    /// The overall gain, which the driver shares out, then the elements that were asked for by name.
    fn receive_gain(&self, channel: usize, rx: &RxConfig) -> Result<(), RadioError> {
        let (d, to) = (&self.device, Direction::Rx);
        let limits = self.limits.channel(false, channel)?;
        d.set_gain(to, channel, rx.gain_db).map_err(said("the receive gain"))?;
        let is = d.gain(to, channel).map_err(said("the receive gain"))?;
        follows("the receive gain, dB,", rx.gain_db, is, stepped(limits.gain_db).step)?;
        for (name, gain_db) in &rx.gain_elements_db {
            let what = "an element of the receive gain";
            d.set_gain_element(to, channel, name.as_str(), *gain_db).map_err(said(what))?;
        }
        // each is read after the last was set: a driver may move others with it
        for (name, gain_db) in &rx.gain_elements_db {
            let is = d.gain_element(to, channel, name.as_str()).map_err(said("an element of the receive gain"))?;
            follows("an element of the receive gain, dB,", *gain_db, is, stepped(limits.gain_element(name)?).step)?;
        }
        Ok(())
    }

    fn tune(
        &self,
        (direction, channel): (Direction, usize),
        rate_hz: f64,
        frequency_hz: f64,
        antenna: Option<&str>,
    ) -> Result<(), RadioError> {
        let d = &self.device;
        d.set_sample_rate(direction, channel, rate_hz).map_err(said("the sample rate"))?;
        let is = d.sample_rate(direction, channel).map_err(said("the sample rate"))?;
        follows("the sample rate, Hz,", rate_hz, is, RATE_TOLERANCE * rate_hz)?;
        if let Some(antenna) = antenna {
            d.set_antenna(direction, channel, antenna).map_err(said("the antenna"))?;
        }
        d.set_frequency(direction, channel, frequency_hz, ()).map_err(said("the frequency"))?;
        let is = d.frequency(direction, channel).map_err(said("the frequency"))?;
        follows("the frequency, Hz,", frequency_hz, is, FREQUENCY_TOLERANCE_HZ)
    }
}

fn stepped(gain: Span) -> Span {
    Span { step: if gain.step > 0.0 { gain.step } else { GAIN_STEP_DB }, ..gain }
}

/// Whether the device did what it was told.
pub(super) fn follows(what: &'static str, asked: f64, is: f64, tolerance: f64) -> Result<(), RadioError> {
    if (asked - is).abs() <= tolerance { Ok(()) } else { Err(RadioError::NotSet { what, asked, is }) }
}
