//! Posts bodies to one URL, one connection each.
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::Receiver;

/// Host with port, and path, of an `http://` URL.
fn split(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("http://")?;
    Some(rest.find('/').map_or((rest, "/"), |at| (&rest[..at], &rest[at..])))
}

async fn post(host: &str, path: &str, body: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(host).await?;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    let mut answer = [0u8; 64];
    let read = stream.read(&mut answer).await?;
    Ok(answer[..read].starts_with(b"HTTP/1.1 2"))
}

/// Sends what comes over `bodies` to `url`; `lost` is called for each that nobody took.
pub async fn forward(url: String, mut bodies: Receiver<String>, lost: impl Fn()) {
    let Some((host, path)) = split(&url) else {
        tracing::error!("{url}: not an http:// address; application rates are not posted");
        return;
    };
    while let Some(body) = bodies.recv().await {
        let sent = tokio::time::timeout(Duration::from_secs(1), post(host, path, &body)).await;
        if !matches!(sent, Ok(Ok(true))) {
            lost();
            // Nobody there: do not hammer.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(split("http://127.0.0.1:9097/rates"), Some(("127.0.0.1:9097", "/rates")));
        assert_eq!(split("http://h:1"), Some(("h:1", "/")));
        assert_eq!(split("https://h/"), None);
    }
}
