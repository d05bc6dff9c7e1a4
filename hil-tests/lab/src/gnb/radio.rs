//! The gNB's ZMQ radio: one thread, two sockets, two rings, time by counting.
use super::ring::{CAPACITY, Ring};
use crate::iq;
use num_complex::Complex32;

/// Sockets that cannot be opened or used.
#[derive(Debug, thiserror::Error)]
#[error("gNB radio {address}: {source}; is the port free?")]
pub struct RadioError {
    address: String,
    source: zmq::Error,
}

/// State of one direction's channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Works.
    Running,
    /// Gave up for good: only a new gNB helps.
    Stopped,
}

/// Both channels of one antenna.
pub struct Radio {
    address: String,
    tx: zmq::Socket,
    rx: zmq::Socket,
    /// Samples to send.
    pub tx_ring: Ring,
    /// Samples received.
    pub rx_ring: Ring,
    requested: bool,
    asked: bool,
    transmit: Channel,
    receive: Channel,
    /// Of a reply that did not fit into the ring; while there is any the radio thread does nothing else.
    overflow: Vec<Complex32>,
    first_reply: Option<usize>,
    message: zmq::Message,
    samples: Vec<Complex32>,
    bytes: Vec<u8>,
}

impl Radio {
    /// Binds `tx_port` (REP) and connects `rx_port` (REQ). The first reply is cut to `first_reply` samples.
    ///
    /// # Errors
    /// [`RadioError`] where an address cannot be used.
    pub fn open(context: &zmq::Context, tx_port: &str, rx_port: &str, first_reply: usize) -> Result<Self, RadioError> {
        let error = |address: &str, source| RadioError { address: address.to_owned(), source };
        let tx = context.socket(zmq::REP).map_err(|e| error(tx_port, e))?;
        let rx = context.socket(zmq::REQ).map_err(|e| error(rx_port, e))?;
        for socket in [&tx, &rx] {
            socket.set_linger(0).map_err(|e| error(tx_port, e))?;
        }
        tx.bind(tx_port).map_err(|e| error(tx_port, e))?;
        rx.connect(rx_port).map_err(|e| error(rx_port, e))?;
        Ok(Self {
            address: tx_port.to_owned(),
            tx,
            rx,
            tx_ring: Ring::new(CAPACITY),
            rx_ring: Ring::new(CAPACITY),
            requested: false,
            asked: false,
            transmit: Channel::Running,
            receive: Channel::Running,
            overflow: Vec::new(),
            first_reply: (first_reply > 0).then_some(first_reply),
            message: zmq::Message::new(),
            samples: Vec::new(),
            bytes: Vec::new(),
        })
    }

    /// State of the receive channel.
    #[must_use]
    pub const fn receive_state(&self) -> Channel {
        self.receive
    }

    /// Whether a reply overfilled the receive ring and still waits for room.
    #[must_use]
    pub fn overflowed(&self) -> bool {
        !self.overflow.is_empty()
    }

    /// Serves both sockets once, waiting at most `timeout_ms`.
    ///
    /// # Errors
    /// [`RadioError`] where libzmq refuses; not for anything a peer sends.
    pub fn serve(&mut self, timeout_ms: i64) -> Result<(), RadioError> {
        if self.overflowed() {
            let pushed = self.rx_ring.push(&self.overflow);
            self.overflow.drain(..pushed);
            if self.overflowed() {
                // Nothing else happens on this thread, transmit included.
                std::thread::sleep(std::time::Duration::from_millis(timeout_ms.clamp(0, 1) as u64));
                return Ok(());
            }
        }
        self.ask()?;
        let mut items = [self.tx.as_poll_item(zmq::POLLIN), self.rx.as_poll_item(zmq::POLLIN)];
        match zmq::poll(&mut items, timeout_ms) {
            Ok(_) | Err(zmq::Error::EINTR) => {}
            Err(e) => return Err(self.error(e)),
        }
        let (want, have) = (items[0].is_readable(), items[1].is_readable());
        if want && !self.requested && self.transmit == Channel::Running {
            self.take_request();
        }
        if have && self.asked {
            self.take_reply();
            self.ask()?;
        }
        self.reply()
    }

    fn error(&self, source: zmq::Error) -> RadioError {
        RadioError { address: self.address.clone(), source }
    }

    /// One byte 0x00 as soon as the previous reply is stored.
    fn ask(&mut self) -> Result<(), RadioError> {
        if !self.asked && self.receive == Channel::Running && !self.overflowed() {
            self.rx.send(&[0u8][..], 0).map_err(|e| self.error(e))?;
            self.asked = true;
        }
        Ok(())
    }

    fn take_request(&mut self) {
        if self.tx.recv(&mut self.message, zmq::DONTWAIT).is_ok() {
            if self.message.is_empty() {
                // An empty request matches no branch of the real state machine: this channel never answers again.
                tracing::error!("transmit channel stopped: empty request");
                self.transmit = Channel::Stopped;
            } else {
                self.requested = true;
            }
        }
    }

    fn take_reply(&mut self) {
        if self.rx.recv(&mut self.message, zmq::DONTWAIT).is_err() {
            return;
        }
        self.asked = false;
        let length = self.message.len();
        if length > CAPACITY * iq::SAMPLE_BYTES || !length.is_multiple_of(iq::SAMPLE_BYTES) {
            tracing::error!(length, "receive channel stopped: reply too long or not whole samples");
            self.receive = Channel::Stopped;
            return;
        }
        self.samples.clear();
        iq::from_bytes(&self.message, &mut self.samples);
        let pushed = self.rx_ring.push(&self.samples);
        if pushed < self.samples.len() {
            tracing::warn!("receive ring overflow: the radio waits, transmit too");
            self.overflow.extend_from_slice(&self.samples[pushed..]);
        }
    }

    /// Everything up to the ring's wrap, at least one sample.
    fn reply(&mut self) -> Result<(), RadioError> {
        if !self.requested || self.tx_ring.is_empty() {
            return Ok(());
        }
        let run = self.tx_ring.run();
        let count = self.first_reply.take().unwrap_or(run.len()).min(run.len());
        self.bytes.clear();
        iq::to_bytes(&run[..count], &mut self.bytes);
        self.tx.send(&self.bytes[..], 0).map_err(|e| self.error(e))?;
        self.tx_ring.consume(count);
        self.requested = false;
        Ok(())
    }
}
