//! The policy file: what a named person allows, where, how strong and until when.

use crate::band::Band;
use ed25519_dalek::{Signature, VerifyingKey};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The format that is read.
const VERSION: u32 = 1;
/// Longest file that is looked at, bytes.
const MAX_BYTES: usize = 65_536;
/// Longest burst that any policy may allow, ms.
pub const MAX_BURST_MS: f64 = 10_000.0;

/// Where what is transmitted goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Into the virtual radio: no antenna anywhere.
    Zmq,
    /// Into cables and attenuators.
    Conducted,
    /// Into a shielded enclosure.
    Shielded,
    /// Into the air, under a licence that the policy names.
    Licensed,
}

/// Why nothing may be transmitted at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// Not the format.
    #[error("the policy cannot be read: {0}")]
    Unreadable(String),
    /// Another format.
    #[error("the policy has version {0}, read is version {VERSION}")]
    Version(u32),
    /// Signed by another key, or changed since.
    #[error("the policy's signature does not fit: sign it again with the lab's key after each change")]
    Signature,
    /// A value that makes no sense.
    #[error("the policy's {what} {why}")]
    Field {
        /// Which.
        what: &'static str,
        /// What is wrong.
        why: String,
    },
    /// It begins later.
    #[error("the policy begins at {0}")]
    NotYet(Timestamp),
    /// It is over.
    #[error("the policy ended at {0}: have a new one signed")]
    Expired(Timestamp),
}

/// What is allowed in one mode and band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Where it goes.
    pub mode: Mode,
    /// Serial numbers of the radios.
    pub radios: Vec<String>,
    /// Lower edge of the band, Hz.
    pub low_hz: f64,
    /// Upper edge, Hz.
    pub high_hz: f64,
    /// Highest gain setting, dB.
    pub max_gain_db: f64,
    /// Largest magnitude of a sample, above 0 up to 1 (full scale).
    pub max_amplitude: f64,
    /// Longest burst, ms; at most [`MAX_BURST_MS`].
    pub max_burst_ms: f64,
    /// Share of time on air, above 0 up to 1: a bucket of this share of `duty_window_ms`, full at first, that fills at this share. Over a long
    /// time it is the share; any one window holds twice as much at most.
    pub max_duty: f64,
    /// See `max_duty`; ms.
    pub duty_window_ms: f64,
    /// Full-scale seconds an hour, over all channels: time on air weighted by the square of the magnitude, at most so much in any hour of a governor's
    /// life; absent = what duty and amplitude allow.
    #[serde(default)]
    pub max_energy_s_per_h: Option<f64>,
    /// Physical cell identities that may be jammed: our own. A grant with some is for jamming only, one with none for everything else.
    #[serde(default)]
    pub victims: Vec<u16>,
    /// Whether a cell's downlink may be relayed without end: burst after burst of `max_burst_ms` and 20 ms at most, as long as its samples arrive.
    #[serde(default)]
    pub relay: bool,
}

/// A policy that was found valid; it can come from [`Policy::load`] only.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    file: File,
    hash: [u8; 32],
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    person: String,
    stop_contact: String,
    #[serde(default)]
    licence: String,
    from: Timestamp,
    until: Timestamp,
    grants: Vec<Grant>,
}

impl Policy {
    /// Reads a policy. `signature`: Ed25519 of the SHA-256 of `bytes`; `key`: the lab's public key; `wall`: the time of day.
    ///
    /// # Errors
    /// [`Denial`]: nothing may be transmitted.
    pub fn load(bytes: &[u8], signature: &[u8], key: &[u8; 32], wall: Timestamp) -> Result<Self, Denial> {
        let unreadable = |why: &str| Denial::Unreadable(why.to_owned());
        if bytes.len() > MAX_BYTES {
            return Err(unreadable("it is longer than 64 KiB"));
        }
        let hash: [u8; 32] = Sha256::digest(bytes).into();
        let key = VerifyingKey::from_bytes(key).map_err(|_| Denial::Signature)?;
        let signature = Signature::from_slice(signature).map_err(|_| Denial::Signature)?;
        key.verify_strict(&hash, &signature).map_err(|_| Denial::Signature)?;
        let text = std::str::from_utf8(bytes).map_err(|e| unreadable(&e.to_string()))?;
        let file: File = serde_yaml::from_str(text).map_err(|e| unreadable(&e.to_string()))?;
        file.check()?;
        let policy = Self { file, hash };
        policy.is_in_force(wall)?;
        Ok(policy)
    }

    /// Whether it holds at this time of day.
    ///
    /// # Errors
    /// [`Denial::NotYet`], [`Denial::Expired`].
    pub fn is_in_force(&self, wall: Timestamp) -> Result<(), Denial> {
        match wall {
            t if t < self.file.from => Err(Denial::NotYet(self.file.from)),
            t if t >= self.file.until => Err(Denial::Expired(self.file.until)),
            _ => Ok(()),
        }
    }

    /// SHA-256 of the file.
    #[must_use]
    pub const fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// Everything it allows.
    #[must_use]
    pub fn grants(&self) -> &[Grant] {
        &self.file.grants
    }

    /// Who answers for it.
    #[must_use]
    pub fn person(&self) -> &str {
        &self.file.person
    }

    /// Whom to call to have everything stopped (47 CFR §5.308).
    #[must_use]
    pub fn stop_contact(&self) -> &str {
        &self.file.stop_contact
    }

    /// When it ends.
    #[must_use]
    pub const fn until(&self) -> Timestamp {
        self.file.until
    }

    /// What an operator types before anything goes into the air.
    #[must_use]
    pub fn phrase(&self) -> String {
        format!("I transmit under {}", self.file.licence)
    }
}

impl File {
    fn check(&self) -> Result<(), Denial> {
        let fault = |what, why: &str| Err(Denial::Field { what, why: why.to_owned() });
        if self.version != VERSION {
            return Err(Denial::Version(self.version));
        }
        if self.person.trim().is_empty() {
            return fault("person", "is empty: name who answers for it");
        }
        if self.stop_contact.trim().is_empty() {
            return fault("stop_contact", "is empty: name whom to call to have everything stopped");
        }
        if self.from >= self.until {
            return fault("until", "is not after from");
        }
        if self.grants.iter().any(|g| g.mode == Mode::Licensed) && self.licence.trim().is_empty() {
            return fault("licence", "is empty, and a grant has the mode licensed");
        }
        self.grants.iter().try_for_each(Grant::check)
    }
}

impl Grant {
    /// The band.
    #[must_use]
    pub const fn band(&self) -> Band {
        Band { low_hz: self.low_hz, high_hz: self.high_hz }
    }

    fn check(&self) -> Result<(), Denial> {
        let within = |what, x: f64, low: f64, high: f64| match x {
            x if x.is_finite() && x > low && x <= high => Ok(()),
            x => Err(Denial::Field { what, why: format!("is {x}: give a number above {low}, at most {high}") }),
        };
        within("low_hz", self.low_hz, 0.0, 1e12)?;
        within("high_hz", self.high_hz, self.low_hz, 1e12)?;
        within("max_gain_db", self.max_gain_db, -200.0, 200.0)?;
        within("max_amplitude", self.max_amplitude, 0.0, 1.0)?;
        within("max_burst_ms", self.max_burst_ms, 0.0, MAX_BURST_MS)?;
        within("max_duty", self.max_duty, 0.0, 1.0)?;
        within("duty_window_ms", self.duty_window_ms, 0.0, 3_600_000.0)?;
        if let Some(most) = self.max_energy_s_per_h {
            within("max_energy_s_per_h", most, 0.0, 1e6)?;
        }
        if self.radios.is_empty() || self.radios.iter().any(|r| r.trim().is_empty()) {
            return Err(Denial::Field { what: "radios", why: "name no radio by its serial number".into() });
        }
        if self.relay && !self.victims.is_empty() {
            return Err(Denial::Field {
                what: "relay",
                why: "and victims exclude each other: nobody jams without end".into(),
            });
        }
        if self.victims.iter().any(|pci| *pci > 1007) {
            return Err(Denial::Field { what: "victims", why: "have an identity above 1007".into() });
        }
        Ok(())
    }
}
