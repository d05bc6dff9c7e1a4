//! Which release speaks, told by the fields it uses; never by their position.

/// A family of message formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
pub enum Dialect {
    /// srsRAN Project 25.10: one count of failed PDCCH allocations, absent fields where nothing was observed.
    #[serde(rename = "srsran-25.10")]
    Srsran2510,
    /// OCUDU 26.04: failed PDCCH allocations by direction, flush delays per UE, −1 where no CQI was observed.
    #[serde(rename = "ocudu-26.04")]
    Ocudu2604,
}

impl Dialect {
    /// The name in configuration and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Srsran2510 => "srsran-25.10",
            Self::Ocudu2604 => "ocudu-26.04",
        }
    }
}
