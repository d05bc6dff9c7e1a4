//! The only place that reads clocks: pacing, and the wall-clock stamps that the real interfaces carry.
#![expect(clippy::disallowed_methods, reason = "this is the crate's clock module")]
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Monotonic time since `start`.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Elapsed time.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Wall-clock time since 1970.
#[must_use]
pub fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Year, month, day, hour, minute, second of a time since 1970, UTC.
fn civil(seconds: u64) -> (i64, u32, u32, u64, u64, u64) {
    let days = (seconds / 86_400) as i64 + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * shifted + 2) / 5 + 1) as u32;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 } as u32;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let rest = seconds % 86_400;
    (year, month, day, rest / 3600, rest / 60 % 60, rest % 60)
}

/// `2026-11-21T21:17:27.542`: UTC with ms and no zone, as the gNB writes it.
#[must_use]
pub fn gnb_timestamp(t: Duration) -> String {
    let (y, mo, d, h, mi, s) = civil(t.as_secs());
    format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}.{:03}", t.subsec_millis())
}

/// `Sat, 21 Nov 2026 21:17:17 GMT`, as HTTP writes it.
#[must_use]
pub fn http_date(t: Duration) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (y, mo, d, h, mi, s) = civil(t.as_secs());
    let weekday = DAYS[(t.as_secs() / 86_400 % 7) as usize];
    format!("{weekday}, {d:02} {} {y:04} {h:02}:{mi:02}:{s:02} GMT", MONTHS[mo as usize - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        let t = Duration::from_millis(1_795_295_847_542);
        assert_eq!(gnb_timestamp(t), "2026-11-21T21:17:27.542");
        assert_eq!(http_date(Duration::from_secs(1_795_295_837)), "Sat, 21 Nov 2026 21:17:17 GMT");
        assert_eq!(gnb_timestamp(Duration::from_secs(951_782_400)), "2000-02-29T00:00:00.000");
    }
}
