//! The control socket: a ROUTER that speaks the wire format with whoever spoke to it last.

use super::rows::{AppliedRow, PeerRow, StatusRow};
use crate::clock::mono_ns;
use crate::record::Writer;
use crate::wire::{Agent, Dtype, HEADER_BYTES, Header, Kind, Message, WireError};
use num_complex::Complex32;
use ran_bridge::air::{AirStats, At, Command, ControlPort, Event, SnippetMeta};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Messages queued to a peer that does not read; then they are dropped and counted.
const QUEUE: i32 = 256;
/// Messages that are no commands, read at once; more wait for the next turn of the data plane.
const GARBAGE: usize = 32;
/// A row of `air_status` this often.
const STATUS_NS: u64 = 1_000_000_000;

/// JSON payload of [`Kind::Refuse`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// `version`, `malformed`, `kind` or `command`.
    pub code: String,
    /// Sequence number of what is refused, where it could be read.
    pub seq: Option<u64>,
    /// In words.
    pub reason: String,
}

/// The control side of `air` over ZeroMQ.
pub struct ControlSocket {
    socket: Option<zmq::Socket>,
    peer: Option<Vec<u8>>,
    run: u64,
    seq: u64,
    dropped: u64,
    writer: Writer,
    stats: Arc<AirStats>,
    next_status_ns: u64,
}

impl ControlSocket {
    /// Binds the ROUTER, if there is an address.
    ///
    /// # Errors
    /// What libzmq says.
    pub fn bind(
        context: &zmq::Context,
        address: Option<&str>,
        run: u64,
        writer: Writer,
        stats: Arc<AirStats>,
    ) -> Result<Self, zmq::Error> {
        let socket = match address {
            Some(address) => {
                let socket = context.socket(zmq::ROUTER)?;
                socket.set_linger(0)?;
                socket.set_sndhwm(QUEUE)?;
                socket.set_router_mandatory(true)?;
                socket.set_maxmsgsize(i64::try_from(crate::wire::MAX_PAYLOAD_BYTES).unwrap_or(i64::MAX))?;
                socket.bind(address)?;
                Some(socket)
            }
            None => None,
        };
        Ok(Self { socket, peer: None, run, seq: 0, dropped: 0, writer, stats, next_status_ns: 0 })
    }

    /// Messages that could not be sent.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    fn send(&mut self, mut header: Header, payload: &[u8]) {
        let (Some(socket), Some(peer)) = (&self.socket, &self.peer) else { return };
        self.seq += 1;
        header.run = self.run;
        header.seq = self.seq;
        header.sent_mono_ns = mono_ns();
        header.payload_bytes = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        header.payload_crc32 = crc32fast::hash(payload);
        let bytes: [u8; HEADER_BYTES] = header.encode();
        let more = zmq::DONTWAIT | zmq::SNDMORE;
        let sent = socket
            .send(&peer[..], more)
            .and_then(|()| socket.send(&bytes[..], more))
            .and_then(|()| socket.send(payload, zmq::DONTWAIT));
        if sent.is_err() {
            self.dropped += 1;
        }
    }

    fn send_json<T: Serialize>(&mut self, kind: Kind, value: &T) {
        if self.peer.is_none() {
            return;
        }
        if let Ok(payload) = serde_json::to_vec(value) {
            let mut header = Header::new(kind, Agent::Air);
            header.dtype = Dtype::Json;
            self.send(header, &payload);
        }
    }

    fn refuse(&mut self, code: &str, seq: Option<u64>, reason: String) {
        tracing::warn!(code, reason, "control message refused");
        self.stats.refused_messages.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.send_json(Kind::Refuse, &Refusal { code: code.to_owned(), seq, reason });
    }

    /// Reads one message: a command, or nothing where it was something else.
    fn read(&mut self, mut frames: Vec<Vec<u8>>) -> Option<(u64, Command)> {
        if frames.is_empty() {
            return None;
        }
        let sender = frames.remove(0);
        let message = match Message::from_frames(frames) {
            Ok(message) => message,
            Err(error) => {
                let code = if matches!(error, WireError::Version { .. }) { "version" } else { "malformed" };
                // The refusal goes to who sent it; snippets and events go on to who is understood.
                let served = self.peer.replace(sender);
                self.refuse(code, None, error.to_string());
                self.peer = served;
                return None;
            }
        };
        self.peer = Some(sender);
        let seq = message.header.seq;
        match message.header.kind {
            Kind::Weights => {
                let at = match message.header.round {
                    0 => At::NextSlot,
                    n => At::Sample(n),
                };
                Some((seq, Command::Weights { at, weights: message.to_cf32(), cause: message.header.aux[0] }))
            }
            Kind::Command => match message.parse::<Command>() {
                Ok(command) => Some((seq, command)),
                Err(error) => {
                    self.refuse("malformed", Some(seq), error.to_string());
                    None
                }
            },
            Kind::Hello => {
                self.send_json(Kind::Welcome, &serde_json::json!({"process": "air"}));
                None
            }
            Kind::Heartbeat => {
                self.send(Header::new(Kind::Heartbeat, Agent::Air), &[]);
                None
            }
            other => {
                self.refuse("kind", Some(seq), format!("air takes no message of kind {other:?}"));
                None
            }
        }
    }

    fn record(&mut self, event: &Event) {
        match event {
            Event::Applied { armed_mono_ns, .. } => {
                if let Some(row) = AppliedRow::of(event) {
                    self.writer.row_at("air_applied", *armed_mono_ns, &row);
                }
            }
            Event::Peer { name, state, sample, advice } => {
                self.writer.row("air_peer", &PeerRow { name, state: *state, sample: *sample, advice });
            }
            Event::Clock { sample, mono_ns, .. } if *mono_ns >= self.next_status_ns => {
                self.next_status_ns = mono_ns + STATUS_NS;
                let row = StatusRow::new(*sample, self.stats.counters(), self.stats.stage.read(), self.dropped);
                self.writer.row_at("air_status", *mono_ns, &row);
            }
            Event::Status(s) => {
                self.writer.row("air_status", &StatusRow::new(s.dl_sample, s.counters, s.stage, self.dropped));
            }
            Event::Clock { .. } | Event::Refused { .. } => {}
        }
    }
}

impl ControlPort for ControlSocket {
    fn poll_socket(&self) -> Option<&zmq::Socket> {
        self.socket.as_ref()
    }

    fn recv(&mut self) -> Option<(u64, Command)> {
        for _ in 0..GARBAGE {
            let frames = self.socket.as_ref()?.recv_multipart(zmq::DONTWAIT).ok()?;
            if let Some(command) = self.read(frames) {
                return Some(command);
            }
        }
        None
    }

    fn snippet(&mut self, meta: &SnippetMeta, samples: &[Complex32]) {
        let mut header = Header::new(Kind::Snippet, Agent::Air);
        header.dtype = Dtype::Cf32;
        header.rank = 1;
        header.shape[0] = u32::try_from(samples.len()).unwrap_or(u32::MAX);
        header.round = meta.start;
        header.micro_batch = meta.stream;
        let sounding = meta.sounding.map_or(0, |c| u64::from(c) + 1);
        header.aux = [meta.arrival_mono_ns, u64::from(meta.window) | sounding << 32 | u64::from(meta.wide) << 48];
        self.send(header, bytemuck::cast_slice(samples));
    }

    fn event(&mut self, event: &Event) {
        self.record(event);
        match event {
            Event::Applied { .. } => self.send_json(Kind::Applied, event),
            Event::Clock { .. } => self.send_json(Kind::Clock, event),
            Event::Status(_) | Event::Peer { .. } => self.send_json(Kind::Status, event),
            Event::Refused { seq, reason } => {
                let refusal = Refusal { code: "command".into(), seq: Some(*seq), reason: reason.clone() };
                self.send_json(Kind::Refuse, &refusal);
            }
        }
    }
}
