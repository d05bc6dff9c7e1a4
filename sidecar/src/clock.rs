//! Time, the one place of this crate that reads a clock.

pub use ran_bridge::clock::mono_ns;

/// Time of day, for what is bound to a date.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the other reading of the wall clock")]
pub fn wall() -> jiff::Timestamp {
    // a clock beyond the year 9999 is none: before any policy
    jiff::Timestamp::try_from(std::time::SystemTime::now()).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

/// Wall-clock time as seconds since the epoch: for names and labels, never for differences.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one reading of the wall clock")]
pub fn wall_s() -> f64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64())
}
