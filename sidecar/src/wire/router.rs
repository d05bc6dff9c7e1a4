//! The controller's end of the links to its agents: a ROUTER on its own thread. One peer an agent; a newer one takes its place.

use super::header::{MAX_PAYLOAD_BYTES, WireError};
use super::kind::{Agent, Kind};
use super::link::{LinkError, LinkStats, Outbox, Refusal, check_endpoint, drain, stamp};
use super::message::Message;
use crate::clock::mono_ns;
use serde_json::Value;
use std::collections::HashMap;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc;

/// How to serve the agents.
#[derive(Debug, Clone)]
pub struct RouterConfig {
    /// `tcp://127.0.0.1:7700`; port `*` takes any.
    pub endpoint: String,
    /// Run, given to the agents in every header.
    pub run: u64,
    /// Payload of `Welcome`.
    pub welcome: Value,
    /// After this time without a sign of life an agent has left.
    pub peer_timeout: Duration,
    /// Messages that wait on either side before the oldest (out) or newest (in) are dropped.
    pub queue: usize,
}

impl RouterConfig {
    /// Timeout 3 s, queues of 4096.
    #[must_use]
    pub fn new(endpoint: &str, run: u64) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            run,
            welcome: Value::Null,
            peer_timeout: Duration::from_secs(3),
            queue: 4096,
        }
    }
}

/// What the link tells.
#[derive(Debug, Clone, PartialEq)]
pub enum RouterEvent {
    /// An agent introduced itself, for the first time or again.
    Joined {
        /// Who.
        agent: Agent,
        /// Payload of its `Hello`.
        hello: Value,
        /// When.
        mono_ns: u64,
    },
    /// An agent shows no life.
    Left {
        /// Who.
        agent: Agent,
        /// When.
        mono_ns: u64,
    },
    /// A message.
    Message {
        /// From whom.
        agent: Agent,
        /// It.
        message: Message,
        /// When it came.
        mono_ns: u64,
    },
    /// Something came that cannot be read; its sender was told.
    Refused {
        /// Why.
        refusal: Refusal,
        /// When.
        mono_ns: u64,
    },
}

/// The controller's handle. The thread ends when it is dropped.
#[derive(Debug)]
pub struct Router {
    outbox: Arc<Outbox<(Agent, Message)>>,
    endpoint: String,
    thread: Option<JoinHandle<()>>,
}

impl Router {
    /// Binds and starts the thread.
    ///
    /// # Errors
    /// [`LinkError`] where the address is taken, wrong, or reachable from other hosts.
    pub fn bind(config: RouterConfig) -> Result<(Self, mpsc::Receiver<RouterEvent>), LinkError> {
        check_endpoint(&config.endpoint)?;
        let (outbox, woken) = Outbox::new(config.queue)?;
        let outbox = Arc::new(outbox);
        let (events, reader) = mpsc::channel(config.queue.max(1));
        let make = || {
            let socket = zmq::Context::new().socket(zmq::ROUTER)?;
            socket.set_linger(200)?;
            socket.set_sndhwm(4096)?;
            socket.set_rcvhwm(4096)?;
            socket.set_maxmsgsize(MAX_PAYLOAD_BYTES as i64)?;
            socket.bind(&config.endpoint)?;
            let endpoint = socket.get_last_endpoint()?;
            Ok((socket, endpoint))
        };
        let (socket, endpoint) =
            make().map_err(|reason| LinkError::Socket { endpoint: config.endpoint.clone(), reason })?;
        let endpoint = endpoint.unwrap_or_else(|_| config.endpoint.clone());
        let mut link =
            Link { socket, outbox: Arc::clone(&outbox), events, woken, seq: 0, peers: HashMap::new(), config };
        let thread = std::thread::Builder::new().name("router".to_owned()).spawn(move || link.run())?;
        Ok((Self { outbox, endpoint, thread: Some(thread) }, reader))
    }

    /// Where it listens, with the port that was taken.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Queues a message for an agent; where that agent is away when its turn comes it is dropped and counted.
    /// `false` where an older message had to go for it.
    pub fn send(&self, agent: Agent, message: Message) -> bool {
        self.outbox.push((agent, message))
    }

    /// Counters.
    #[must_use]
    pub fn stats(&self) -> &LinkStats {
        &self.outbox.stats
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        self.outbox.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Peer {
    identity: Vec<u8>,
    heard_ns: u64,
}

struct Link {
    socket: zmq::Socket,
    outbox: Arc<Outbox<(Agent, Message)>>,
    events: mpsc::Sender<RouterEvent>,
    woken: UnixStream,
    seq: u64,
    peers: HashMap<Agent, Peer>,
    config: RouterConfig,
}

impl Link {
    fn run(&mut self) {
        let timeout_ns = u64::try_from(self.config.peer_timeout.as_nanos()).unwrap_or(u64::MAX);
        while !self.outbox.stopped() {
            while let Some((agent, message)) = self.outbox.pop() {
                match self.peers.get(&agent).map(|p| p.identity.clone()) {
                    Some(identity) => self.put(&identity, message),
                    None => {
                        self.outbox.stats.dropped_out.fetch_add(1, Relaxed);
                    }
                }
            }
            self.wait();
            for _ in 0..256 {
                let Ok(frames) = self.socket.recv_multipart(zmq::DONTWAIT) else { break };
                self.take(frames);
            }
            self.forget(timeout_ns);
        }
        // What was queued before the stop still leaves.
        while let Some((agent, message)) = self.outbox.pop() {
            if let Some(identity) = self.peers.get(&agent).map(|p| p.identity.clone()) {
                self.put(&identity, message);
            }
        }
    }

    fn wait(&mut self) {
        let mut items =
            [self.socket.as_poll_item(zmq::POLLIN), zmq::PollItem::from_fd(self.woken.as_raw_fd(), zmq::POLLIN)];
        let _ = zmq::poll(&mut items, 100);
        if items[1].is_readable() {
            drain(&mut self.woken);
        }
    }

    fn forget(&mut self, timeout_ns: u64) {
        let now = mono_ns();
        let gone: Vec<Agent> =
            self.peers.iter().filter(|(_, p)| now.saturating_sub(p.heard_ns) > timeout_ns).map(|(a, _)| *a).collect();
        for agent in gone {
            self.peers.remove(&agent);
            self.outbox.stats.downs.fetch_add(1, Relaxed);
            self.tell(RouterEvent::Left { agent, mono_ns: now });
        }
    }

    fn take(&mut self, mut frames: Vec<Vec<u8>>) {
        let mono_ns = mono_ns();
        if frames.is_empty() {
            return;
        }
        let identity = frames.remove(0);
        let message = match Message::from_frames(frames) {
            Ok(message) => message,
            Err(e) => {
                let code = if matches!(e, WireError::Version { .. }) { "version" } else { "malformed" };
                let refusal = Refusal { code: code.to_owned(), reason: e.to_string() };
                self.refuse(&identity, &refusal);
                return self.tell(RouterEvent::Refused { refusal, mono_ns });
            }
        };
        self.outbox.stats.received.fetch_add(1, Relaxed);
        let agent = message.header.agent;
        if message.header.kind == Kind::Hello {
            self.peers.insert(agent, Peer { identity: identity.clone(), heard_ns: mono_ns });
            self.outbox.stats.ups.fetch_add(1, Relaxed);
            if let Ok(welcome) = Message::json(Kind::Welcome, Agent::Controller, &self.config.welcome) {
                self.put(&identity, welcome);
            }
            let hello = message.parse().unwrap_or(Value::Null);
            return self.tell(RouterEvent::Joined { agent, hello, mono_ns });
        }
        match self.peers.get_mut(&agent).filter(|p| p.identity == identity) {
            Some(peer) => peer.heard_ns = mono_ns,
            None => {
                let reason = format!("{} has not introduced itself, or a newer one took its place", agent.name());
                return self.refuse(&identity, &Refusal { code: "unknown_peer".to_owned(), reason });
            }
        }
        match message.header.kind {
            Kind::Heartbeat => self.put(&identity, Message::empty(Kind::Heartbeat, Agent::Controller)),
            _ => self.tell(RouterEvent::Message { agent, message, mono_ns }),
        }
    }

    fn refuse(&mut self, identity: &[u8], refusal: &Refusal) {
        self.outbox.stats.refused.fetch_add(1, Relaxed);
        if let Ok(message) = Message::json(Kind::Refuse, Agent::Controller, refusal) {
            self.put(identity, message);
        }
    }

    fn put(&mut self, identity: &[u8], mut message: Message) {
        self.seq += 1;
        stamp(&mut message, self.config.run, self.seq, mono_ns());
        let mut frames = vec![identity.to_vec()];
        frames.extend(message.into_frames());
        let counter = match self.socket.send_multipart(frames, zmq::DONTWAIT) {
            Ok(()) => &self.outbox.stats.sent,
            Err(_) => &self.outbox.stats.dropped_out,
        };
        counter.fetch_add(1, Relaxed);
    }

    fn tell(&self, event: RouterEvent) {
        if self.events.try_send(event).is_err() {
            self.outbox.stats.dropped_in.fetch_add(1, Relaxed);
        }
    }
}
