//! What the kernel counted on a TCP connection: bytes that were really written to it and read from it, by whatever process.

use netlink_packet_core::{NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_sock_diag::SockDiagMessage;
use netlink_packet_sock_diag::constants::{AF_INET, AF_INET6, IPPROTO_TCP};
use netlink_packet_sock_diag::inet::nlas::Nla;
use netlink_packet_sock_diag::inet::{ExtensionFlags, InetRequest, SocketId, StateFlags};
use netlink_sys::protocols::NETLINK_SOCK_DIAG;
use netlink_sys::{Socket, SocketAddr as NetlinkAddr};
use rustix::fd::AsFd;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

/// Bytes of a connection, counted by the kernel from some beginning of its own (a SYN may count as one).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moved {
    /// Taken out of the socket by a process.
    pub read: u64,
    /// Put into the socket by a process.
    pub written: u64,
}

/// Bytes that were moved over a TCP connection.
///
/// # Errors
/// `Unsupported` for a socket that is no TCP connection; what the system says where it does not answer (`sock_diag` missing).
pub fn moved(fd: impl AsFd) -> io::Result<Moved> {
    // Bytes may be acknowledged between two readings of one answer: two that agree are right.
    let mut before = ask(&fd)?;
    for _ in 0..8 {
        let now = ask(&fd)?;
        if now == before {
            return Ok(now);
        }
        before = now;
    }
    Ok(before)
}

fn ask(fd: impl AsFd) -> io::Result<Moved> {
    let here = SocketAddr::try_from(rustix::net::getsockname(&fd)?);
    let there = rustix::net::getpeername(&fd)?.map(SocketAddr::try_from);
    let (Ok(here), Some(Ok(there))) = (here, there) else {
        return Err(io::Error::new(ErrorKind::Unsupported, "no TCP connection"));
    };
    let mut socket = Socket::new(NETLINK_SOCK_DIAG)?;
    socket.bind_auto()?;
    socket.connect(&NetlinkAddr::new(0, 0))?;
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST;
    let request = InetRequest {
        family: if here.is_ipv4() { AF_INET } else { AF_INET6 },
        protocol: IPPROTO_TCP,
        extensions: ExtensionFlags::INFO,
        states: StateFlags::all(),
        socket_id: SocketId {
            source_port: here.port(),
            destination_port: there.port(),
            source_address: here.ip(),
            destination_address: there.ip(),
            interface_id: 0,
            cookie: [0xff; 8],
        },
    };
    let mut message = NetlinkMessage::new(header, SockDiagMessage::InetRequest(request).into());
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    socket.send(&bytes, 0)?;
    let (answer, _) = socket.recv_from_full()?;
    let odd = || io::Error::new(ErrorKind::InvalidData, "sock_diag gives no counts");
    match NetlinkMessage::<SockDiagMessage>::deserialize(&answer).map_err(|_| odd())?.payload {
        NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(r)) => {
            let info = r.nlas.iter().find_map(|n| if let Nla::TcpInfo(info) = n { Some(info) } else { None });
            let (acked, received) = info.and_then(|i| counts(i)).ok_or_else(odd)?;
            Ok(Moved {
                read: received.saturating_sub(u64::from(r.header.recv_queue)),
                written: acked + u64::from(r.header.send_queue),
            })
        }
        NetlinkPayload::Error(e) => Err(e.to_io()),
        _ => Err(odd()),
    }
}

/// Acknowledged and received bytes of a `struct tcp_info` (Linux 4.1 and newer; its layout only grows).
fn counts(info: &[u8]) -> Option<(u64, u64)> {
    // 8 bytes of flags, 24 words of 4 bytes, two pacing rates of 8 bytes, then tcpi_bytes_acked and tcpi_bytes_received
    const ACKED: usize = 8 + 24 * 4 + 2 * 8;
    let word = |at: usize| Some(u64::from_ne_bytes(info.get(at..at + 8)?.try_into().ok()?));
    Some((word(ACKED)?, word(ACKED + 8)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn every_byte_counts_when_it_is_moved_and_not_before() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut a = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut b, _) = listener.accept().unwrap();
        let (a0, b0) = (moved(&a).unwrap(), moved(&b).unwrap());
        a.set_nonblocking(true).unwrap();
        let mut wrote = 0;
        while let Ok(n) = a.write(&[7; 50_000]) {
            wrote += n as u64;
        }
        assert!(wrote > 50_000);
        assert_eq!(moved(&a).unwrap().written - a0.written, wrote);
        let mut some = vec![0; 12_345];
        b.read_exact(&mut some).unwrap();
        assert_eq!(moved(&b).unwrap().read - b0.read, 12_345);
        b.peek(&mut some).unwrap();
        assert_eq!(moved(&b).unwrap().read - b0.read, 12_345);
        b.write_all(&[1; 77]).unwrap();
        assert_eq!(moved(&b).unwrap().written - b0.written, 77);
        assert_eq!(moved(&a).unwrap().read - a0.read, 0);
        let (c, _d) = std::os::unix::net::UnixStream::pair().unwrap();
        assert!(moved(&c).is_err());
    }
}
