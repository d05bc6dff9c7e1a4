//! HTTP/1.1 with bounded bodies and times, one request a connection as Open5GS does it.

use std::time::Duration;

/// Why a request gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// No connection, or it broke.
    #[error("{url}: no connection ({reason}); is the process running and bound to this address?")]
    Unreachable {
        /// Asked URL.
        url: String,
        /// Why.
        reason: String,
    },
    /// Nothing in time.
    #[error("{url}: no answer within {timeout_ms} ms")]
    Timeout {
        /// Asked URL.
        url: String,
        /// The limit.
        timeout_ms: u64,
    },
    /// Another status than 200.
    #[error("{url}: status {status} ({body}); Open5GS answers 400 to a path another network function has")]
    Status {
        /// Asked URL.
        url: String,
        /// HTTP status.
        status: u16,
        /// First 200 bytes of the body.
        body: String,
    },
    /// The body is longer than allowed.
    #[error("{url}: more than {max_bytes} bytes, the rest was not read")]
    TooLong {
        /// Asked URL.
        url: String,
        /// The limit.
        max_bytes: usize,
    },
    /// The body ended before its announced length, or its framing is wrong.
    #[error("{url}: the answer ends after {got_bytes} bytes before it is complete")]
    Truncated {
        /// Asked URL.
        url: String,
        /// Bytes that came.
        got_bytes: usize,
    },
    /// The body is not UTF-8.
    #[error("{url}: the answer is not text")]
    NotText {
        /// Asked URL.
        url: String,
    },
    /// The client could not be made.
    #[error("HTTP client: {0}")]
    Client(String),
}

impl HttpError {
    /// Whether the peer could not be reached at all, as opposed to having answered badly.
    #[must_use]
    pub const fn unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Timeout { .. })
    }
}

/// A client with its limits.
#[derive(Debug, Clone)]
pub struct Http {
    client: reqwest::Client,
    timeout: Duration,
    max_bytes: usize,
}

impl Http {
    /// `timeout` is for a whole request, `max_bytes` for a body.
    ///
    /// # Errors
    /// [`HttpError::Client`] where the HTTP library does not start.
    pub fn new(timeout: Duration, max_bytes: usize) -> Result<Self, HttpError> {
        let client = reqwest::Client::builder()
            .http1_only()
            .pool_max_idle_per_host(0)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(timeout)
            .build()
            .map_err(|e| HttpError::Client(words(&e)))?;
        Ok(Self { client, timeout, max_bytes })
    }

    /// The text under `url`.
    ///
    /// # Errors
    /// [`HttpError`].
    pub async fn get(&self, url: &str) -> Result<String, HttpError> {
        self.finish(url, self.client.get(url)).await
    }

    /// Puts a JSON value and gives the answer's text.
    ///
    /// # Errors
    /// [`HttpError`].
    pub async fn put_json<T: serde::Serialize + Sync>(&self, url: &str, value: &T) -> Result<String, HttpError> {
        self.finish(url, self.client.put(url).json(value)).await
    }

    async fn finish(&self, url: &str, request: reqwest::RequestBuilder) -> Result<String, HttpError> {
        let url = url.to_owned();
        let mut answer = match request.send().await {
            Ok(answer) => answer,
            Err(e) => return Err(self.failed(url, &e, None)),
        };
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > self.max_bytes => {
                    return Err(HttpError::TooLong { url, max_bytes: self.max_bytes });
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(e) => return Err(self.failed(url, &e, Some(body.len()))),
            }
        }
        if status != 200 {
            let body = String::from_utf8_lossy(&body[..body.len().min(200)]).trim().to_owned();
            return Err(HttpError::Status { url, status, body });
        }
        String::from_utf8(body).map_err(|_| HttpError::NotText { url })
    }

    fn failed(&self, url: String, e: &reqwest::Error, got_bytes: Option<usize>) -> HttpError {
        if e.is_timeout() {
            let timeout_ms = u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX);
            return HttpError::Timeout { url, timeout_ms };
        }
        match got_bytes {
            Some(got_bytes) => HttpError::Truncated { url, got_bytes },
            None => HttpError::Unreachable { url, reason: words(e) },
        }
    }
}

/// The innermost reason: the outer ones only repeat the URL.
fn words(e: &dyn std::error::Error) -> String {
    let mut e = e;
    while let Some(inner) = e.source() {
        e = inner;
    }
    e.to_string()
}
