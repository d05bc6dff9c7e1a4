//! Dates for names and labels, from seconds since the epoch.

/// `20261121-230501`.
#[must_use]
pub fn compact_utc(wall_s: f64) -> String {
    let (y, mo, d, h, mi, s) = fields(wall_s);
    format!("{y:04}{mo:02}{d:02}-{h:02}{mi:02}{s:02}")
}

/// `2026-11-21T23:05:01Z`.
#[must_use]
pub fn iso_utc(wall_s: f64) -> String {
    let (y, mo, d, h, mi, s) = fields(wall_s);
    format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}Z")
}

/// Year, month, day, hour, minute, second in the proleptic Gregorian calendar.
fn fields(wall_s: f64) -> (i64, i64, i64, i64, i64, i64) {
    let s = wall_s.floor() as i64;
    let (days, t) = (s.div_euclid(86_400), s.rem_euclid(86_400));
    // Days are counted from 0000-03-01, so that the leap day ends a year.
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let m = (5 * day_of_year + 2) / 153;
    let month = if m < 10 { m + 3 } else { m - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * m + 2) / 5 + 1, t / 3_600, t / 60 % 60, t % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_known_by_heart() {
        assert_eq!(iso_utc(0.0), "1970-01-01T00:00:00Z");
        assert_eq!(iso_utc(951_782_400.0), "2000-02-29T00:00:00Z");
        assert_eq!(iso_utc(1_000_000_000.9), "2001-09-09T01:46:40Z");
        assert_eq!(compact_utc(1_709_251_199.0), "20240229-235959");
        assert_eq!(iso_utc(4_102_444_800.0), "2100-01-01T00:00:00Z");
    }
}
