//! A small HTTP/1.1 server that answers as libmicrohttpd behind Open5GS does: exact header names, one request a connection.
use crate::clock;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const MAX_REQUEST: usize = 64 * 1024;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `PUT`, `POST` …
    pub method: String,
    /// Path without its query.
    pub path: String,
    /// Query without the question mark.
    pub query: String,
    /// Body.
    pub body: Vec<u8>,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Content type; absent sends none.
    pub content_type: Option<&'static str>,
    /// Sends `Access-Control-Allow-Origin: *`.
    pub open_origin: bool,
    /// Body.
    pub body: String,
}

impl Response {
    /// JSON with status 200 and the open origin header.
    #[must_use]
    pub fn json(body: String) -> Self {
        Self { status: 200, content_type: Some("application/json"), open_origin: true, body }
    }

    /// Prometheus text.
    #[must_use]
    pub fn metrics(body: String) -> Self {
        let content_type = Some("text/plain; version=0.0.4; charset=utf-8");
        Self { status: 200, content_type, open_origin: false, body }
    }

    /// A bare text.
    #[must_use]
    pub fn text(status: u16, body: &str) -> Self {
        Self { status, content_type: None, open_origin: false, body: body.to_owned() }
    }

    /// What Open5GS says to a path it does not know.
    #[must_use]
    pub fn bad_request() -> Self {
        Self::text(400, "Bad Request\n")
    }

    fn head(&self) -> String {
        let reason = match self.status {
            200 => "OK",
            400 => "Bad Request",
            404 => "Not Found",
            405 => "Method Not Allowed",
            413 => "Content Too Large",
            _ => "Error",
        };
        let mut head = format!("HTTP/1.1 {} {reason}\r\n", self.status);
        head += &format!("Date: {}\r\nConnection: close\r\n", clock::http_date(clock::since_epoch()));
        if let Some(kind) = self.content_type {
            head += &format!("Content-Type: {kind}\r\n");
        }
        if self.open_origin {
            head += "Access-Control-Allow-Origin: *\r\n";
        }
        head + &format!("Content-Length: {}\r\n\r\n", self.body.len())
    }
}

/// Something that answers requests.
pub type Handler = Arc<dyn Fn(&Request) -> Response + Send + Sync>;

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}; is another lab or core running?")]
pub struct ListenError {
    /// The address.
    pub address: String,
    /// The system's reason.
    pub source: std::io::Error,
}

/// Binds `address`.
///
/// # Errors
/// [`ListenError`] with the address.
pub async fn listen(address: &str) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address).await.map_err(|source| ListenError { address: address.to_owned(), source })
}

/// Answers on `listener` for ever.
pub async fn serve(listener: TcpListener, handler: Handler) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let handler = handler.clone();
                tokio::spawn(async move {
                    // A client that goes away early is its own affair.
                    let _ = connection(stream, handler).await;
                });
            }
            Err(e) => {
                tracing::warn!("accept: {e}");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

async fn connection(mut stream: TcpStream, handler: Handler) -> std::io::Result<()> {
    let response = match read_request(&mut stream).await? {
        Ok(request) => handler(&request),
        Err(status) => Response::text(status, if status == 413 { "Content Too Large\n" } else { "Bad Request\n" }),
    };
    stream.write_all(response.head().as_bytes()).await?;
    stream.write_all(response.body.as_bytes()).await?;
    stream.shutdown().await
}

/// The request, or the status that refuses it.
async fn read_request(stream: &mut TcpStream) -> std::io::Result<Result<Request, u16>> {
    let mut bytes = Vec::new();
    let mut chunk = [0u8; 4096];
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        let read = stream.read(&mut chunk).await?;
        if read == 0 {
            return Ok(Err(400));
        }
        bytes.extend_from_slice(&chunk[..read]);
        if bytes.len() > MAX_REQUEST {
            return Ok(Err(413));
        }
    };
    let Ok(head) = std::str::from_utf8(&bytes[..head_end]) else { return Ok(Err(400)) };
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target)) = (first.next(), first.next()) else { return Ok(Err(400)) };
    let header = |name: &str| {
        lines
            .clone()
            .find_map(|l| l.split_once(':').filter(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v.trim()))
    };
    let length: usize = match header("content-length").map(str::parse) {
        None => 0,
        Some(Ok(length)) => length,
        Some(Err(_)) => return Ok(Err(400)),
    };
    if length > MAX_REQUEST {
        return Ok(Err(413));
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut request = Request { method: method.into(), path: path.into(), query: query.into(), body: Vec::new() };
    while bytes.len() < head_end + 4 + length {
        let read = stream.read(&mut chunk).await?;
        if read == 0 {
            return Ok(Err(400));
        }
        bytes.extend_from_slice(&chunk[..read]);
    }
    request.body = bytes[head_end + 4..head_end + 4 + length].to_vec();
    Ok(Ok(request))
}
