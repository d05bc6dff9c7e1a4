//! Everything that the checks may look at, already read.

use super::core::Core;
use super::gnb::Gnb;
use super::ue::Ue;
use crate::config::Config;
use crate::doctor::host::Host;
use crate::doctor::text::DeviceArgs;
use jiff::Timestamp;

/// A lab.
#[derive(Debug)]
pub struct Lab {
    /// What was given and read, one entry a file: name, and why it could not be read.
    pub given: Vec<Given>,
    /// Our configuration.
    pub config: Option<Config>,
    /// The gNB.
    pub gnb: Option<Gnb>,
    /// The UEs.
    pub ues: Vec<Ue>,
    /// The core.
    pub core: Core,
    /// The transmit policy.
    pub policy: Option<PolicyFiles>,
    /// Our radio.
    pub radio: Option<DeviceArgs>,
    /// This host.
    pub host: Host,
    /// Time of day.
    pub wall: Timestamp,
}

/// A file that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Its name.
    pub file: String,
    /// What it was read as, or why it was not.
    pub read: Result<String, String>,
}

/// The three files of a transmit policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyFiles {
    /// The policy's name.
    pub name: String,
    /// The policy.
    pub policy: Vec<u8>,
    /// Its signature.
    pub signature: Option<Vec<u8>>,
    /// The lab's public key.
    pub key: Option<Vec<u8>>,
}

impl Lab {
    /// Nothing given, on this host at this time of day.
    #[must_use]
    pub fn new(host: Host, wall: Timestamp) -> Self {
        Self {
            given: Vec::new(),
            config: None,
            gnb: None,
            ues: Vec::new(),
            core: Core::default(),
            policy: None,
            radio: None,
            host,
            wall,
        }
    }
}
