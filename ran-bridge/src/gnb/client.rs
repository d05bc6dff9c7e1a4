//! The metrics connection: subscribes, drains, counts, reconnects. The commands go over [`super::commander`].

use super::command::{GnbCommand, GnbCommandError};
use super::commander;
use super::dialect::Dialect;
use super::event::{GnbEvent, LinkKind};
use super::gap::GapDetector;
use super::loopback::{UrlError, check_url};
use super::parse::{Body, MAX_TEXT_BYTES, parse};
use super::queue::DropOldest;
use super::stats::{ClientStats, ParseStats};
use crate::clock::mono_ns;
use futures_util::{SinkExt, StreamExt};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::{self, protocol::WebSocketConfig};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

const SUBSCRIBE: &str = r#"{"cmd":"metrics_subscribe"}"#;
const SILENT_HINT: &str = "reports follow slots: a gNB whose radio gets no samples gives no reports. Look whether `air` runs and its peers feed it";
const SUBSCRIBE_HINT: &str = "set metrics.enable_json: true in the gNB's configuration";

/// How to reach the gNB and how patient to be.
#[derive(Debug, Clone)]
pub struct GnbConfig {
    /// `ws://127.0.0.1:8001`.
    pub url: String,
    /// Take a gNB that is not on this host.
    pub allow_remote: bool,
    /// After this time without a report the client says so.
    pub silence: Duration,
    /// Time to answer a command, and to connect.
    pub command_timeout: Duration,
    /// First pause before connecting again; doubles up to `backoff_max`.
    pub backoff_min: Duration,
    /// Longest pause before connecting again.
    pub backoff_max: Duration,
    /// Events that wait for a slow reader before the oldest reports are dropped.
    pub queue: usize,
}

impl GnbConfig {
    /// Defaults: 10 s of silence, 5 s for a command, pauses of 0.1 to 5 s, 1024 events.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            allow_remote: false,
            silence: Duration::from_secs(10),
            command_timeout: Duration::from_secs(5),
            backoff_min: Duration::from_millis(100),
            backoff_max: Duration::from_secs(5),
            queue: 1024,
        }
    }
}

/// Sends commands and shows counters. Both tasks end when the last handle and the receiver are gone.
#[derive(Debug, Clone)]
pub struct GnbHandle {
    commands: mpsc::Sender<(GnbCommand, oneshot::Sender<Result<(), GnbCommandError>>)>,
    stats: Arc<ClientStats>,
}

impl GnbHandle {
    /// Sends a command and waits for the answer. Success means *accepted*, not *in effect*.
    ///
    /// # Errors
    /// [`GnbCommandError`]: refused, not answered in time, or no connection.
    pub async fn send(&self, command: GnbCommand) -> Result<(), GnbCommandError> {
        let (tx, rx) = oneshot::channel();
        self.commands.send((command, tx)).await.map_err(|_| GnbCommandError::Ended)?;
        rx.await.map_err(|_| GnbCommandError::Ended)?
    }

    /// Counters of the client.
    #[must_use]
    pub fn stats(&self) -> &Arc<ClientStats> {
        &self.stats
    }
}

/// Starts the client on the current tokio runtime: one connection for metrics, one for commands.
///
/// # Errors
/// [`UrlError`] where the URL is no WebSocket of this host.
pub fn spawn(config: GnbConfig) -> Result<(GnbHandle, mpsc::Receiver<GnbEvent>), UrlError> {
    check_url(&config.url, config.allow_remote)?;
    let stats = Arc::new(ClientStats::default());
    let queue = Arc::new(DropOldest::new(config.queue));
    let (out, events) = mpsc::channel(1);
    let (commands, todo) = mpsc::channel(8);
    let metrics = Metrics {
        config: config.clone(),
        queue: Arc::clone(&queue),
        stats: Arc::clone(&stats),
        parse: ParseStats::default(),
        gaps: GapDetector::new(),
        dialect: None,
    };
    let commander = tokio::spawn(commander::run(config, todo, Arc::clone(&queue), Arc::clone(&stats)));
    let drain = tokio::spawn(metrics.run());
    tokio::spawn(async move {
        loop {
            tokio::select! {
                event = queue.pop() => if out.send(event).await.is_err() { break },
                () = out.closed() => break,
            }
        }
        drain.abort();
        // Commands may still be sent by a handle that outlives the reader.
        drop(commander);
    });
    Ok((GnbHandle { commands, stats }, events))
}

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Connects within the command timeout.
pub(super) async fn connect(config: &GnbConfig) -> Result<Socket, String> {
    let limits = WebSocketConfig::default().max_message_size(Some(MAX_TEXT_BYTES)).max_frame_size(Some(MAX_TEXT_BYTES));
    let connecting = tokio_tungstenite::connect_async_with_config(config.url.as_str(), Some(limits), true);
    match tokio::time::timeout(config.command_timeout, connecting).await {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(e)) => Err(e.to_string()),
        Err(_) => Err(format!("no answer within {} ms", config.command_timeout.as_millis())),
    }
}

struct Metrics {
    config: GnbConfig,
    queue: Arc<DropOldest>,
    stats: Arc<ClientStats>,
    parse: ParseStats,
    gaps: GapDetector,
    dialect: Option<Dialect>,
}

impl Metrics {
    async fn run(mut self) {
        let mut pause = self.config.backoff_min;
        loop {
            let (reason, useful) = match connect(&self.config).await {
                Ok(socket) => {
                    ClientStats::add(&self.stats.connects, 1);
                    self.put(GnbEvent::Up { link: LinkKind::Metrics, mono_ns: mono_ns() });
                    self.gaps.restart();
                    self.drain(socket).await
                }
                Err(reason) => (reason, false),
            };
            if useful {
                pause = self.config.backoff_min;
            }
            ClientStats::add(&self.stats.disconnects, 1);
            let retry_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
            self.put(GnbEvent::Down { link: LinkKind::Metrics, reason, retry_ms, mono_ns: mono_ns() });
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(self.config.backoff_max);
        }
    }

    /// Reads until the connection ends; why, and whether a report came over it.
    async fn drain(&mut self, mut socket: Socket) -> (String, bool) {
        if let Err(e) = socket.send(tungstenite::Message::text(SUBSCRIBE)).await {
            return (e.to_string(), false);
        }
        let (mut useful, mut silent, mut pinged) = (false, false, false);
        let mut silent_ms = 0_u64;
        let mut deadline = Box::pin(tokio::time::sleep(self.config.silence));
        let mut last_report_ns = mono_ns();
        loop {
            tokio::select! {
                frame = socket.next() => {
                    // Any frame shows that the peer lives; only a report ends a silence.
                    pinged = false;
                    match frame {
                        Some(Ok(tungstenite::Message::Text(text))) => {
                            if let Some(report) = self.text(text.as_str()) {
                                if silent {
                                    self.put(GnbEvent::Resumed { mono_ns: mono_ns() });
                                }
                                self.put(report);
                                (useful, silent) = (true, false);
                                last_report_ns = mono_ns();
                                deadline.set(tokio::time::sleep(self.config.silence));
                            }
                        }
                        Some(Ok(tungstenite::Message::Binary(_))) => ClientStats::add(&self.stats.binary_frames, 1),
                        Some(Ok(tungstenite::Message::Close(frame))) => {
                            let words = frame.map_or_else(String::new, |f| format!(": {} {}", f.code, f.reason));
                            return (format!("the gNB closed the connection{words}"), useful);
                        }
                        Some(Ok(_)) => {}
                        Some(Err(e)) => return (e.to_string(), useful),
                        None => return ("the gNB closed the connection".to_owned(), useful),
                    }
                }
                () = &mut deadline => {
                    silent_ms = silent_ms.max(mono_ns().saturating_sub(last_report_ns) / 1_000_000);
                    if pinged {
                        return (format!("no sign of life for {silent_ms} ms"), useful);
                    }
                    if !silent {
                        ClientStats::add(&self.stats.silences, 1);
                        self.put(GnbEvent::Silent { silent_ms, hint: SILENT_HINT, mono_ns: mono_ns() });
                    }
                    (silent, pinged) = (true, true);
                    if let Err(e) = socket.send(tungstenite::Message::Ping(Vec::new().into())).await {
                        return (e.to_string(), useful);
                    }
                    deadline.set(tokio::time::sleep(self.config.silence));
                }
            }
        }
    }

    /// Takes a text; the event of its report, where it was one.
    fn text(&mut self, text: &str) -> Option<GnbEvent> {
        let invalid = self.parse.invalid_fields;
        let message = match parse(text, &mut self.parse) {
            Ok(message) => message,
            Err(e) => {
                ClientStats::add(&self.stats.garbage, 1);
                tracing::debug!(error = %e, "dropped a text of the gNB");
                return None;
            }
        };
        ClientStats::add(&self.stats.invalid_fields, self.parse.invalid_fields - invalid);
        match &message.body {
            Body::Done { .. } => return None,
            Body::Failed { error, .. } => {
                self.put(GnbEvent::SubscribeRefused { error: error.clone(), hint: SUBSCRIBE_HINT });
                return None;
            }
            Body::Cells(cells) => {
                let dialect = cells.iter().find_map(|c| c.dialect);
                if let Some(dialect) = dialect.filter(|d| self.dialect != Some(*d)) {
                    self.dialect = Some(dialect);
                    self.put(GnbEvent::Dialect { dialect });
                }
                if let Some(gap) = message.time.and_then(|t| self.gaps.push(t)) {
                    ClientStats::add(&self.stats.missed_reports, gap.missed);
                    self.put(GnbEvent::Gap { gap, mono_ns: mono_ns() });
                }
            }
            _ => {}
        }
        Some(GnbEvent::Report { message: Box::new(message), mono_ns: mono_ns() })
    }

    fn put(&self, event: GnbEvent) {
        ClientStats::add(&self.stats.dropped, self.queue.push(event));
    }
}
