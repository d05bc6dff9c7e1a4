//! Who listens on this host.

use super::system::System;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A listening TCP socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Where.
    pub at: SocketAddr,
    /// Name of the program; `None` where we may not see it.
    pub owner: Option<String>,
}

/// Address and inode of every listening socket of `/proc/net/tcp` or `tcp6`.
fn listening(text: &str) -> Vec<(SocketAddr, u64)> {
    let socket = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().take(10).collect();
        let [_, local, _, "0A", .., inode] = words.as_slice() else { return None };
        Some((address(local)?, inode.parse().ok()?))
    };
    text.lines().skip(1).take(65_536).filter_map(socket).collect()
}

/// `0100007F:07D0`: 32-bit words in the host's byte order, the port as it is.
fn address(text: &str) -> Option<SocketAddr> {
    let (host, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |i: usize| u32::from_str_radix(host.get(8 * i..8 * i + 8)?, 16).ok().map(u32::to_le_bytes);
    let ip = match host.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let mut bytes = [0; 16];
            for i in 0..4 {
                bytes[4 * i..4 * i + 4].copy_from_slice(&word(i)?);
            }
            let v6 = Ipv6Addr::from(bytes);
            v6.to_ipv4_mapped().map_or(IpAddr::V6(v6), IpAddr::V4)
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

/// Every listening TCP socket, with its program where it can be seen.
pub(super) fn listeners(system: &dyn System) -> Vec<Listener> {
    let texts = ["/proc/net/tcp", "/proc/net/tcp6"].iter().filter_map(|path| system.text(path));
    let all: Vec<_> = texts.flat_map(|text| listening(&text)).collect();
    let owners = owners(system);
    all.into_iter().map(|(at, inode)| Listener { at, owner: owners.get(&inode).cloned() }).collect()
}

/// Program by the inode of its sockets.
fn owners(system: &dyn System) -> BTreeMap<u64, String> {
    let mut owners = BTreeMap::new();
    for pid in system.names("/proc").into_iter().filter(|n| n.bytes().all(|b| b.is_ascii_digit())) {
        let name = system.text(&format!("/proc/{pid}/comm")).map(|t| t.trim().to_owned());
        for fd in system.names(&format!("/proc/{pid}/fd")) {
            let link = system.link(&format!("/proc/{pid}/fd/{fd}"));
            let inode = link.as_deref().and_then(|l| l.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok());
            if let (Some(inode), Some(name)) = (inode, &name) {
                owners.insert(inode, name.clone());
            }
        }
    }
    owners
}

/// Addresses and port of every listening SCTP endpoint of `/proc/net/sctp/eps`.
pub(super) fn sctp_listening(text: &str) -> Vec<(String, u16)> {
    let endpoint = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, _, _, "10", _, port, _, _, addresses @ ..] = words.as_slice() else { return None };
        let port: u16 = port.parse().ok()?;
        Some(addresses.iter().map(|a| ((*a).to_owned(), port)).collect::<Vec<_>>())
    };
    text.lines().skip(1).take(4096).filter_map(endpoint).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_table_of_the_kernels() {
        let text = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   0: 0100007F:07D0 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1161 1 0 100 0 0 10 0\n   1: 0100007F:07D1 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 1162 1 0 100 0 0 10 0\n";
        assert_eq!(listening(text), [("127.0.0.1:2000".parse().unwrap(), 1161)]);
        assert_eq!(address("00000000000000000000000001000000:1F41"), Some("[::1]:8001".parse().unwrap()));
        assert_eq!(address("0000000000000000FFFF00000100007F:1F41"), Some("127.0.0.1:8001".parse().unwrap()));
        let eps =
            " ENDPT     SOCK   STY SST HBKT LPORT   UID INODE LADDRS\n ffff ffff 2 10 42 38412 0 2233 127.0.0.5 \n";
        assert_eq!(sctp_listening(eps), [("127.0.0.5".to_owned(), 38412)]);
    }

    #[test]
    fn our_own_socket_is_found_with_its_program() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = socket.local_addr().unwrap();
        let all = listeners(&super::super::Machine);
        let ours = all.iter().find(|l| l.at == at).unwrap();
        assert!(ours.owner.is_some(), "{all:?}");
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[A-F0-9: \n]{0,200}") {
            let _ = listening(&text);
            let _ = sctp_listening(&text);
        }
    }
}
