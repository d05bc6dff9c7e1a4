//! A transmit channel.

use super::super::error::RadioError;
use super::super::limits::Span;
use super::super::streams::{Lifeline, Transmit, TxEvent};
use super::said;
use num_complex::Complex32;
use soapysdr::{Device, Direction, ErrorCode, TxStream};

/// Longest wait for room in the driver, µs.
const WAIT_US: i64 = 10_000;

/// A transmit channel of a device. Dropped or closed, its stream ends; what is queued in the device plays out.
pub struct SoapyTransmitter {
    device: Device,
    channel: usize,
    gain: Span,
    stream: Option<TxStream<Complex32>>,
}

impl SoapyTransmitter {
    pub(super) fn new(device: Device, channel: usize, gain: Span) -> Result<Self, RadioError> {
        Ok(Self { device, channel, gain, stream: None })
    }
}

impl Transmit for SoapyTransmitter {
    fn open(&mut self) -> Result<(), RadioError> {
        if self.stream.is_none() {
            let mut stream = self.device.tx_stream(&[self.channel]).map_err(said("opening the transmit stream"))?;
            stream.activate(None).map_err(said("activating the transmit stream"))?;
            self.stream = Some(stream);
        }
        Ok(())
    }

    fn lowest_gain_db(&self) -> f64 {
        self.gain.low
    }

    fn set_gain_db(&mut self, gain_db: f64) -> Result<(), RadioError> {
        if !(gain_db >= self.gain.low && gain_db <= self.gain.high) {
            let (asked, has) = (gain_db.to_string(), self.gain.to_string());
            return Err(RadioError::Setting { what: "the transmit gain, dB,", asked, has });
        }
        self.device.set_gain(Direction::Tx, self.channel, gain_db).map_err(said("the transmit gain"))?;
        let is = self.device.gain(Direction::Tx, self.channel).map_err(said("the transmit gain"))?;
        // rounding down by a step is the device's business, above what was asked for it may not be
        if is > gain_db + 1e-3 || is < gain_db - self.gain.step - 1e-3 {
            return Err(RadioError::NotSet { what: "the transmit gain, dB,", asked: gain_db, is });
        }
        Ok(())
    }

    fn time_ns(&self) -> Result<i64, RadioError> {
        self.device.get_hardware_time(None).map_err(said("the device's time"))
    }

    fn write(&mut self, samples: &[Complex32], at_ns: Option<i64>, ends: bool) -> Result<usize, RadioError> {
        let Some(stream) = &mut self.stream else {
            return Err(RadioError::Gone("its transmit stream is not open".into()));
        };
        match stream.write(&[samples], at_ns, ends, WAIT_US) {
            Ok(n) => Ok(n),
            Err(e) if e.code == ErrorCode::Timeout => Ok(0),
            Err(e) => Err(said("sending samples")(e)),
        }
    }

    fn event(&mut self) -> Result<Option<TxEvent>, RadioError> {
        let Some(stream) = &mut self.stream else { return Ok(None) };
        let (mut channels, mut flags, mut time_ns) = (0, 0, 0);
        match stream.read_status(&mut channels, &mut flags, &mut time_ns, 0) {
            Ok(_) => Ok(Some(TxEvent::BurstEnd)),
            Err(e) => match e.code {
                ErrorCode::Timeout | ErrorCode::NotSupported => Ok(None),
                ErrorCode::Underflow => Ok(Some(TxEvent::Underflow)),
                ErrorCode::TimeError => Ok(Some(TxEvent::Late)),
                ErrorCode::StreamError => Err(RadioError::Gone(e.to_string())),
                _ => Ok(Some(TxEvent::Other(e.to_string()))),
            },
        }
    }

    fn close(&mut self) {
        self.stream = None;
    }

    fn lifeline(&self) -> Box<dyn Lifeline> {
        Box::new(LowestGain { device: self.device.clone(), channel: self.channel, lowest_db: self.gain.low })
    }
}

struct LowestGain {
    device: Device,
    channel: usize,
    lowest_db: f64,
}

impl Lifeline for LowestGain {
    fn drop_gain(&self) -> Result<(), RadioError> {
        self.device.set_gain(Direction::Tx, self.channel, self.lowest_db).map_err(said("the lowest transmit gain"))
    }
}
