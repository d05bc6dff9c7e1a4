//! Free loopback ports, so that a demo runs beside whatever else runs on the host.

use super::error::DemoError;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// A stock of ports that were free a moment ago.
#[derive(Debug)]
pub struct Ports(Vec<u16>);

impl Ports {
    /// `count` ports that nobody listens on.
    ///
    /// # Errors
    /// [`DemoError::System`] when the system gives none.
    pub fn free(count: usize) -> Result<Self, DemoError> {
        // All are held until all are known, so that none is given twice.
        let held: Result<Vec<_>, _> = (0..count).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).collect();
        let ports: Result<Vec<_>, _> = held
            .and_then(|held| held.iter().map(|l| l.local_addr().map(|a| a.port())).collect())
            .map_err(|e| DemoError::system("find a free port", e));
        ports.map(Self)
    }

    /// The next port.
    ///
    /// # Errors
    /// [`DemoError::System`] when the stock is empty.
    pub fn take(&mut self) -> Result<u16, DemoError> {
        self.0.pop().ok_or_else(|| DemoError::system("find a free port", "too few were reserved"))
    }

    /// The next port as a loopback address.
    ///
    /// # Errors
    /// As [`Ports::take`].
    pub fn address(&mut self) -> Result<SocketAddr, DemoError> {
        Ok((Ipv4Addr::LOCALHOST, self.take()?).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_different_and_finite() {
        let mut ports = Ports::free(3).unwrap();
        let mut seen = [ports.take().unwrap(), ports.take().unwrap(), ports.take().unwrap()];
        seen.sort_unstable();
        assert!(seen[0] < seen[1] && seen[1] < seen[2]);
        assert!(ports.take().is_err());
    }
}
