//! Numbers of commands: only such as the gNB takes, and whose text is short.

use serde::{Deserialize, Serialize};

/// Why a number is none for a command.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum ValueError {
    /// NaN, infinite, or far beyond what a radio knows.
    #[error("{0} is no number for a console command: −1 000 000 to 1 000 000 are, in thousandths")]
    Number(f64),
    /// No physical cell identity.
    #[error("PCI {0} is outside 0 to 1007")]
    Pci(u32),
    /// No identity of a connected UE.
    #[error("RNTI {0:#x} is outside 0x1 to 0xfff2, where those of UEs are")]
    Rnti(u32),
}

/// A number in thousandths of its unit: exact, and its text has at most 12 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Thousandths(i64);

impl Thousandths {
    const MOST: f64 = 1e6;

    /// The nearest one.
    ///
    /// # Errors
    /// [`ValueError::Number`] beyond ±1 000 000, and where it is none.
    pub fn new(value: f64) -> Result<Self, ValueError> {
        let fits = value.is_finite() && value.abs() <= Self::MOST;
        if fits { Ok(Self((value * 1e3).round() as i64)) } else { Err(ValueError::Number(value)) }
    }

    /// How many thousandths.
    #[must_use]
    pub const fn count(self) -> i64 {
        self.0
    }
}

impl TryFrom<f64> for Thousandths {
    type Error = ValueError;

    fn try_from(value: f64) -> Result<Self, ValueError> {
        Self::new(value)
    }
}

impl From<Thousandths> for f64 {
    fn from(value: Thousandths) -> Self {
        value.0 as Self / 1e3
    }
}

impl std::fmt::Display for Thousandths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", f64::from(*self))
    }
}

/// A physical cell identity, 0 to 1007.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Pci(u16);

impl TryFrom<u32> for Pci {
    type Error = ValueError;

    fn try_from(value: u32) -> Result<Self, ValueError> {
        u16::try_from(value).ok().filter(|pci| *pci <= 1007).map(Self).ok_or(ValueError::Pci(value))
    }
}

impl From<Pci> for u32 {
    fn from(pci: Pci) -> Self {
        Self::from(pci.0)
    }
}

/// What a cell calls a connected UE, 0x0001 to 0xfff2 (TS 38.321 table 7.1-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Rnti(u16);

impl TryFrom<u32> for Rnti {
    type Error = ValueError;

    fn try_from(value: u32) -> Result<Self, ValueError> {
        let rnti = u16::try_from(value).ok().filter(|r| (1..=0xfff2).contains(r));
        rnti.map(Self).ok_or(ValueError::Rnti(value))
    }
}

impl From<Rnti> for u32 {
    fn from(rnti: Rnti) -> Self {
        Self::from(rnti.0)
    }
}
