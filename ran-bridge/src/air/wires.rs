//! The wires of a lab and their numbers: those of the gNB, then those of each receiver.

use super::config::{AirConfig, AirError, GnbEnd};
use crate::iq::zmtp::Role;
use crate::iq::{Address, Connector, End};

/// Gives numbers in order.
#[derive(Debug, Default)]
pub(super) struct Numbers(usize);

impl Numbers {
    pub(super) const fn next(&mut self) -> usize {
        self.0 += 1;
        self.0 - 1
    }
}

impl AirConfig {
    /// Owner, role and address of each wire, in the order of their numbers.
    pub(super) fn wires(&self) -> Vec<(&str, Role, &str)> {
        let mut wires = Vec::new();
        if let GnbEnd::Zmq { tx, rx } = &self.gnb {
            wires.extend(tx.iter().map(|a| ("gnb", Role::Req, a.as_str())));
            wires.extend(rx.iter().map(|a| ("gnb", Role::Rep, a.as_str())));
        }
        for ue in &self.ues {
            wires.extend(ue.rx.iter().map(|a| (ue.name.as_str(), Role::Rep, a.as_str())));
            wires.extend(ue.tx.iter().map(|a| (ue.name.as_str(), Role::Req, a.as_str())));
        }
        wires
    }

    /// Binds and dials every wire.
    ///
    /// # Errors
    /// [`AirError::Config`] for an address that is none, [`AirError::Socket`] for one that cannot be bound.
    pub fn connect(&self) -> Result<Connector, AirError> {
        let wires = self.wires();
        let ends = wires
            .iter()
            .map(|&(name, role, at)| {
                let address = at.parse::<Address>().map_err(|e| AirError::Config(format!("{name}: {e}")))?;
                Ok(End { role, address })
            })
            .collect::<Result<Vec<_>, AirError>>()?;
        Connector::open(ends).map_err(|(i, source)| {
            let (name, _, address) = wires[i];
            AirError::Socket { name: name.into(), address: address.into(), source }
        })
    }
}
