//! The gNB's remote control knows no password and obeys `quit`: it must not be reachable from elsewhere.

use std::net::IpAddr;

/// Why a URL is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Not `ws://HOST:PORT…`.
    #[error("{url}: the gNB's remote control is given as ws://127.0.0.1:8001")]
    Form {
        /// As configured.
        url: String,
    },
    /// Not on this host.
    #[error(
        "{url} is not loopback: anyone who reaches this port can stop the gNB. Bind remote_control.bind_addr to 127.0.0.1 and use an SSH tunnel, or set allow_remote: true where the network is closed"
    )]
    NotLoopback {
        /// As configured.
        url: String,
    },
}

/// Checks that `url` is a WebSocket on this host. With `allow_remote` any host passes.
///
/// # Errors
/// [`UrlError`] where the form is wrong or the host is not loopback.
pub fn check_url(url: &str, allow_remote: bool) -> Result<(), UrlError> {
    let form = || UrlError::Form { url: url.to_owned() };
    let rest = url.strip_prefix("ws://").ok_or_else(form)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // A user name before the host could make a foreign host look like ours.
    if authority.is_empty() || authority.contains(['@', ' ', '\\']) {
        return Err(form());
    }
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split_once(']').ok_or_else(form)?.0,
        None => authority.split(':').next().unwrap_or_default(),
    };
    let local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if local || allow_remote { Ok(()) } else { Err(UrlError::NotLoopback { url: url.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_host_without_a_flag() {
        for ok in ["ws://127.0.0.1:8001", "ws://localhost:8001/x", "ws://[::1]:8001/", "ws://127.0.0.9"] {
            assert_eq!(check_url(ok, false), Ok(()), "{ok}");
        }
        for remote in
            ["ws://192.168.1.4:8001", "ws://0.0.0.0:8001", "ws://127.0.0.1.example.org:8001", "ws://[2001:db8::1]:8001"]
        {
            assert!(matches!(check_url(remote, false), Err(UrlError::NotLoopback { .. })), "{remote}");
            assert_eq!(check_url(remote, true), Ok(()), "{remote}");
        }
        for bad in ["http://127.0.0.1", "127.0.0.1:8001", "ws://", "ws://127.0.0.1@example.org/", "wss://localhost"] {
            assert!(matches!(check_url(bad, true), Err(UrlError::Form { .. })), "{bad}");
        }
    }
}
