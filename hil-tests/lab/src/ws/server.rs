//! The WebSocket itself.
use super::command::{self, Effect};
use crate::clock;
use crate::world::SharedWorld;
use futures_util::{SinkExt, StreamExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio_tungstenite::tungstenite::{Message, protocol::WebSocketConfig};

/// Longest request.
const MAX_REQUEST: usize = 16 * 1024;

/// What each connection needs.
#[derive(Clone)]
pub struct Remote {
    /// The world that commands act on.
    pub world: SharedWorld,
    /// Metrics to pass on.
    pub metrics: broadcast::Sender<Arc<str>>,
    /// Set by `quit`.
    pub stop: Arc<AtomicBool>,
}

/// Accepts connections for ever.
pub async fn serve(listener: TcpListener, remote: Remote) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let remote = remote.clone();
                tokio::spawn(async move {
                    if let Err(e) = connection(stream, remote).await {
                        tracing::debug!("websocket: {e}");
                    }
                });
            }
            Err(e) => {
                tracing::warn!("accept: {e}");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, remote: Remote) -> Result<(), tokio_tungstenite::tungstenite::Error> {
    // Each metric is a message of its own: waiting to fill a segment only delays it.
    stream.set_nodelay(true)?;
    let limits = WebSocketConfig::default().max_message_size(Some(MAX_REQUEST));
    let mut socket = tokio_tungstenite::accept_async_with_config(stream, Some(limits)).await?;
    let mut metrics: Option<broadcast::Receiver<Arc<str>>> = None;
    let mut idle = tokio::time::interval(std::time::Duration::from_secs(60));
    loop {
        tokio::select! {
            biased;
            message = socket.next() => {
                let Some(message) = message else { return Ok(()) };
                let stamp = clock::gnb_timestamp(clock::since_epoch());
                match message? {
                    Message::Text(text) => {
                        let (reply, effect) = command::handle(&text, &mut remote.world.lock(), &stamp);
                        socket.send(Message::text(reply)).await?;
                        match effect {
                            Effect::Subscribe if metrics.is_none() => metrics = Some(remote.metrics.subscribe()),
                            Effect::Unsubscribe => metrics = None,
                            Effect::Quit => {
                                socket.flush().await?;
                                tracing::info!("quit by remote command");
                                remote.stop.store(true, Ordering::Relaxed);
                            }
                            _ => {}
                        }
                    }
                    Message::Binary(_) => socket.send(Message::text(command::binary_reply(&stamp))).await?,
                    Message::Close(_) => return Ok(()),
                    _ => {}
                }
            }
            text = next_metric(&mut metrics) => socket.send(Message::text(text.as_ref())).await?,
            _ = idle.tick() => socket.send(Message::Ping(Vec::new().into())).await?,
        }
    }
}

/// The next metric of a subscribed connection; what a slow reader missed is dropped silently, as the real one does.
async fn next_metric(metrics: &mut Option<broadcast::Receiver<Arc<str>>>) -> Arc<str> {
    loop {
        match metrics {
            None => std::future::pending::<()>().await,
            Some(receiver) => match receiver.recv().await {
                Ok(text) => return text,
                Err(broadcast::error::RecvError::Lagged(missed)) => tracing::debug!(missed, "slow metrics reader"),
                Err(broadcast::error::RecvError::Closed) => *metrics = None,
            },
        }
    }
}
