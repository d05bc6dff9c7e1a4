//! A receive channel: samples with an index that counts those that were lost.

use super::super::error::RadioError;
use super::super::streams::{Block, Receive};
use super::said;
use num_complex::Complex32;
use soapysdr::{Device, ErrorCode, RxStream};

/// Longest wait for samples, µs.
const WAIT_US: i64 = 100_000;

/// A receive channel of a device, receiving from its making on.
pub struct SoapyReceiver {
    stream: RxStream<Complex32>,
    rate_hz: f64,
    /// The device's time at the stream's first sample, ns.
    began_ns: Option<i64>,
    next: u64,
}

impl SoapyReceiver {
    pub(super) fn new(device: &Device, channel: usize, rate_hz: f64) -> Result<Self, RadioError> {
        let mut stream = device.rx_stream(&[channel]).map_err(said("opening the receive stream"))?;
        stream.activate(None).map_err(said("activating the receive stream"))?;
        Ok(Self { stream, rate_hz, began_ns: None, next: 0 })
    }

    /// Index of the sample at this time of the device.
    fn index(&mut self, time_ns: i64) -> u64 {
        let began_ns = *self.began_ns.get_or_insert(time_ns);
        (time_ns.saturating_sub(began_ns) as f64 * 1e-9 * self.rate_hz).round().max(0.0) as u64
    }
}

impl Receive for SoapyReceiver {
    fn read(&mut self, samples: &mut [Complex32]) -> Result<Option<Block>, RadioError> {
        let len = match self.stream.read(&mut [samples], WAIT_US) {
            Ok(0) => return Ok(None),
            Ok(len) => len,
            // what is lost shows in the next block's time
            Err(e) if matches!(e.code, ErrorCode::Timeout | ErrorCode::Overflow) => return Ok(None),
            Err(e) => return Err(said("receiving samples")(e)),
        };
        let time_ns = self.stream.time_ns();
        let first = self.index(time_ns).max(self.next);
        let lost = first - self.next;
        self.next = first + len as u64;
        Ok(Some(Block { len, time_ns, first, lost }))
    }
}
