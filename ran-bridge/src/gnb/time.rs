//! The gNB's timestamps: UTC, milliseconds, no zone letter.

/// A gNB timestamp as milliseconds since 1970, on the gNB's wall clock. Only differences between two of one gNB mean anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct GnbTime {
    /// Milliseconds since the epoch.
    pub unix_ms: i64,
}

impl GnbTime {
    /// Reads `2026-11-21T21:16:08.443`; a trailing `Z` and a missing fraction are accepted.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_suffix('Z').unwrap_or(text);
        let (date, clock) = text.split_once('T')?;
        let mut date = date.splitn(3, '-').map(number);
        let (year, month, day) = (date.next()??, date.next()??, date.next()??);
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
        let mut clock = clock.splitn(3, ':').map(number);
        let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
        let inside = (1970..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && hour < 24
            && minute < 60
            && second <= 60;
        if !inside || fraction.is_empty() || fraction.len() > 9 {
            return None;
        }
        let scale = 10_i64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        let ms = number(fraction)? * 1000 / scale;
        let days = days_from_civil(year, month, day);
        Some(Self { unix_ms: ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + ms })
    }
}

fn number(text: &str) -> Option<i64> {
    (!text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y - era * 400;
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_worked_by_hand() {
        assert_eq!(GnbTime::parse("1970-01-01T00:00:00.000").unwrap().unix_ms, 0);
        // 20 778 days after the epoch (56 years of 365, 14 leap days, and 324 days into 2026).
        let want = (56 * 365 + 14 + 324) * 86_400_000 + (21 * 3600 + 16 * 60 + 8) * 1000 + 443;
        assert_eq!(GnbTime::parse("2026-11-21T21:16:08.443").unwrap().unix_ms, want);
        assert_eq!(GnbTime::parse("2026-11-21T21:16:08.443Z").unwrap().unix_ms, want);
        assert_eq!(GnbTime::parse("2026-11-21T21:16:08.443000").unwrap().unix_ms, want);
    }

    #[test]
    fn what_is_no_time_is_none() {
        for bad in [
            "",
            "T",
            "2026-13-01T00:00:00.0",
            "2026-01-01 00:00:00",
            "2026-01-01T00:00",
            "x-y-zTa:b:c",
            "2026-01-01T00:00:00.",
        ] {
            assert_eq!(GnbTime::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,40}") {
            let _ = GnbTime::parse(&text);
        }
    }
}
