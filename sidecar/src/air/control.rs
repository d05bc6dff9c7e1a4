//! The control socket: speaks the wire format with whoever connects. An answer goes to who asked, snippets to who set their windows,
//! what happens by itself (clock, peers) to everyone who said something understood.

use super::rows::{AppliedRow, PeerRow, StatusRow};
use crate::clock::mono_ns;
use crate::record::Writer;
use crate::wire::clients::{ClientId, Clients, Frame};
use crate::wire::{Agent, Dtype, Header, Kind, Limits, Message, WireError};
use num_complex::Complex32;
use ran_bridge::air::{AirStats, At, Command, ControlPort, Event, FaultState, SnippetMeta};
use serde::{Deserialize, Serialize};
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

/// Messages that are no commands, read at once; more wait for the next turn of the data plane.
const GARBAGE: usize = 32;
/// Weights of each sub-band of a wide carrier, written out as JSON, are some megabytes; `air` takes no samples.
const LIMITS: Limits = Limits { samples_bytes: 0, other_bytes: 8 << 20, per_process: usize::MAX };
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

/// The control side of `air`.
pub struct ControlSocket {
    clients: Option<Clients>,
    /// Whose command is being carried out.
    asker: Option<ClientId>,
    /// Who gets the snippets.
    listener: Option<ClientId>,
    run: u64,
    seq: u64,
    dropped: u64,
    writer: Writer,
    stats: Arc<AirStats>,
    next_status_ns: u64,
}

impl ControlSocket {
    /// Binds the socket, if there is an address: `ipc://PATH`.
    ///
    /// # Errors
    /// `AddrInUse` where another process listens, `InvalidInput` for another address, else the system's.
    pub fn bind(address: Option<&str>, run: u64, writer: Writer, stats: Arc<AirStats>) -> io::Result<Self> {
        let clients = address.map(|at| Clients::bind(at, LIMITS)).transpose()?;
        Ok(Self { clients, asker: None, listener: None, run, seq: 0, dropped: 0, writer, stats, next_status_ns: 0 })
    }

    /// Messages that could not be sent.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    fn send(&mut self, to: ClientId, mut header: Header, payload: &[u8]) {
        let Some(clients) = &mut self.clients else { return };
        self.seq += 1;
        header.run = self.run;
        header.seq = self.seq;
        header.sent_mono_ns = mono_ns();
        header.payload_bytes = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        header.payload_crc32 = crc32fast::hash(payload);
        if clients.send(to, &header, payload) {
            return;
        }
        self.dropped += 1;
        if self.listener == Some(to) && !clients.is_open(to) {
            self.listener = None;
        }
    }

    fn send_json<T: Serialize>(&mut self, to: ClientId, kind: Kind, value: &T) {
        if let Ok(payload) = serde_json::to_vec(value) {
            let mut header = Header::new(kind, Agent::Air);
            header.dtype = Dtype::Json;
            self.send(to, header, &payload);
        }
    }

    /// To who asked, or to everyone where nobody did.
    fn tell<T: Serialize>(&mut self, kind: Kind, to: Option<ClientId>, value: &T) {
        let Ok(payload) = serde_json::to_vec(value) else { return };
        let mut header = Header::new(kind, Agent::Air);
        header.dtype = Dtype::Json;
        if let Some(to) = to {
            self.send(to, header, &payload);
            return;
        }
        let mut at = 0;
        while let Some(to) = self.clients.as_ref().and_then(|c| c.known(at)) {
            self.send(to, header, &payload);
            at += 1;
        }
    }

    fn refuse(&mut self, to: ClientId, code: &str, seq: Option<u64>, reason: String) {
        tracing::warn!(code, reason, "control message refused");
        self.stats.refused_messages.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.send_json(to, Kind::Refuse, &Refusal { code: code.to_owned(), seq, reason });
    }

    /// Reads one message: a command, or nothing where it was something else.
    fn read(&mut self, from: ClientId, frame: Result<Frame, WireError>) -> Option<(u64, Command)> {
        let message = match frame.and_then(|(header, payload)| Message::decode(&header, payload)) {
            Ok(message) => message,
            Err(error) => {
                let code = if matches!(error, WireError::Version { .. }) { "version" } else { "malformed" };
                self.refuse(from, code, None, error.to_string());
                return None;
            }
        };
        if let Some(clients) = &mut self.clients {
            clients.know(from);
        }
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
                    self.refuse(from, "malformed", Some(seq), error.to_string());
                    None
                }
            },
            Kind::Hello => {
                self.send_json(from, Kind::Welcome, &serde_json::json!({"process": "air"}));
                None
            }
            Kind::Heartbeat => {
                self.send(from, Header::new(Kind::Heartbeat, Agent::Air), &[]);
                None
            }
            other => {
                self.refuse(from, "kind", Some(seq), format!("air takes no message of kind {other:?}"));
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
            Event::Fault(status) if matches!(status.state, FaultState::Done | FaultState::Stopped) => {
                self.writer.row("air_fault", status);
            }
            Event::Capture(_) | Event::Fault(_) | Event::Clock { .. } | Event::Refused { .. } => {}
        }
    }
}

impl ControlPort for ControlSocket {
    fn poll_fds<'a>(&'a self, each: &mut dyn FnMut(BorrowedFd<'a>)) {
        self.clients.iter().flat_map(Clients::fds).for_each(each);
    }

    fn recv(&mut self) -> Option<(u64, Command)> {
        self.asker = None;
        self.clients.as_mut()?.turn();
        for _ in 0..GARBAGE {
            let (from, frame) = self.clients.as_mut()?.next()?;
            if let Some(command) = self.read(from, frame) {
                self.asker = Some(from);
                if matches!(command.1, Command::Windows { .. }) {
                    self.listener = Some(from);
                }
                return Some(command);
            }
        }
        None
    }

    fn snippet(&mut self, meta: &SnippetMeta, samples: &[Complex32]) {
        let Some(listener) = self.listener else { return };
        let mut header = Header::new(Kind::Snippet, Agent::Air);
        header.dtype = Dtype::Cf32;
        header.rank = 1;
        header.shape[0] = u32::try_from(samples.len()).unwrap_or(u32::MAX);
        header.round = meta.start;
        header.micro_batch = meta.stream;
        let sounding = meta.sounding.map_or(0, |c| u64::from(c) + 1);
        header.aux = [meta.arrival_mono_ns, u64::from(meta.window) | sounding << 32 | u64::from(meta.wide) << 48];
        self.send(listener, header, bytemuck::cast_slice(samples));
    }

    fn event(&mut self, event: &Event) {
        self.record(event);
        match event {
            Event::Applied { .. } => self.tell(Kind::Applied, self.asker, event),
            Event::Clock { .. } => self.tell(Kind::Clock, None, event),
            Event::Peer { .. } => self.tell(Kind::Status, None, event),
            Event::Status(_) | Event::Fault(_) | Event::Capture(_) => self.tell(Kind::Status, self.asker, event),
            Event::Refused { seq, reason } => {
                let refusal = Refusal { code: "command".into(), seq: Some(*seq), reason: reason.clone() };
                self.tell(Kind::Refuse, self.asker, &refusal);
            }
        }
    }
}
