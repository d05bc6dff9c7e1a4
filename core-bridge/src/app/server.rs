//! `POST /rates`, on loopback.

use super::rates::{RateReport, parse_rates};
use crate::clock::mono_ns;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Largest body, bytes.
pub const MAX_BODY_BYTES: usize = 1 << 20;

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken, or not ours.
    #[error("cannot listen on {address} for application rates: {source}")]
    Bind {
        /// Asked address.
        address: SocketAddr,
        /// The system's words.
        source: std::io::Error,
    },
    /// Not loopback.
    #[error("{0} is not loopback: rates are taken without a password, so only from this host")]
    NotLoopback(SocketAddr),
}

/// Counters of the server.
#[derive(Debug, Default)]
pub struct RateServerStats {
    /// Reports taken.
    pub accepted: AtomicU64,
    /// Bodies refused.
    pub refused: AtomicU64,
    /// Reports dropped because the reader was slow.
    pub dropped: AtomicU64,
}

/// The running server; it ends when this is dropped.
#[derive(Debug)]
pub struct RateServer {
    address: SocketAddr,
    stats: Arc<RateServerStats>,
    task: JoinHandle<()>,
}

impl RateServer {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its counters.
    #[must_use]
    pub fn stats(&self) -> &Arc<RateServerStats> {
        &self.stats
    }
}

impl Drop for RateServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone)]
struct Shared {
    out: mpsc::Sender<(RateReport, u64)>,
    stats: Arc<RateServerStats>,
}

/// Listens on `address` (port 0 = any). Each report comes with its host-monotonic arrival time, ns.
///
/// # Errors
/// [`ServeError`].
pub async fn serve_rates(
    address: SocketAddr,
    queue: usize,
) -> Result<(RateServer, mpsc::Receiver<(RateReport, u64)>), ServeError> {
    if !address.ip().is_loopback() {
        return Err(ServeError::NotLoopback(address));
    }
    let listener = TcpListener::bind(address).await.map_err(|source| ServeError::Bind { address, source })?;
    let address = listener.local_addr().map_err(|source| ServeError::Bind { address, source })?;
    let stats = Arc::new(RateServerStats::default());
    let (out, reports) = mpsc::channel(queue.max(1));
    let app = Router::new()
        .route("/rates", post(take))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(Shared { out, stats: Arc::clone(&stats) });
    let task = tokio::spawn(async move {
        if let Err(e) = axum::serve(listener, app).await {
            tracing::error!(error = %e, "server for application rates ended");
        }
    });
    Ok((RateServer { address, stats, task }, reports))
}

async fn take(State(shared): State<Shared>, body: Bytes) -> Response {
    let report = match parse_rates(&body) {
        Ok(report) => report,
        Err(e) => {
            shared.stats.refused.fetch_add(1, Relaxed);
            let answer = serde_json::json!({ "code": e.code(), "reason": e.to_string() });
            return (StatusCode::UNPROCESSABLE_ENTITY, Json(answer)).into_response();
        }
    };
    let items = report.items.len();
    match shared.out.try_send((report, mono_ns())) {
        Ok(()) => {
            shared.stats.accepted.fetch_add(1, Relaxed);
            Json(serde_json::json!({ "accepted": items })).into_response()
        }
        Err(_) => {
            shared.stats.dropped.fetch_add(1, Relaxed);
            let answer = serde_json::json!({ "code": "busy", "reason": "the reader is slow, this report was dropped" });
            (StatusCode::TOO_MANY_REQUESTS, Json(answer)).into_response()
        }
    }
}
