//! Addresses as libzmq writes them.

use rustix::fd::OwnedFd;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, socket_with};
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

/// Where a wire begins or ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// `tcp://HOST:PORT`; `*` is every address of this host.
    Tcp(String),
    /// `ipc://PATH`.
    Local(PathBuf),
}

/// Neither `tcp://HOST:PORT` nor `ipc://PATH`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no address of a ZMQ radio: write tcp://HOST:PORT")]
pub struct AddressError(String);

impl std::str::FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if let Some(path) = text.strip_prefix("ipc://").filter(|p| !p.is_empty()) {
            return Ok(Self::Local(path.into()));
        }
        let at = text.strip_prefix("tcp://").map(|at| at.replacen("*:", "0.0.0.0:", 1));
        match at {
            Some(at)
                if at.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok()) =>
            {
                Ok(Self::Tcp(at))
            }
            _ => Err(AddressError(text.to_owned())),
        }
    }
}

impl Address {
    fn resolve(at: &str) -> io::Result<SocketAddr> {
        at.to_socket_addrs()?.next().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address"))
    }

    /// Binds and listens.
    ///
    /// # Errors
    /// The system's, for instance that the address is in use.
    pub fn listen(&self) -> io::Result<OwnedFd> {
        match self {
            Self::Tcp(at) => {
                let listener = TcpListener::bind(Self::resolve(at)?)?;
                listener.set_nonblocking(true)?;
                Ok(listener.into())
            }
            Self::Local(path) => {
                if rustix::net::connect(local()?, &SocketAddrUnix::new(path)?).is_err() {
                    // what a process that has ended left behind
                    std::fs::remove_file(path).ok();
                }
                let listener = UnixListener::bind(path)?;
                listener.set_nonblocking(true)?;
                Ok(listener.into())
            }
        }
    }

    /// Begins to connect; it is done when the socket can be written to.
    ///
    /// # Errors
    /// The system's.
    pub fn dial(&self) -> io::Result<OwnedFd> {
        let (socket, dialled) = match self {
            Self::Tcp(at) => {
                let to = Self::resolve(at)?;
                let family = if to.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
                let socket = nonblocking(family)?;
                let dialled = rustix::net::connect(&socket, &to);
                (socket, dialled)
            }
            Self::Local(path) => {
                let socket = local()?;
                let dialled = rustix::net::connect(&socket, &SocketAddrUnix::new(path)?);
                (socket, dialled)
            }
        };
        match dialled {
            Ok(()) | Err(rustix::io::Errno::INPROGRESS) => Ok(socket),
            Err(e) => Err(e.into()),
        }
    }
}

fn nonblocking(family: AddressFamily) -> io::Result<OwnedFd> {
    Ok(socket_with(family, SocketType::STREAM, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, None)?)
}

fn local() -> io::Result<OwnedFd> {
    nonblocking(AddressFamily::UNIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_srsran_and_labs_write() {
        assert_eq!("tcp://*:2000".parse(), Ok(Address::Tcp("0.0.0.0:2000".into())));
        assert_eq!("tcp://127.0.0.1:2000".parse(), Ok(Address::Tcp("127.0.0.1:2000".into())));
        assert_eq!("ipc:///tmp/x".parse(), Ok(Address::Local("/tmp/x".into())));
        for wrong in ["tcp://127.0.0.1", "tcp://:2000", "tcp://h:99999", "inproc://x", "ipc://", ""] {
            assert!(wrong.parse::<Address>().is_err(), "{wrong}");
        }
    }
}
