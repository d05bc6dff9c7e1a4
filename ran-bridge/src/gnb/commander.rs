//! The command connection: one command in flight, because replies carry no number.

use super::client::{GnbConfig, Socket, connect};
use super::command::{GnbCommand, GnbCommandError};
use super::event::{GnbEvent, LinkKind};
use super::parse::{Body, parse};
use super::queue::DropOldest;
use super::stats::{ClientStats, ParseStats};
use crate::clock::mono_ns;
use futures_util::{SinkExt, StreamExt};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;

type Todo = (GnbCommand, oneshot::Sender<Result<(), GnbCommandError>>);

/// Carries out commands until every handle is gone. Connects when there is something to send and keeps the connection.
pub(super) async fn run(
    config: GnbConfig,
    mut todo: mpsc::Receiver<Todo>,
    queue: Arc<DropOldest>,
    stats: Arc<ClientStats>,
) {
    let mut socket: Option<Socket> = None;
    loop {
        let next = tokio::select! {
            next = todo.recv() => next,
            // Reading answers the gNB's pings and notices that it went.
            gone = idle(&mut socket) => {
                lost(&queue, &stats, gone);
                socket = None;
                continue;
            }
        };
        let Some((command, reply)) = next else { return };
        ClientStats::add(&stats.commands, 1);
        let result = carry_out(&config, &command, &mut socket, &queue, &stats).await;
        if let Err(e) = &result {
            ClientStats::add(&stats.commands_failed, 1);
            if matches!(e, GnbCommandError::Timeout { .. } | GnbCommandError::Link { .. }) && socket.take().is_some() {
                // A late reply on the old connection would be taken for that of the next command.
                lost(&queue, &stats, e.to_string());
            }
        }
        // The asker may have gone; the gNB has its command all the same.
        let _ = reply.send(result);
    }
}

fn lost(queue: &DropOldest, stats: &ClientStats, reason: String) {
    ClientStats::add(&stats.disconnects, 1);
    let event = GnbEvent::Down { link: LinkKind::Commands, reason, retry_ms: 0, mono_ns: mono_ns() };
    ClientStats::add(&stats.dropped, queue.push(event));
}

/// Reads and forgets until the connection ends. For ever where there is none.
async fn idle(socket: &mut Option<Socket>) -> String {
    let Some(socket) = socket else { return std::future::pending().await };
    loop {
        match socket.next().await {
            Some(Ok(Message::Close(_))) | None => return "the gNB closed the connection".to_owned(),
            Some(Err(e)) => return e.to_string(),
            Some(Ok(_)) => {}
        }
    }
}

async fn carry_out(
    config: &GnbConfig,
    command: &GnbCommand,
    slot: &mut Option<Socket>,
    queue: &DropOldest,
    stats: &ClientStats,
) -> Result<(), GnbCommandError> {
    if slot.is_none() {
        let socket = connect(config).await.map_err(|reason| GnbCommandError::Link { reason, sent: false })?;
        ClientStats::add(&stats.connects, 1);
        let up = GnbEvent::Up { link: LinkKind::Commands, mono_ns: mono_ns() };
        ClientStats::add(&stats.dropped, queue.push(up));
        *slot = Some(socket);
    }
    let Some(socket) = slot else { return Err(GnbCommandError::Ended) };
    let cmd = command.name();
    let timeout_ms = u64::try_from(config.command_timeout.as_millis()).unwrap_or(u64::MAX);
    let exchange = async {
        let sent = socket.send(Message::text(command.to_text())).await;
        sent.map_err(|e| GnbCommandError::Link { reason: e.to_string(), sent: true })?;
        answer(socket, cmd, stats).await
    };
    tokio::time::timeout(config.command_timeout, exchange)
        .await
        .unwrap_or(Err(GnbCommandError::Timeout { cmd, timeout_ms }))
}

async fn answer(socket: &mut Socket, cmd: &'static str, stats: &ClientStats) -> Result<(), GnbCommandError> {
    let mut parse_stats = ParseStats::default();
    loop {
        let text = match socket.next().await {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Binary(_))) => {
                ClientStats::add(&stats.binary_frames, 1);
                continue;
            }
            Some(Ok(Message::Close(_))) | None => {
                return Err(GnbCommandError::Link { reason: "the gNB closed the connection".to_owned(), sent: true });
            }
            Some(Ok(_)) => continue,
            Some(Err(e)) => return Err(GnbCommandError::Link { reason: e.to_string(), sent: true }),
        };
        match parse(text.as_str(), &mut parse_stats).map(|m| m.body) {
            Ok(Body::Done { cmd: named }) if named == cmd => return Ok(()),
            Ok(Body::Failed { cmd: named, error }) if named.as_deref().is_none_or(|n| n == cmd) => {
                return Err(GnbCommandError::Refused { cmd, error });
            }
            Ok(_) => {}
            Err(_) => ClientStats::add(&stats.garbage, 1),
        }
    }
}
