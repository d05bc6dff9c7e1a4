//! `GET /metrics` and `GET /healthz` on a thread of its own, so that also a process without a runtime has them.

use super::error::TelemetryError;
use super::metrics::Metrics;
use axum::Router;
use axum::extract::Request;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use std::net::SocketAddr;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// The running server; dropped, it finishes what it is answering and ends.
#[derive(Debug)]
pub struct MetricsServer {
    addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Where a process serves its metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsAt {
    /// Address and port; port 0 takes any free one, see [`MetricsServer::addr`].
    pub listen: SocketAddr,
    /// Each request carries `Authorization: Bearer <token>` where it is set.
    pub token: Option<String>,
}

impl MetricsAt {
    /// Here, for whoever asks: loopback only.
    #[must_use]
    pub const fn open(listen: SocketAddr) -> Self {
        Self { listen, token: None }
    }
}

#[derive(Clone)]
struct Served {
    metrics: Metrics,
    token: Option<String>,
}

/// Serves the metrics of a process, the same for all of them: on loopback with or without a token, anywhere else only with one.
///
/// # Errors
/// [`TelemetryError::NeedsToken`], [`TelemetryError::Listen`].
pub fn serve_metrics(at: &MetricsAt, metrics: &Metrics) -> Result<MetricsServer, TelemetryError> {
    serve_with(at, metrics, None)
}

/// The same, with routes of the process beside them, which carry the token, too.
///
/// # Errors
/// As [`serve_metrics`].
pub fn serve_with(at: &MetricsAt, metrics: &Metrics, routes: Option<Router>) -> Result<MetricsServer, TelemetryError> {
    let (addr, token) = (at.listen, at.token.as_deref().filter(|t| !t.is_empty()));
    if !addr.ip().is_loopback() && token.is_none() {
        return Err(TelemetryError::NeedsToken(addr));
    }
    let fail = |e: std::io::Error| TelemetryError::Listen { addr, reason: e.to_string() };
    let listener = std::net::TcpListener::bind(addr).map_err(fail)?;
    listener.set_nonblocking(true).map_err(fail)?;
    let addr = listener.local_addr().map_err(fail)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(fail)?;
    let served = Served { metrics: metrics.clone(), token: token.map(Into::into) };
    let (stop, stopped) = oneshot::channel::<()>();
    let thread = std::thread::Builder::new()
        .name("metrics".into())
        .spawn(move || {
            let served = runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener)?;
                let app = Router::new()
                    .route("/metrics", get(answer))
                    .route("/healthz", get(|| async { "ok\n" }))
                    .with_state(served.clone());
                let app = match routes {
                    Some(routes) => app.merge(routes.route_layer(from_fn_with_state(served, with_token))),
                    // axum panics at a layer on no route
                    None => app,
                };
                // A dropped sender is an order to stop, too.
                let until = async move {
                    let _ = stopped.await;
                };
                axum::serve(listener, app).with_graceful_shutdown(until).await
            });
            if let Err(e) = served {
                tracing::warn!(error = %e, "metrics are no longer served");
            }
        })
        .map_err(fail)?;
    tracing::debug!(%addr, "metrics at /metrics");
    Ok(MetricsServer { addr, stop: Some(stop), thread: Some(thread) })
}

impl MetricsServer {
    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for MetricsServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // Its panic, if any, has been printed.
            let _ = thread.join();
        }
    }
}

async fn answer(State(served): State<Served>, headers: HeaderMap) -> impl IntoResponse {
    if served.token.as_ref().is_some_and(|token| !bears(&headers, token)) {
        return (StatusCode::UNAUTHORIZED, "a token is needed\n").into_response();
    }
    ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], served.metrics.text()).into_response()
}

async fn with_token(State(served): State<Served>, request: Request, next: Next) -> Response {
    if served.token.as_ref().is_some_and(|token| !bears(request.headers(), token)) {
        return (StatusCode::UNAUTHORIZED, "a token is needed\n").into_response();
    }
    next.run(request).await
}

/// Whether a request carries `Authorization: Bearer <token>`.
pub(crate) fn bears(headers: &HeaderMap, token: &str) -> bool {
    let given =
        headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).and_then(|v| v.strip_prefix("Bearer "));
    given.is_some_and(|given| same(given.as_bytes(), token.as_bytes()))
}

/// Compares in a time that does not depend on where they differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |d, (x, y)| d | (x ^ y)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    fn get(addr: SocketAddr, path: &str, extra: &str) -> String {
        let mut s = std::net::TcpStream::connect(addr).unwrap();
        write!(s, "GET {path} HTTP/1.1\r\nHost: x\r\n{extra}Connection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        s.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn prometheus_gets_its_text_and_the_port_is_free_afterwards() {
        let metrics = Metrics::new("test").unwrap();
        let server = serve_metrics(&MetricsAt::open(([127, 0, 0, 1], 0).into()), &metrics).unwrap();
        let addr = server.addr();
        let text = get(addr, "/metrics", "");
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        assert!(text.contains("sidecar_build_info{process=\"test\""), "{text}");
        assert!(get(addr, "/nothing", "").starts_with("HTTP/1.1 404"));
        assert!(matches!(serve_metrics(&MetricsAt::open(addr), &metrics), Err(TelemetryError::Listen { .. })));
        drop(server);
        std::net::TcpListener::bind(addr).unwrap();
    }

    #[test]
    fn beyond_this_host_only_with_a_token() {
        let metrics = Metrics::new("test").unwrap();
        let any = |token: Option<&str>| {
            let at = MetricsAt { listen: ([0, 0, 0, 0], 0).into(), token: token.map(str::to_owned) };
            serve_metrics(&at, &metrics)
        };
        assert!(matches!(any(None), Err(TelemetryError::NeedsToken(_))));
        assert!(matches!(any(Some("")), Err(TelemetryError::NeedsToken(_))));
        let server = any(Some("secret")).unwrap();
        let addr = ([127, 0, 0, 1], server.addr().port()).into();
        assert!(get(addr, "/metrics", "").starts_with("HTTP/1.1 401"));
        assert!(get(addr, "/metrics", "Authorization: Bearer secreT\r\n").starts_with("HTTP/1.1 401"));
        assert!(get(addr, "/metrics", "Authorization: Bearer secret\r\n").starts_with("HTTP/1.1 200"));
    }
}
