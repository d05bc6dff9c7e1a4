//! The wire to `air`: snippets and events in, weights and commands out.

use crate::clock::mono_ns;
use crate::guard::{Action, Approved};
use crate::wire::local::{LocalStream, path_of};
use crate::wire::{Agent, Dtype, Header, Kind, Message, WireError};
use num_complex::Complex32;
use ran_bridge::air::{At, Command, Event, SnippetMeta};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::time::Duration;

/// Why the wire cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The address.
    #[error("control of air at {0}: write ipc:// and a path, the same as in air's configuration")]
    Address(String),
    /// The socket.
    #[error("control of air at {endpoint}: {source}")]
    Socket {
        /// As configured.
        endpoint: String,
        /// What the system says.
        source: zmq::Error,
    },
    /// A message that cannot be written.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// Nobody listens at the address: `air` is not there, or has just ended. The link tries again by itself.
    #[error("air is not there")]
    Away,
    /// The queue to `air` is full: it does not read.
    #[error("air does not take commands: its queue is full")]
    Full,
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

/// Pause between two attempts to connect, ms.
const RETRY_MS: u64 = 20;

/// The wire.
pub struct AirLink {
    stream: Option<LocalStream>,
    path: PathBuf,
    endpoint: String,
    tried_ns: u64,
    is_new: bool,
    run: u64,
    seq: u64,
    bytes: Vec<u8>,
    /// When the last message was taken from the socket, before it was read, host-monotonic ns.
    pub received_mono_ns: u64,
    /// Samples of the last snippet.
    pub samples: Vec<Complex32>,
}

impl AirLink {
    /// A link that connects as soon as `air` is there, and again whenever it comes back.
    ///
    /// # Errors
    /// [`LinkError::Address`].
    pub fn connect(endpoint: &str, run: u64) -> Result<Self, LinkError> {
        let path = path_of(endpoint).ok_or_else(|| LinkError::Address(endpoint.to_owned()))?;
        let mut link = Self {
            stream: None,
            path: path.to_path_buf(),
            endpoint: endpoint.to_owned(),
            tried_ns: 0,
            is_new: false,
            run,
            seq: 0,
            bytes: Vec::with_capacity(256),
            received_mono_ns: 0,
            samples: Vec::with_capacity(65_536),
        };
        link.try_connect();
        Ok(link)
    }

    fn try_connect(&mut self) {
        let now = mono_ns();
        if self.tried_ns == 0 || now.saturating_sub(self.tried_ns) >= RETRY_MS * 1_000_000 {
            self.tried_ns = now;
            self.stream = LocalStream::connect(&self.path).ok();
            self.is_new = self.stream.is_some();
        }
    }

    /// Whether the connection was made since this was asked last: who listens now has heard nothing from us yet.
    pub const fn take_new(&mut self) -> bool {
        std::mem::replace(&mut self.is_new, false)
    }

    /// Waits for a message up to `timeout_ms`; `true` when one may be there.
    ///
    /// # Errors
    /// [`LinkError::Socket`].
    pub fn wait(&mut self, timeout_ms: u64) -> Result<bool, LinkError> {
        if self.stream.is_none() {
            self.try_connect();
        }
        let Some(stream) = &self.stream else {
            std::thread::sleep(Duration::from_millis(timeout_ms.min(RETRY_MS)));
            return Ok(false);
        };
        let mut items = [zmq::PollItem::from_fd(stream.fd().as_raw_fd(), zmq::POLLIN)];
        match zmq::poll(&mut items, i64::try_from(timeout_ms).unwrap_or(i64::MAX)) {
            // An error or a hang-up is read, too.
            Ok(n) => Ok(n > 0),
            Err(zmq::Error::EINTR) => Ok(false),
            Err(source) => Err(LinkError::Socket { endpoint: self.endpoint.clone(), source }),
        }
    }

    /// The next message, if one is there. Foreign bytes give [`FromAir::Unusable`], never a panic.
    pub fn receive(&mut self) -> Option<FromAir> {
        let Self { stream, samples, received_mono_ns, .. } = self;
        for fill in [false, true] {
            let open = stream.as_mut()?;
            let ended = fill && open.turn().is_err();
            let got = open.next_frame().map(|frame| {
                *received_mono_ns = mono_ns();
                match frame {
                    Ok((header, payload)) => (false, read(header, payload, samples)),
                    Err(error) => (true, Err(error)),
                }
            });
            if let Some((broken, got)) = got {
                if broken {
                    *stream = None;
                }
                return Some(got.unwrap_or_else(|e| FromAir::Unusable(e.to_string())));
            }
            if ended {
                *stream = None;
            }
        }
        None
    }

    /// Sends a command that is no action (windows, slots, sounding, status). Gives its sequence number.
    ///
    /// # Errors
    /// [`LinkError::Wire`], [`LinkError::Away`], [`LinkError::Full`].
    pub fn command(&mut self, command: &Command) -> Result<u64, LinkError> {
        let mut message = Message::json(Kind::Command, Agent::Ran, command)?;
        self.seq += 1;
        message.header.seq = self.seq;
        message.header.run = self.run;
        message.header.sent_mono_ns = mono_ns();
        self.put(&message.header.encode(), &message.payload)?;
        Ok(self.seq)
    }

    fn put(&mut self, header: &[u8], payload: &[u8]) -> Result<(), LinkError> {
        let stream = self.stream.as_mut().ok_or(LinkError::Away)?;
        match stream.send(header, payload) {
            Ok(true) => Ok(()),
            Ok(false) => Err(LinkError::Full),
            Err(_) => {
                self.stream = None;
                Err(LinkError::Away)
            }
        }
    }

    /// Carries out an approved action of `air`'s: weights or power. Gives the sequence number of the command; `None` for actions that
    /// are not `air`'s.
    ///
    /// # Errors
    /// [`LinkError::Wire`], [`LinkError::Away`], [`LinkError::Full`].
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
        h.sent_mono_ns = mono_ns();
        let bytes = std::mem::take(&mut self.bytes);
        let put = self.put(&h.encode(), &bytes);
        self.bytes = bytes;
        put?;
        Ok(self.seq)
    }
}

/// Reads a message; samples of a snippet go into `samples`.
fn read(header: &[u8], payload: &[u8], samples: &mut Vec<Complex32>) -> Result<FromAir, WireError> {
    let h = Header::decode(header)?;
    let said = h.payload_bytes as usize;
    if said != payload.len() {
        return Err(WireError::Length { said, got: payload.len() });
    }
    let got = crc32fast::hash(payload);
    if got != h.payload_crc32 {
        return Err(WireError::Checksum { said: h.payload_crc32, got });
    }
    match h.kind {
        Kind::Snippet if h.dtype == Dtype::Cf32 => {
            samples.clear();
            samples.extend(payload.chunks_exact(8).map(|c| {
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
        Kind::Applied | Kind::Clock | Kind::Status => serde_json::from_slice(payload)
            .map(|e| FromAir::Event(Box::new(e)))
            .map_err(|e| WireError::Json { kind: h.kind, reason: e.to_string() }),
        Kind::Refuse => {
            let refusal: crate::air::Refusal =
                serde_json::from_slice(payload).map_err(|e| WireError::Json { kind: h.kind, reason: e.to_string() })?;
            let event = Event::Refused { seq: refusal.seq.unwrap_or(0), reason: refusal.reason };
            Ok(FromAir::Event(Box::new(event)))
        }
        kind => {
            let text = String::from_utf8_lossy(&payload[..payload.len().min(200)]).into_owned();
            Ok(FromAir::Unusable(format!("{kind:?}: {text}")))
        }
    }
}
