//! A wire as a source: asks a transmitter, as the receiver of a ZMQ radio does.

use super::SampleFifo;
use super::plug::Plug;
use super::stream::{Next, Source, StreamError, Stretch, WAIT_NS};
use super::wire::Got;
use super::zmtp::Role;
use crate::clock::mono_ns;
use num_complex::Complex32;

/// Most samples of one [`Source::read`]; a longer message comes in pieces.
const MOST: usize = 65_536;

/// Samples that come from one transmitter: the first that is there, no other after it. It is asked only by [`Source::read`]: who does not read stops it.
#[derive(Debug)]
pub struct WireSource {
    plug: Plug,
    rate_hz: f64,
    fifo: SampleFifo,
    /// Index after the last sample that was given.
    next: u64,
}

impl WireSource {
    /// Asks at `tcp://HOST:PORT` or `ipc://PATH`, now and until somebody answers. The wire knows no rate: this one is believed.
    ///
    /// # Errors
    /// [`StreamError::Address`].
    pub fn open(address: &str, rate_hz: f64) -> Result<Self, StreamError> {
        let plug = Plug::open(Role::Req, address)?;
        Ok(Self { plug, rate_hz, fifo: SampleFifo::new(MOST), next: 0 })
    }

    /// Takes up to `most` samples into the FIFO, which is empty; gives how many of them were not finite.
    fn take(&mut self, most: usize) -> Result<u64, StreamError> {
        self.plug.turn()?;
        let wire = &mut self.plug.wire;
        if !wire.is_up() {
            return Ok(0);
        }
        let asked = if wire.requested() { Ok(()) } else { wire.request() };
        match asked.and_then(|()| wire.receive(&mut self.fifo, most)) {
            Ok(Got::Nothing) => Ok(0),
            Ok(Got::Samples(_, nonfinite)) => Ok(nonfinite),
            Ok(Got::Fault(fault, samples)) => {
                // what cannot be taken is passed over, and its whole samples count
                self.fifo.restart(self.fifo.first() + samples);
                Err(fault.into())
            }
            Err(why) => Err(self.plug.end(why)),
        }
    }
}

impl Source for WireSource {
    fn rate_hz(&self) -> f64 {
        self.rate_hz
    }

    fn read(&mut self, samples: &mut [Complex32]) -> Result<Next, StreamError> {
        let until_ns = mono_ns() + WAIT_NS;
        loop {
            let nonfinite = self.take(samples.len())?;
            let len = self.fifo.len();
            if len > 0 {
                let first = self.fifo.first();
                samples[..len].copy_from_slice(self.fifo.samples());
                self.fifo.drop_front(len);
                let lost = first - self.next;
                self.next = self.fifo.first();
                return Ok(Next::Samples(Stretch { len, first, lost, nonfinite }));
            }
            if mono_ns() >= until_ns || samples.is_empty() {
                return Ok(Next::Nothing);
            }
            if !self.plug.wire.readable || !self.plug.wire.is_up() {
                self.plug.wait(until_ns);
            }
        }
    }
}
