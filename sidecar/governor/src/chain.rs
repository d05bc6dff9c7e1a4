//! The log: append-only, on disk before anything is sent, each line bound to all before it.
//!
//! A line is `HASH JSON`, `HASH` = SHA-256 of the hash of the line before (32 zero bytes at first) and the JSON, in hexadecimal. Any changed,
//! dropped or moved line but the last ones breaks it; a log that was cut off at a line's end is found only by who knows its last hash.

use crate::arm::{ArmRequest, Token};
use crate::band::Band;
use crate::burst::Burst;
use crate::machine::{Stop, hex};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io;

/// What is logged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// A governor began with this policy, or with none.
    Begin {
        /// SHA-256 of the policy; `None` = deny all.
        policy: Option<String>,
        /// Why nothing may be sent, or who answers for it.
        who: String,
    },
    /// Armed. The token itself is not written down.
    Arm {
        /// As it was asked for.
        ask: ArmRequest,
    },
    /// A burst may be sent.
    Fire {
        /// Its number in this run.
        id: u64,
        /// SHA-256 of the policy.
        policy: String,
        /// The radio's serial number.
        serial: String,
        /// What was approved.
        #[serde(with = "without_token")]
        burst: Burst,
    },
    /// A chain of bursts may be sent as long as its samples arrive: `burst` is its longest link.
    Relay {
        /// Its number, counted with the bursts'.
        id: u64,
        /// SHA-256 of the policy.
        policy: String,
        /// The radio's serial number.
        serial: String,
        /// What was approved.
        #[serde(with = "without_token")]
        burst: Burst,
    },
    /// The token of a chain holds longer.
    Renew {
        /// The chain's number.
        id: u64,
        /// As it was asked for.
        ask: ArmRequest,
    },
    /// A burst or a chain is over.
    End {
        /// Its number.
        id: u64,
        /// Samples that went to the driver.
        sent: u64,
        /// When the first of them went out, monotonic ns of the host; `None` = none did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        first_ns: Option<u64>,
        /// The same on the radio's clock, ns.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        first_radio_ns: Option<i64>,
    },
    /// Something was refused.
    Refuse {
        /// [`crate::Refusal::name`].
        why: String,
        /// In words.
        text: String,
    },
    /// To the safe state.
    Stop {
        /// Why.
        why: Stop,
    },
}

/// A burst without its token: who reads the log cannot fire.
mod without_token {
    use super::{Band, Burst, Token};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Shape {
        samples: u64,
        rate_hz: f64,
        band: Band,
        gain_db: f64,
    }

    pub(super) fn serialize<S: Serializer>(b: &Burst, s: S) -> Result<S::Ok, S::Error> {
        let Burst { samples, rate_hz, band, gain_db, .. } = *b;
        Shape { samples, rate_hz, band, gain_db }.serialize(s)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Burst, D::Error> {
        let Shape { samples, rate_hz, band, gain_db } = Shape::deserialize(d)?;
        Ok(Burst { token: Token([0; 16]), samples, rate_hz, band, gain_db })
    }
}

/// Where lines go.
pub trait Disk {
    /// Adds bytes at the end and comes back when they are on disk.
    ///
    /// # Errors
    /// What the file says; then nothing may be sent.
    fn append(&mut self, line: &[u8]) -> io::Result<()>;
}

/// Proof that an event is on disk; it can come from [`Chain::append`] only.
#[derive(Debug)]
pub struct Receipt {
    event: Event,
}

impl Receipt {
    pub(crate) fn is_of(&self, event: &Event) -> bool {
        self.event == *event
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Record {
    seq: u64,
    at: Timestamp,
    mono_ns: u64,
    what: Event,
}

/// The end of a log, to go on from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Chain {
    /// Lines so far.
    pub lines: u64,
    /// Hash of the last one.
    pub head: [u8; 32],
}

/// Where and why a log is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the log {why}")]
pub struct ChainFault {
    /// From 1.
    pub line: u64,
    /// What is wrong.
    pub why: &'static str,
}

impl Chain {
    /// Writes an event.
    ///
    /// # Errors
    /// What the disk or the encoder says. The chain is as before; whether a part of the line is on disk, [`verify`] tells.
    pub fn append(&mut self, disk: &mut dyn Disk, event: &Event, at: Timestamp, mono_ns: u64) -> io::Result<Receipt> {
        let record = Record { seq: self.lines, at, mono_ns, what: event.clone() };
        let json = serde_json::to_string(&record)?;
        let hash = link(&self.head, json.as_bytes());
        disk.append(format!("{} {json}\n", hex(&hash)).as_bytes())?;
        (self.lines, self.head) = (self.lines + 1, hash);
        Ok(Receipt { event: event.clone() })
    }
}

fn link(head: &[u8; 32], json: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(head);
    hash.update(json);
    hash.finalize().into()
}

/// Checks a whole log and gives its end.
///
/// # Errors
/// [`ChainFault`]: the first line that is not what was written.
pub fn verify(log: &[u8]) -> Result<Chain, ChainFault> {
    let mut chain = Chain::default();
    for line in log.split_inclusive(|b| *b == b'\n') {
        let fault = |why| ChainFault { line: chain.lines + 1, why };
        let line = line.strip_suffix(b"\n").ok_or_else(|| fault("is cut off"))?;
        let (hash, rest) = line.split_at_checked(64).ok_or_else(|| fault("has no hash"))?;
        let json = rest.strip_prefix(b" ").ok_or_else(|| fault("has no hash"))?;
        let expected = link(&chain.head, json);
        if hash != hex(&expected).as_bytes() {
            return Err(fault("does not follow from those before it: it, or one before it, was changed"));
        }
        let record: Record = serde_json::from_slice(json).map_err(|_| fault("is no record"))?;
        if record.seq != chain.lines {
            return Err(fault("has another number"));
        }
        (chain.lines, chain.head) = (chain.lines + 1, expected);
    }
    Ok(chain)
}
