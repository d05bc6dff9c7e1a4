//! Receive channels of one stream: samples with an index that counts those that were lost.

use super::super::error::RadioError;
use super::super::limits::Span;
use super::super::streams::{Block, Receive, fit};
use super::device::follows;
use super::said;
use num_complex::Complex32;
use soapysdr::{Device, Direction, ErrorCode, RxStream};

/// Longest wait for samples, µs.
const WAIT_US: i64 = 100_000;
/// Several channels start together at a time so far ahead, ns: the command must be at the device before.
const LEAD_NS: i64 = 200_000_000;

/// Receive channels of a device, receiving from their making on.
pub struct SoapyReceiver {
    device: Device,
    stream: RxStream<Complex32>,
    channels: Vec<usize>,
    /// Of each channel.
    gains: Vec<Span>,
    rate_hz: f64,
    /// Samples of a packet.
    packet: usize,
    /// The device's time at the stream's first sample, ns.
    began_ns: Option<i64>,
    next: u64,
}

impl SoapyReceiver {
    /// A USRP's driver refuses to start several channels without a time: "stream now on multiple channels … will fail to time align". A device
    /// without a time of its own starts them as it can. `gains`: of each channel, the whole.
    pub(super) fn new(
        device: &Device,
        channels: &[usize],
        gains: Vec<Span>,
        rate_hz: f64,
        has_time: bool,
    ) -> Result<Self, RadioError> {
        let mut stream = device.rx_stream(channels).map_err(said("opening the receive stream"))?;
        let packet = stream.mtu().map_err(said("the packets of the receive stream"))?.max(1);
        let at_ns = if channels.len() > 1 && has_time {
            Some(device.get_hardware_time(None).map_err(said("the device's time"))? + LEAD_NS)
        } else {
            None
        };
        stream.activate(at_ns).map_err(said("activating the receive stream"))?;
        let (device, channels) = (device.clone(), channels.to_vec());
        Ok(Self { device, stream, channels, gains, rate_hz, packet, began_ns: None, next: 0 })
    }

    /// Index of the sample at this time of the device.
    fn index(&mut self, time_ns: i64) -> u64 {
        let began_ns = *self.began_ns.get_or_insert(time_ns);
        (time_ns.saturating_sub(began_ns) as f64 * 1e-9 * self.rate_hz).round().max(0.0) as u64
    }
}

impl Receive for SoapyReceiver {
    fn channels(&self) -> usize {
        self.channels.len()
    }

    fn packet(&self) -> usize {
        self.packet
    }

    fn read(&mut self, samples: &mut [&mut [Complex32]]) -> Result<Option<Block>, RadioError> {
        fit(self.channels.len(), samples.iter().map(|s| s.len()))?;
        let len = match self.stream.read(samples, WAIT_US) {
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
    fn lower_gain(&mut self) -> Result<(), RadioError> {
        let lower = |(channel, gain): (&usize, &Span)| {
            let what = "the lowest receive gain";
            self.device.set_gain(Direction::Rx, *channel, gain.low).map_err(said(what))?;
            let is = self.device.gain(Direction::Rx, *channel).map_err(said(what))?;
            follows("the lowest receive gain, dB,", gain.low, is, gain.step)
        };
        let all: Vec<Result<(), RadioError>> = self.channels.iter().zip(&self.gains).map(lower).collect();
        all.into_iter().collect()
    }
}
