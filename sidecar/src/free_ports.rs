//! Free loopback ports for a lab of one's own: a demo, a bench, a test.
//!
//! The radio's wires need their addresses before anybody is bound to them, so a port is free only as far as a moment ago.
//! A process never gives itself the same one twice.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Mutex, PoisonError};

/// Ports this process has given away.
static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
/// Ports asked for, for each that is wanted, before the search is given up.
const TRIES: usize = 64;

/// A stock of ports that were free a moment ago.
#[derive(Debug)]
pub struct FreePorts(Vec<u16>);

impl FreePorts {
    /// `count` ports that nobody listens on.
    ///
    /// # Errors
    /// The system's, when it gives none.
    pub fn stock(count: usize) -> io::Result<Self> {
        let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
        // All are held until all are known, also those not taken, so that the system gives none twice.
        let mut held = Vec::new();
        let mut ports = Vec::with_capacity(count);
        while ports.len() < count {
            if held.len() > TRIES + count {
                return Err(io::Error::new(io::ErrorKind::AddrInUse, "too few free ports on 127.0.0.1"));
            }
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            let port = listener.local_addr()?.port();
            held.push(listener);
            if given.insert(port) {
                ports.push(port);
            }
        }
        Ok(Self(ports))
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

    #[test]
    fn a_stock_is_finite_and_no_port_comes_twice() {
        let mut seen = BTreeSet::new();
        for _ in 0..20 {
            let mut ports = FreePorts::stock(100).unwrap();
            for _ in 0..100 {
                assert!(seen.insert(ports.take().unwrap()));
            }
            assert!(ports.take().is_err());
        }
        assert_eq!(seen.len(), 2000);
    }

    #[test]
    fn a_wire_is_an_address_of_the_radio() {
        let wire = FreePorts::stock(1).unwrap().wire().unwrap();
        assert!(wire.starts_with("tcp://127.0.0.1:") && wire.len() > "tcp://127.0.0.1:".len(), "{wire}");
    }
}
