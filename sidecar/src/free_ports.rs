//! Free loopback ports for a lab of one's own: a demo, a bench, a test.
//!
//! The radio's wires need their addresses before anybody is bound to them, so a port is free only as far as a moment ago. Two things make
//! it stay so: ports come from below the range that the system gives to outgoing connections (a peer that is dialled before it listens could
//! else be met by the dialler's own port), and each is marked for as long as the process lives, so that no other process takes it here.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as LocalAddr, UnixDatagram};
use std::sync::{Mutex, PoisonError};

/// The marks of the ports this process has given away: names that only one process can have.
static MARKS: Mutex<Vec<UnixDatagram>> = Mutex::new(Vec::new());
/// Where ports come from: above what services use, below Linux' range of outgoing connections.
const FIRST: u16 = 12_000;
const COUNT: u16 = 20_000;
/// Steps from one candidate to the next: coprime to the count, so that all are reached.
const STEP: u32 = 7_919;

/// A stock of ports that were free a moment ago.
#[derive(Debug)]
pub struct FreePorts(Vec<u16>);

impl FreePorts {
    /// `count` ports that nobody listens on.
    ///
    /// # Errors
    /// `AddrInUse` when there are none.
    pub fn stock(count: usize) -> io::Result<Self> {
        let mut marks = MARKS.lock().unwrap_or_else(PoisonError::into_inner);
        let start = std::process::id().wrapping_mul(2_654_435_761) % u32::from(COUNT);
        let mut ports = Vec::with_capacity(count);
        for k in 0..u32::from(COUNT) {
            if ports.len() == count {
                return Ok(Self(ports));
            }
            let port = FIRST + ((start + k.wrapping_mul(STEP)) % u32::from(COUNT)) as u16;
            let name = LocalAddr::from_abstract_name(format!("sidecar-port-{port}"))?;
            if let Ok(mark) = UnixDatagram::bind_addr(&name)
                && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
            {
                marks.push(mark);
                ports.push(port);
            }
        }
        Err(io::Error::new(io::ErrorKind::AddrInUse, "too few free ports on 127.0.0.1"))
    }

    /// The next port.
    ///
    /// # Errors
    /// `AddrNotAvailable` when the stock is empty.
    pub fn take(&mut self) -> io::Result<u16> {
        self.0.pop().ok_or_else(|| io::Error::new(io::ErrorKind::AddrNotAvailable, "too few ports were reserved"))
    }

    /// The next port as a loopback address.
    ///
    /// # Errors
    /// As [`FreePorts::take`].
    pub fn address(&mut self) -> io::Result<SocketAddr> {
        Ok((Ipv4Addr::LOCALHOST, self.take()?).into())
    }

    /// The next port as an address of the ZMQ radio.
    ///
    /// # Errors
    /// As [`FreePorts::take`].
    pub fn wire(&mut self) -> io::Result<String> {
        Ok(format!("tcp://{}", self.address()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_stock_is_finite_and_no_port_comes_twice() {
        let mut seen = BTreeSet::new();
        for _ in 0..10 {
            let mut ports = FreePorts::stock(20).unwrap();
            for _ in 0..20 {
                let port = ports.take().unwrap();
                assert!(seen.insert(port) && (FIRST..FIRST + COUNT).contains(&port));
            }
            assert!(ports.take().is_err());
        }
        assert_eq!(seen.len(), 200);
    }

    #[test]
    fn a_wire_is_an_address_of_the_radio() {
        let wire = FreePorts::stock(1).unwrap().wire().unwrap();
        assert!(wire.starts_with("tcp://127.0.0.1:") && wire.len() > "tcp://127.0.0.1:".len(), "{wire}");
    }
}
