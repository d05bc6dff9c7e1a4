//! What is handed to the guard: radio, time, randomness.

use crate::notify::Notify;
use governor::Disk;
use jiff::Timestamp;
use ran_bridge::radio::{Receive, Reference, Transmit};
use std::io;

/// Time and random bits.
#[derive(Debug, Clone, Copy)]
pub struct Clocks {
    /// Monotonic ns.
    pub mono_ns: fn() -> u64,
    /// Time of day.
    pub wall: fn() -> Timestamp,
    /// 128 fresh random bits.
    pub nonce: fn() -> io::Result<[u8; 16]>,
}

impl Clocks {
    /// The system's.
    #[must_use]
    pub fn system() -> Self {
        Self { mono_ns: crate::clock::mono_ns, wall: crate::clock::wall, nonce }
    }
}

fn nonce() -> io::Result<[u8; 16]> {
    use std::io::Read;
    let mut bits = [0; 16];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bits)?;
    Ok(bits)
}

/// The radio and the log.
pub struct Parts {
    /// The transmitter.
    pub tx: Box<dyn Transmit>,
    /// The receiver: without one the dead-man is never fed, and nothing is sent.
    pub rx: Option<Box<dyn Receive>>,
    /// Whether its clock follows its reference, where a lost one is to end what is sent.
    pub reference: Option<Box<dyn Reference>>,
    /// The service manager, where one wants to be told.
    pub notify: Option<Notify>,
    /// Hardware, for people.
    pub hardware: String,
    /// The radio's serial number, as the policy names it.
    pub serial: String,
    /// Where the log goes.
    pub disk: Box<dyn Disk + Send>,
    /// Where its chain stands.
    pub chain: governor::Chain,
    /// See there.
    pub clocks: Clocks,
}
