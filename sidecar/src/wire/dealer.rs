//! An agent's end of its link to the controller: a DEALER on its own thread that introduces itself, keeps alive and comes back.

use super::header::{MAX_PAYLOAD_BYTES, WireError};
use super::kind::{Agent, Kind};
use super::link::{LinkError, LinkStats, Outbox, Refusal, check_endpoint, drain, stamp};
use super::message::Message;
use crate::clock::mono_ns;
use serde_json::Value;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc;

/// How to reach the controller.
#[derive(Debug, Clone)]
pub struct DealerConfig {
    /// `tcp://127.0.0.1:7700`.
    pub endpoint: String,
    /// Who we are.
    pub agent: Agent,
    /// Run we belong to; 0 = that of the controller.
    pub run: u64,
    /// Payload of our `Hello`.
    pub hello: Value,
    /// Time between two heartbeats.
    pub heartbeat: Duration,
    /// After this time without a sign of life the link is down.
    pub peer_timeout: Duration,
    /// Longest pause between two introductions.
    pub backoff_max: Duration,
    /// Messages that wait on either side before the oldest (out) or newest (in) are dropped.
    pub queue: usize,
}

impl DealerConfig {
    /// Heartbeat 500 ms, timeout 3 s, pauses up to 2 s, queues of 1024.
    #[must_use]
    pub fn new(endpoint: &str, agent: Agent) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            agent,
            run: 0,
            hello: Value::Null,
            heartbeat: Duration::from_millis(500),
            peer_timeout: Duration::from_secs(3),
            backoff_max: Duration::from_secs(2),
            queue: 1024,
        }
    }
}

/// What the link tells.
#[derive(Debug, Clone, PartialEq)]
pub enum DealerEvent {
    /// The controller knows us; payload of its `Welcome`.
    Up {
        /// Its words.
        welcome: Value,
        /// When.
        mono_ns: u64,
    },
    /// The controller is away; the link tries again by itself.
    Down {
        /// Why.
        reason: String,
        /// When.
        mono_ns: u64,
    },
    /// The controller does not take us or something we sent.
    Refused(Refusal),
    /// A message.
    Message {
        /// It.
        message: Message,
        /// When it came.
        mono_ns: u64,
    },
}

/// The agent's handle. The thread ends when it is dropped.
#[derive(Debug)]
pub struct Dealer {
    outbox: Arc<Outbox<Message>>,
    thread: Option<JoinHandle<()>>,
}

impl Dealer {
    /// Starts the thread. There need not be a controller yet.
    ///
    /// # Errors
    /// [`LinkError`] where the address is wrong or the system gives no thread.
    pub fn connect(config: DealerConfig) -> Result<(Self, mpsc::Receiver<DealerEvent>), LinkError> {
        check_endpoint(&config.endpoint)?;
        let (outbox, woken) = Outbox::new(config.queue)?;
        let outbox = Arc::new(outbox);
        let (events, reader) = mpsc::channel(config.queue.max(1));
        let context = zmq::Context::new();
        let socket = open(&context, &config)?;
        let mut link =
            Link { context, socket, outbox: Arc::clone(&outbox), events, woken, run: config.run, seq: 0, config };
        let thread = std::thread::Builder::new().name("dealer".to_owned()).spawn(move || link.run())?;
        Ok((Self { outbox, thread: Some(thread) }, reader))
    }

    /// Queues a message; run, sequence number and time are filled in when it leaves. While the controller is away it waits.
    /// `false` where an older message had to go for it.
    pub fn send(&self, message: Message) -> bool {
        self.outbox.push(message)
    }

    /// Counters.
    #[must_use]
    pub fn stats(&self) -> &LinkStats {
        &self.outbox.stats
    }
}

impl Drop for Dealer {
    fn drop(&mut self) {
        self.outbox.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn open(context: &zmq::Context, config: &DealerConfig) -> Result<zmq::Socket, LinkError> {
    let make = || {
        let socket = context.socket(zmq::DEALER)?;
        socket.set_linger(0)?;
        socket.set_sndhwm(1024)?;
        socket.set_rcvhwm(1024)?;
        socket.set_maxmsgsize(MAX_PAYLOAD_BYTES as i64)?;
        socket.connect(&config.endpoint)?;
        Ok(socket)
    };
    make().map_err(|reason| LinkError::Socket { endpoint: config.endpoint.clone(), reason })
}

struct Link {
    context: zmq::Context,
    socket: zmq::Socket,
    outbox: Arc<Outbox<Message>>,
    events: mpsc::Sender<DealerEvent>,
    woken: UnixStream,
    run: u64,
    seq: u64,
    config: DealerConfig,
}

/// Why the link went down.
struct Lost(String);

impl Link {
    fn run(&mut self) {
        let mut pause_ns = 50_000_000_u64;
        let mut told_down = false;
        while !self.outbox.stopped() {
            let reason = match self.introduce() {
                Some(()) => {
                    (pause_ns, told_down) = (50_000_000, false);
                    self.talk().0
                }
                None => "no controller answers".to_owned(),
            };
            if self.outbox.stopped() {
                return;
            }
            if !told_down {
                tracing::warn!(endpoint = %self.config.endpoint, %reason, "controller away");
                self.outbox.stats.downs.fetch_add(1, Relaxed);
                self.tell(DealerEvent::Down { reason, mono_ns: mono_ns() });
                told_down = true;
            }
            // A new socket forgets introductions that nobody took.
            if let Ok(fresh) = open(&self.context, &self.config) {
                self.socket = fresh;
            }
            self.sleep(pause_ns);
            pause_ns = (pause_ns * 2).min(nanos(self.config.backoff_max));
        }
    }

    /// Says who we are until we are welcome; `None` where nobody answers in time.
    fn introduce(&mut self) -> Option<()> {
        let hello = Message::json(Kind::Hello, self.config.agent, &self.config.hello).ok()?;
        self.put(hello).ok()?;
        let until = mono_ns().saturating_add(nanos(self.config.peer_timeout));
        while mono_ns() < until && !self.outbox.stopped() {
            let Some(message) = self.next(50) else { continue };
            match message.header.kind {
                Kind::Welcome => {
                    if self.config.run == 0 {
                        self.run = message.header.run;
                    }
                    self.outbox.stats.ups.fetch_add(1, Relaxed);
                    let welcome = message.parse().unwrap_or(Value::Null);
                    self.tell(DealerEvent::Up { welcome, mono_ns: mono_ns() });
                    return Some(());
                }
                Kind::Refuse => {
                    self.refused(&message);
                    return None;
                }
                _ => {}
            }
        }
        None
    }

    /// Carries messages until the controller goes.
    fn talk(&mut self) -> Lost {
        let (beat_ns, timeout_ns) = (nanos(self.config.heartbeat), nanos(self.config.peer_timeout));
        let (mut heard, mut next_beat) = (mono_ns(), mono_ns());
        loop {
            if self.outbox.stopped() {
                return Lost("stopped".to_owned());
            }
            while let Some(message) = self.outbox.pop() {
                if let Err(lost) = self.put(message) {
                    return lost;
                }
            }
            let now = mono_ns();
            if now >= next_beat {
                if let Err(lost) = self.put(Message::empty(Kind::Heartbeat, self.config.agent)) {
                    return lost;
                }
                next_beat = now + beat_ns;
            }
            if now.saturating_sub(heard) > timeout_ns {
                return Lost(format!("no sign of life for {} ms", timeout_ns / 1_000_000));
            }
            let wait_ms = (next_beat.saturating_sub(now) / 1_000_000).clamp(1, 100);
            while let Some(message) = self.next(if heard == now { 0 } else { wait_ms as i64 }) {
                heard = mono_ns();
                match message.header.kind {
                    Kind::Heartbeat | Kind::Welcome => {}
                    Kind::Refuse => {
                        if self.refused(&message).code == "unknown_peer" {
                            return Lost("the controller was restarted".to_owned());
                        }
                    }
                    _ => self.tell(DealerEvent::Message { message, mono_ns: heard }),
                }
                if heard >= next_beat {
                    break;
                }
            }
        }
    }

    /// The next readable message within the time, or `None` also when there is something to send.
    fn next(&mut self, wait_ms: i64) -> Option<Message> {
        let mut items =
            [self.socket.as_poll_item(zmq::POLLIN), zmq::PollItem::from_fd(self.woken.as_raw_fd(), zmq::POLLIN)];
        // EINTR and the like: the caller comes again.
        let _ = zmq::poll(&mut items, wait_ms);
        let (readable, woken) = (items[0].is_readable(), items[1].is_readable());
        if woken {
            drain(&mut self.woken);
        }
        if !readable {
            return None;
        }
        let frames = self.socket.recv_multipart(zmq::DONTWAIT).ok()?;
        match Message::from_frames(frames) {
            Ok(message) => {
                self.outbox.stats.received.fetch_add(1, Relaxed);
                Some(message)
            }
            Err(e) => {
                self.outbox.stats.refused.fetch_add(1, Relaxed);
                let code = if matches!(e, WireError::Version { .. }) { "version" } else { "malformed" };
                self.tell(DealerEvent::Refused(Refusal { code: code.to_owned(), reason: e.to_string() }));
                None
            }
        }
    }

    fn refused(&self, message: &Message) -> Refusal {
        self.outbox.stats.refused.fetch_add(1, Relaxed);
        let refusal = message.parse().unwrap_or(Refusal { code: "unknown".to_owned(), reason: String::new() });
        self.tell(DealerEvent::Refused(refusal.clone()));
        refusal
    }

    fn put(&mut self, mut message: Message) -> Result<(), Lost> {
        self.seq += 1;
        stamp(&mut message, self.run, self.seq, mono_ns());
        match self.socket.send_multipart(message.into_frames(), zmq::DONTWAIT) {
            Ok(()) => {
                self.outbox.stats.sent.fetch_add(1, Relaxed);
                Ok(())
            }
            Err(zmq::Error::EAGAIN) => {
                self.outbox.stats.dropped_out.fetch_add(1, Relaxed);
                Ok(())
            }
            Err(e) => Err(Lost(e.to_string())),
        }
    }

    fn tell(&self, event: DealerEvent) {
        if self.events.try_send(event).is_err() {
            self.outbox.stats.dropped_in.fetch_add(1, Relaxed);
        }
    }

    fn sleep(&self, ns: u64) {
        let until = mono_ns().saturating_add(ns);
        while !self.outbox.stopped() && mono_ns() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn nanos(d: Duration) -> u64 {
    u64::try_from(d.as_nanos()).unwrap_or(u64::MAX)
}
