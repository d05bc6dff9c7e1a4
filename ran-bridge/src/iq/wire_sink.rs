//! A wire as a sink: answers a receiver, as the transmitter of a ZMQ radio does.

use super::plug::Plug;
use super::stream::{Sink, StreamError, WAIT_NS};
use super::wire::grow_zeros;
use super::zmtp::Role;
use super::{SampleFifo, WireEnd};
use crate::clock::mono_ns;
use num_complex::Complex32;

/// Most samples of one answer, and most that wait here: 1 ms at the highest rate of NR.
const ANSWER_SAMPLES: usize = 61_440;
/// What is said to who writes after the end.
const FINISHED: &str = "this stream is finished";
/// Longest wait for the last samples to be asked for, ns.
const FINISH_NS: u64 = 2_000_000_000;

/// Samples for one receiver: the first that asks, no other after it. It takes them as fast as it asks. A wire has no index: what is missing in between
/// becomes zeros, so that the receiver's time goes on.
#[derive(Debug)]
pub struct WireSink {
    plug: Plug,
    rate_hz: f64,
    fifo: SampleFifo,
    /// Index of the next sample; `None` before the first.
    next: Option<u64>,
}

impl WireSink {
    /// Binds `tcp://ADDRESS:PORT` or `ipc://PATH`.
    ///
    /// # Errors
    /// [`StreamError::Address`], [`StreamError::Bind`].
    pub fn open(address: &str, rate_hz: f64) -> Result<Self, StreamError> {
        let plug = Plug::open(Role::Rep, address)?;
        Ok(Self { plug, rate_hz, fifo: SampleFifo::new(ANSWER_SAMPLES), next: None })
    }

    /// Moves what can be moved.
    fn turn(&mut self) -> Result<(), StreamError> {
        self.plug.turn()?;
        self.plug.wait(0);
        self.answer().map_err(|why| self.plug.end(why))
    }

    fn answer(&mut self) -> Result<(), WireEnd> {
        let (wire, fifo) = (&mut self.plug.wire, &mut self.fifo);
        if !wire.is_up() {
            return Ok(());
        }
        wire.receive_request()?;
        if wire.requested() && wire.unwritten() == 0 && !fifo.is_empty() {
            wire.begin_reply(fifo.len());
        }
        wire.push(fifo)
    }
}

impl Sink for WireSink {
    fn rate_hz(&self) -> f64 {
        self.rate_hz
    }

    fn write(&mut self, first: u64, samples: &[Complex32]) -> Result<usize, StreamError> {
        let mut next = *self.next.get_or_insert(first);
        if first < next {
            return Err(StreamError::Backwards { first, next });
        }
        let until_ns = mono_ns() + WAIT_NS;
        loop {
            let zeros = usize::try_from(first - next).unwrap_or(usize::MAX).min(self.fifo.room());
            grow_zeros(&mut self.fifo, zeros);
            next += zeros as u64;
            let taken = if next == first { samples.len().min(self.fifo.room()) } else { 0 };
            if let Some(space) = self.fifo.grow(taken) {
                space.copy_from_slice(&samples[..taken]);
            }
            self.next = Some(next.saturating_add(taken as u64));
            self.turn()?;
            if taken > 0 || samples.is_empty() || mono_ns() >= until_ns {
                return Ok(taken);
            }
            if self.fifo.room() == 0 {
                self.plug.wait(until_ns);
            }
        }
    }

    fn finish(&mut self) -> Result<(), StreamError> {
        let until_ns = mono_ns() + FINISH_NS;
        while !self.fifo.is_empty() || self.plug.wire.unwritten() > 0 {
            self.turn()?;
            if mono_ns() >= until_ns {
                self.plug.close(FINISHED);
                return Err(StreamError::Unsent { samples: self.fifo.len() });
            }
            if !self.plug.wire.writable || !self.plug.wire.requested() {
                self.plug.wait(until_ns);
            }
        }
        self.plug.close(FINISHED);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::stream::{Next, Source};
    use super::super::wire_source::WireSource;
    use super::*;
    use std::thread::sleep;
    use std::time::Duration;

    /// Longer than any wait here takes on a busy machine, ns.
    const LONG_NS: u64 = 20_000_000_000;

    /// libzmq connects anew for an owner who wants nothing more: such a connection has shaken hands, is the first, and never asks.
    #[test]
    fn who_is_connected_and_does_not_ask_keeps_nobody_out() -> Result<(), StreamError> {
        let dir = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        let address = format!("ipc://{}", dir.path().join("wire").display());
        let mut sink = WireSink::open(&address, 1e6)?;
        let samples = [Complex32::ONE, Complex32::I, -Complex32::ONE];
        assert_eq!(sink.write(0, &samples)?, 3);
        let mut idle = Plug::open(Role::Req, &address)?;
        let until_ns = mono_ns() + LONG_NS;
        while !idle.wire.is_up() {
            assert!(mono_ns() < until_ns, "no handshake");
            assert_eq!(sink.write(3, &[])?, 0);
            idle.turn()?;
            sleep(Duration::from_millis(1));
        }
        assert!(!sink.plug.wire.is_up());
        let taking = std::thread::spawn(move || {
            let mut source = WireSource::open(&address, 1e6)?;
            let mut got = [Complex32::ZERO; 8];
            while mono_ns() < until_ns {
                if let Next::Samples(s) = source.read(&mut got)? {
                    return Ok(got[..s.len].to_vec());
                }
            }
            Ok::<_, StreamError>(Vec::new())
        });
        // until it has them, and goes
        while !taking.is_finished() && sink.write(3, &[]).is_ok() {}
        assert_eq!(taking.join().unwrap_or_else(|_| Ok(Vec::new()))?, samples);
        Ok(())
    }
}
