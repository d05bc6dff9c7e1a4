//! The wire to `air`: snippets and events in, weights and commands out.

use crate::guard::{Action, Approved};
use crate::wire::{Agent, Dtype, Header, Kind, Message, WireError};
use num_complex::Complex32;
use ran_bridge::air::{At, Command, Event, SnippetMeta};

/// Why the wire cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The socket.
    #[error("control of air at {endpoint}: {source}; is `sidecar air` configured with this address?")]
    Socket {
        /// As configured.
        endpoint: String,
        /// What libzmq says.
        source: zmq::Error,
    },
    /// A message that cannot be written.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The queue to `air` is full: it is not there, or does not read.
    #[error("air does not take commands: {0}")]
    Full(zmq::Error),
}

/// What came.
#[derive(Debug)]
pub enum FromAir {
    /// A snippet; its samples are in [`AirLink::samples`]. With the time `air` sent it, host-monotonic ns.
    Snippet(SnippetMeta, u64),
    /// An event.
    Event(Box<Event>),
    /// A message that is of no use, and why.
    Unusable(String),
}

/// The wire.
pub struct AirLink {
    socket: zmq::Socket,
    endpoint: String,
    run: u64,
    seq: u64,
    header: zmq::Message,
    payload: zmq::Message,
    bytes: Vec<u8>,
    /// When the last message was taken from the socket, before it was read, host-monotonic ns.
    pub received_mono_ns: u64,
    /// Samples of the last snippet.
    pub samples: Vec<Complex32>,
}

impl AirLink {
    /// Connects; `air` may come later.
    ///
    /// # Errors
    /// [`LinkError::Socket`].
    pub fn connect(context: &zmq::Context, endpoint: &str, run: u64) -> Result<Self, LinkError> {
        let fail = |source| LinkError::Socket { endpoint: endpoint.to_owned(), source };
        let socket = context.socket(zmq::DEALER).map_err(fail)?;
        socket.set_linger(0).map_err(fail)?;
        socket.set_rcvhwm(4096).map_err(fail)?;
        socket.set_sndhwm(256).map_err(fail)?;
        socket.set_reconnect_ivl(20).map_err(fail)?;
        socket.set_reconnect_ivl_max(500).map_err(fail)?;
        socket.connect(endpoint).map_err(fail)?;
        Ok(Self {
            socket,
            endpoint: endpoint.to_owned(),
            run,
            seq: 0,
            header: zmq::Message::new(),
            payload: zmq::Message::new(),
            bytes: Vec::with_capacity(256),
            received_mono_ns: 0,
            samples: Vec::with_capacity(65_536),
        })
    }

    /// Waits for a message up to `timeout_ms`; `true` when one is there.
    ///
    /// # Errors
    /// [`LinkError::Socket`].
    pub fn wait(&self, timeout_ms: i64) -> Result<bool, LinkError> {
        match self.socket.poll(zmq::POLLIN, timeout_ms) {
            Ok(n) => Ok(n > 0),
            Err(zmq::Error::EINTR) => Ok(false),
            Err(source) => Err(LinkError::Socket { endpoint: self.endpoint.clone(), source }),
        }
    }

    /// The next message, if one is there. Foreign bytes give [`FromAir::Unusable`], never a panic.
    pub fn receive(&mut self) -> Option<FromAir> {
        match self.socket.recv(&mut self.header, zmq::DONTWAIT) {
            Ok(()) => {}
            Err(_) => return None,
        }
        let mut frames = 1;
        while self.socket.get_rcvmore().unwrap_or(false) {
            if self.socket.recv(&mut self.payload, zmq::DONTWAIT).is_err() {
                break;
            }
            frames += 1;
        }
        self.received_mono_ns = crate::clock::mono_ns();
        if frames != 2 {
            return Some(FromAir::Unusable(WireError::Frames(frames).to_string()));
        }
        Some(self.read().unwrap_or_else(|e| FromAir::Unusable(e.to_string())))
    }

    fn read(&mut self) -> Result<FromAir, WireError> {
        let h = Header::decode(&self.header)?;
        let said = h.payload_bytes as usize;
        if said != self.payload.len() {
            return Err(WireError::Length { said, got: self.payload.len() });
        }
        let got = crc32fast::hash(&self.payload);
        if got != h.payload_crc32 {
            return Err(WireError::Checksum { said: h.payload_crc32, got });
        }
        match h.kind {
            Kind::Snippet if h.dtype == Dtype::Cf32 => {
                self.samples.clear();
                self.samples.extend(self.payload.chunks_exact(8).map(|c| {
                    Complex32::new(
                        f32::from_le_bytes([c[0], c[1], c[2], c[3]]),
                        f32::from_le_bytes([c[4], c[5], c[6], c[7]]),
                    )
                }));
                let column = (h.aux[1] >> 32) as u16;
                let meta = SnippetMeta {
                    seq: h.seq,
                    stream: h.micro_batch,
                    start: h.round,
                    window: h.aux[1] as u32,
                    sounding: column.checked_sub(1),
                    wide: h.aux[1] >> 48 & 1 == 1,
                    arrival_mono_ns: h.aux[0],
                };
                Ok(FromAir::Snippet(meta, h.sent_mono_ns))
            }
            Kind::Applied | Kind::Clock | Kind::Status => serde_json::from_slice(&self.payload)
                .map(|e| FromAir::Event(Box::new(e)))
                .map_err(|e| WireError::Json { kind: h.kind, reason: e.to_string() }),
            Kind::Refuse => {
                let refusal: crate::air::Refusal = serde_json::from_slice(&self.payload)
                    .map_err(|e| WireError::Json { kind: h.kind, reason: e.to_string() })?;
                let event = Event::Refused { seq: refusal.seq.unwrap_or(0), reason: refusal.reason };
                Ok(FromAir::Event(Box::new(event)))
            }
            kind => {
                let text = String::from_utf8_lossy(&self.payload[..self.payload.len().min(200)]).into_owned();
                Ok(FromAir::Unusable(format!("{kind:?}: {text}")))
            }
        }
    }

    /// Sends a command that is no action (windows, slots, sounding, status). Gives its sequence number.
    ///
    /// # Errors
    /// [`LinkError::Wire`], [`LinkError::Full`].
    pub fn command(&mut self, command: &Command) -> Result<u64, LinkError> {
        let mut message = Message::json(Kind::Command, Agent::Ran, command)?;
        self.seq += 1;
        message.header.seq = self.seq;
        message.header.run = self.run;
        message.header.sent_mono_ns = crate::clock::mono_ns();
        let frames = message.into_frames();
        self.socket.send_multipart(frames, zmq::DONTWAIT).map_err(LinkError::Full)?;
        Ok(self.seq)
    }

    /// Carries out an approved action of `air`'s: weights or power. Gives the sequence number of the command; `None` for actions that
    /// are not `air`'s.
    ///
    /// # Errors
    /// [`LinkError::Wire`], [`LinkError::Full`].
    pub fn act(&mut self, approved: &Approved<Action>, cause: u64) -> Result<Option<u64>, LinkError> {
        match approved.action() {
            Action::Beam { weights } => self.weights(weights, cause).map(Some),
            Action::Power { db } => self.command(&Command::Power { at: At::NextSlot, power_db: *db }).map(Some),
            _ => Ok(None),
        }
    }

    fn weights(&mut self, weights: &[Complex32], cause: u64) -> Result<u64, LinkError> {
        self.bytes.clear();
        for w in weights {
            self.bytes.extend_from_slice(&w.re.to_le_bytes());
            self.bytes.extend_from_slice(&w.im.to_le_bytes());
        }
        self.seq += 1;
        let mut h = Header::new(Kind::Weights, Agent::Ran);
        h.run = self.run;
        h.dtype = Dtype::Cf32;
        h.rank = 2;
        h.shape[0] = u32::try_from(weights.len()).unwrap_or(u32::MAX);
        h.shape[1] = 1;
        h.seq = self.seq;
        h.aux[0] = cause;
        h.payload_bytes = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        h.payload_crc32 = crc32fast::hash(&self.bytes);
        h.sent_mono_ns = crate::clock::mono_ns();
        self.socket.send(&h.encode()[..], zmq::SNDMORE | zmq::DONTWAIT).map_err(LinkError::Full)?;
        self.socket.send(&self.bytes[..], zmq::DONTWAIT).map_err(LinkError::Full)?;
        Ok(self.seq)
    }
}
