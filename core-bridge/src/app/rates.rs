//! One report of an application server: who got how much of what.

use serde::{Deserialize, Serialize};

/// Most UEs in one report.
pub const MAX_ITEMS: usize = 4096;

/// Resolution of a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Resolution {
    /// 854 × 480.
    #[serde(rename = "480p")]
    P480,
    /// 1280 × 720.
    #[serde(rename = "720p")]
    P720,
    /// 1920 × 1080.
    #[serde(rename = "1080p")]
    P1080,
    /// 3840 × 2160.
    #[serde(rename = "2160p")]
    P2160,
}

impl Resolution {
    /// Every resolution, smallest first.
    pub const ALL: [Self; 4] = [Self::P480, Self::P720, Self::P1080, Self::P2160];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::P480 => "480p",
            Self::P720 => "720p",
            Self::P1080 => "1080p",
            Self::P2160 => "2160p",
        }
    }

    /// The resolution of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.name() == name)
    }
}

/// One UE in a report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RateItem {
    /// Permanent identity.
    pub supi: String,
    /// What the application has for the UE, bit/s, ≥ 0.
    pub offered_bit_per_s: f64,
    /// What arrived, bit/s, ≥ 0.
    pub delivered_bit_per_s: f64,
    /// `None` = no video, or not said.
    pub resolution: Option<Resolution>,
    /// Whether the player waits; `None` = not said.
    pub stalled: Option<bool>,
}

/// A report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RateReport {
    /// Radio time, s.
    pub t_s: f64,
    /// One entry a UE.
    pub items: Vec<RateItem>,
}

/// Why a body is no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RatesError {
    /// Not JSON, or without what a report must have.
    #[error("body is no rate report: {reason}")]
    Malformed {
        /// The parser's words.
        reason: String,
    },
    /// A number that cannot be.
    #[error("{field} of '{who}' is {value}: should be finite and not negative")]
    Number {
        /// Which field.
        field: &'static str,
        /// Whose; `report` for the time.
        who: String,
        /// What was there.
        value: String,
    },
    /// An empty or overlong identity.
    #[error("supi '{0}' should have 1 to 64 characters")]
    Supi(String),
    /// A resolution nobody knows.
    #[error("resolution '{0}' should be 480p, 720p, 1080p or 2160p")]
    Resolution(String),
    /// Too many UEs.
    #[error("{0} items, at most {MAX_ITEMS} are taken")]
    Items(usize),
}

impl RatesError {
    /// A word for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "malformed",
            Self::Number { .. } => "number",
            Self::Supi(_) => "supi",
            Self::Resolution(_) => "resolution",
            Self::Items(_) => "items",
        }
    }
}

#[derive(Deserialize)]
struct RawReport {
    t_s: Option<f64>,
    items: Vec<RawItem>,
}

#[derive(Deserialize)]
struct RawItem {
    supi: String,
    offered_bit_per_s: Option<f64>,
    delivered_bit_per_s: Option<f64>,
    #[serde(default)]
    resolution: Option<String>,
    #[serde(default)]
    stalled: Option<bool>,
}

/// Reads a body. Unknown fields are ignored; a number that is absent, `null` (how many writers print NaN), negative or infinite
/// refuses the whole report.
///
/// # Errors
/// [`RatesError`].
pub fn parse_rates(body: &[u8]) -> Result<RateReport, RatesError> {
    let raw: RawReport = serde_json::from_slice(body).map_err(|e| RatesError::Malformed { reason: e.to_string() })?;
    if raw.items.len() > MAX_ITEMS {
        return Err(RatesError::Items(raw.items.len()));
    }
    let t_s = number("t_s", "report", raw.t_s)?;
    let items = raw.items.into_iter().map(item).collect::<Result<_, _>>()?;
    Ok(RateReport { t_s, items })
}

fn item(raw: RawItem) -> Result<RateItem, RatesError> {
    if raw.supi.is_empty() || raw.supi.len() > 64 {
        return Err(RatesError::Supi(raw.supi.chars().take(80).collect()));
    }
    let resolution = match raw.resolution {
        Some(name) => Some(Resolution::from_name(&name).ok_or(RatesError::Resolution(name))?),
        None => None,
    };
    Ok(RateItem {
        offered_bit_per_s: number("offered_bit_per_s", &raw.supi, raw.offered_bit_per_s)?,
        delivered_bit_per_s: number("delivered_bit_per_s", &raw.supi, raw.delivered_bit_per_s)?,
        supi: raw.supi,
        resolution,
        stalled: raw.stalled,
    })
}

fn number(field: &'static str, who: &str, value: Option<f64>) -> Result<f64, RatesError> {
    match value {
        Some(x) if x.is_finite() && x >= 0.0 => Ok(x),
        other => Err(RatesError::Number {
            field,
            who: who.to_owned(),
            value: other.map_or_else(|| "not a number".to_owned(), |x| x.to_string()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_report_as_agreed() {
        let body = br#"{"t_s":12.3,"items":[{"supi":"imsi-001010123456780","offered_bit_per_s":8e6,"delivered_bit_per_s":4000000,
            "resolution":"1080p","stalled":false,"later":1},{"supi":"imsi-2","offered_bit_per_s":0,"delivered_bit_per_s":0}]}"#;
        let report = parse_rates(body).unwrap();
        assert_eq!((report.t_s, report.items.len()), (12.3, 2));
        assert_eq!(report.items[0].resolution, Some(Resolution::P1080));
        assert_eq!((report.items[1].resolution, report.items[1].stalled), (None, None));
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let body = |o: &str, r: &str| {
            format!(
                r#"{{"t_s":1,"items":[{{"supi":"a","offered_bit_per_s":{o},"delivered_bit_per_s":1,"resolution":{r}}}]}}"#
            )
        };
        for (o, r, code) in [
            ("null", "null", "number"),
            ("-1", "null", "number"),
            ("1e999", "null", "malformed"),
            ("NaN", "null", "malformed"),
            ("\"x\"", "null", "malformed"),
            ("1", "\"4k\"", "resolution"),
        ] {
            assert_eq!(parse_rates(body(o, r).as_bytes()).unwrap_err().code(), code, "{o} {r}");
        }
        assert!(parse_rates(body("1", "\"480p\"").as_bytes()).is_ok());
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_rates(&bytes);
        }
    }
}
