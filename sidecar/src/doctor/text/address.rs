//! Addresses of the ZMQ radio.

use std::net::IpAddr;

/// `tcp://host:port`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wire {
    /// Name, address or `*`.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl std::fmt::Display for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "tcp://{}:{}", self.host, self.port)
    }
}

impl Wire {
    /// Reads an address; what else is written than `tcp://host:port` is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.trim().strip_prefix("tcp://")?.rsplit_once(':')?;
        let good = |c: char| c.is_ascii_alphanumeric() || ".-_*:[]".contains(c);
        let whole = !host.is_empty() && host.len() <= 253 && host.chars().all(good);
        let port = port.parse().ok().filter(|p| *p != 0)?;
        whole.then(|| Self { host: host.to_owned(), port })
    }

    /// Whether who connects to `self` meets who binds `other`.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        let any = |w: &Self| ["*", "0.0.0.0"].contains(&w.host.as_str());
        let same = self.plain() == other.plain();
        self.port == other.port && (same || any(self) || any(other))
    }

    fn plain(&self) -> &str {
        if self.host == "localhost" { "127.0.0.1" } else { &self.host }
    }
}

/// Whether what listens on this host name or address can be reached from this machine only.
#[must_use]
pub fn is_loopback_host(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_as_people_write_them() {
        let wire = |text| Wire::parse(text).unwrap();
        assert_eq!(wire("tcp://127.0.0.1:2000"), Wire { host: "127.0.0.1".into(), port: 2000 });
        assert!(wire("tcp://localhost:2000").meets(&wire("tcp://127.0.0.1:2000")));
        assert!(wire("tcp://127.0.0.1:2000").meets(&wire("tcp://*:2000")));
        assert!(!wire("tcp://127.0.0.1:2000").meets(&wire("tcp://127.0.0.1:2001")));
        assert!(!wire("tcp://127.0.0.1:2000").meets(&wire("tcp://10.0.0.1:2000")));
        for bad in ["ipc:///tmp/x", "127.0.0.1:2000", "tcp://127.0.0.1", "tcp://127.0.0.1:0", "tcp://:1", "tcp://a b:1"]
        {
            assert_eq!(Wire::parse(bad), None, "{bad}");
        }
        assert!(is_loopback_host("127.0.0.5") && is_loopback_host("::1") && is_loopback_host("localhost"));
        assert!(!is_loopback_host("0.0.0.0") && !is_loopback_host("*") && !is_loopback_host("192.0.2.2"));
    }

    proptest! {
        #[test]
        fn what_is_read_is_printed_the_same(text in "tcp://[a-z0-9.*]{1,12}:[1-9][0-9]{0,3}") {
            prop_assert_eq!(Wire::parse(&text).map(|w| w.to_string()), Some(text));
        }

        #[test]
        fn any_text_is_an_address_or_none(text in ".{0,40}") {
            let _ = Wire::parse(&text);
        }
    }
}
