//! Transmit channels of one stream.

use super::super::error::RadioError;
use super::super::limits::Span;
use super::super::streams::{Lifeline, Transmit, TxEvent, fit};
use super::output::Output;
use super::said;
use num_complex::Complex32;
use soapysdr::{Device, Direction, ErrorCode, TxStream};
use std::collections::VecDeque;

/// Longest wait for room in the driver, µs.
const WAIT_US: i64 = 10_000;
/// So much of what one channel told is kept, to know it again when another tells it.
const TOLD: usize = 16;

/// Transmit channels of a device. Dropped or closed, their stream ends; what is queued in the device plays out.
pub struct SoapyTransmitter {
    device: Device,
    channels: Vec<usize>,
    gain: Span,
    output: Output,
    is_connected: bool,
    stream: Option<TxStream<Complex32>>,
    /// What was told last: code, device's time, ns, and of which channels.
    told: VecDeque<(Option<ErrorCode>, i64, usize)>,
}

impl SoapyTransmitter {
    pub(super) fn new(device: Device, channels: Vec<usize>, gain: Span, output: Output) -> Self {
        let told = VecDeque::with_capacity(TOLD);
        Self { device, channels, gain, output, is_connected: false, stream: None, told }
    }

    fn set_one(&self, channel: usize, gain_db: f64) -> Result<(), RadioError> {
        self.device.set_gain(Direction::Tx, channel, gain_db).map_err(said("the transmit gain"))?;
        let is = self.device.gain(Direction::Tx, channel).map_err(said("the transmit gain"))?;
        // rounding down by a step is the device's business, above what was asked for it may not be
        if is > gain_db + 1e-3 || is < gain_db - self.gain.step - 1e-3 {
            return Err(RadioError::NotSet { what: "the transmit gain, dB,", asked: gain_db, is });
        }
        Ok(())
    }

    /// Whether another channel has told the same of this moment already.
    fn is_repeated(&mut self, code: Option<ErrorCode>, time_ns: i64, channels: usize) -> bool {
        let same = |t: &&mut (Option<ErrorCode>, i64, usize)| (t.0, t.1) == (code, time_ns) && t.2 & channels == 0;
        if let Some(told) = self.told.iter_mut().find(same) {
            told.2 |= channels;
            return true;
        }
        if self.told.len() == TOLD {
            self.told.pop_front();
        }
        self.told.push_back((code, time_ns, channels));
        false
    }
}

/// Does it for each channel, whatever became of the one before; the first that failed counts.
fn each(channels: &[usize], set: impl FnMut(&usize) -> Result<(), RadioError>) -> Result<(), RadioError> {
    let all: Vec<Result<(), RadioError>> = channels.iter().map(set).collect();
    all.into_iter().collect()
}

impl Transmit for SoapyTransmitter {
    fn channels(&self) -> usize {
        self.channels.len()
    }

    fn open(&mut self) -> Result<(), RadioError> {
        if self.stream.is_none() {
            let mut stream = self.device.tx_stream(&self.channels).map_err(said("opening the transmit stream"))?;
            stream.activate(None).map_err(said("activating the transmit stream"))?;
            self.stream = Some(stream);
        }
        Ok(())
    }

    fn connect(&mut self) -> Result<(), RadioError> {
        if !self.is_connected {
            self.output.connect()?;
            self.is_connected = true;
        }
        Ok(())
    }

    fn disconnect(&mut self) -> Result<(), RadioError> {
        self.is_connected = false;
        self.output.disconnect()
    }

    fn lowest_gain_db(&self) -> f64 {
        self.gain.low
    }

    fn set_gain_db(&mut self, gain_db: f64) -> Result<(), RadioError> {
        if !(gain_db >= self.gain.low && gain_db <= self.gain.high) {
            let (asked, has) = (gain_db.to_string(), self.gain.to_string());
            return Err(RadioError::Setting { what: "the transmit gain, dB,", asked, has });
        }
        each(&self.channels, |channel| self.set_one(*channel, gain_db))
    }

    fn time_ns(&self) -> Result<i64, RadioError> {
        self.device.get_hardware_time(None).map_err(said("the device's time"))
    }

    fn write(&mut self, samples: &[&[Complex32]], at_ns: Option<i64>, ends: bool) -> Result<usize, RadioError> {
        fit(self.channels.len(), samples.iter().map(|s| s.len()))?;
        let Some(stream) = &mut self.stream else {
            return Err(RadioError::Gone("its transmit stream is not open".into()));
        };
        match stream.write(samples, at_ns, ends, WAIT_US) {
            Ok(n) => Ok(n),
            Err(e) if e.code == ErrorCode::Timeout => Ok(0),
            Err(e) => Err(said("sending samples")(e)),
        }
    }

    fn event(&mut self) -> Result<Option<TxEvent>, RadioError> {
        loop {
            let Some(stream) = &mut self.stream else { return Ok(None) };
            let (mut channels, mut flags, mut time_ns) = (0, 0, 0);
            let (code, event) = match stream.read_status(&mut channels, &mut flags, &mut time_ns, 0) {
                Ok(_) => (None, TxEvent::BurstEnd),
                Err(e) => match e.code {
                    ErrorCode::Timeout | ErrorCode::NotSupported => return Ok(None),
                    ErrorCode::StreamError => return Err(RadioError::Gone(e.to_string())),
                    ErrorCode::Underflow => (Some(e.code), TxEvent::Underflow),
                    ErrorCode::TimeError => (Some(e.code), TxEvent::Late),
                    _ => (Some(e.code), TxEvent::Other(e.to_string())),
                },
            };
            if !self.is_repeated(code, time_ns, channels) {
                return Ok(Some(event));
            }
        }
    }

    fn close(&mut self) {
        self.stream = None;
    }

    fn lifeline(&self) -> Box<dyn Lifeline> {
        let (device, channels, output) = (self.device.clone(), self.channels.clone(), self.output.clone());
        Box::new(Silence { device, channels, lowest_db: self.gain.low, output })
    }
}

struct Silence {
    device: Device,
    channels: Vec<usize>,
    lowest_db: f64,
    output: Output,
}

impl Lifeline for Silence {
    fn drop_gain(&self) -> Result<(), RadioError> {
        each(&self.channels, |channel| {
            self.device.set_gain(Direction::Tx, *channel, self.lowest_db).map_err(said("the lowest transmit gain"))
        })
    }

    fn disconnect(&self) -> Result<(), RadioError> {
        self.output.disconnect()
    }
}
