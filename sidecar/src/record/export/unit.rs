//! The unit of a column, from the end of its name.

/// Endings and units; the longest that fits wins.
const UNITS: &[(&str, &str)] = &[
    ("_bit_per_s", "bit/s"),
    ("_bytes_per_s", "byte/s"),
    ("_m_per_s", "m/s"),
    ("_hz", "Hz"),
    ("_s", "s"),
    ("_ms", "ms"),
    ("_us", "us"),
    ("_ns", "ns"),
    ("_db", "dB"),
    ("_dbfs", "dBFS"),
    ("_dbm", "dBm"),
    ("_w", "W"),
    ("_bytes", "byte"),
    ("_bit", "bit"),
    ("_bits", "bit"),
    ("_rad", "rad"),
    ("_deg", "deg"),
    ("_m", "m"),
    ("_samples", "sample"),
    ("_slots", "slot"),
    ("_prb", "PRB"),
    ("_percent", "%"),
    ("_ratio", "1"),
    ("_total", "1"),
];

/// The unit that a field's name says, e.g. `cfo_hz` → `Hz`, `rate_bit_per_s` → `bit/s`; `None` where it says none.
#[must_use]
pub fn unit_of(field: &str) -> Option<&'static str> {
    UNITS
        .iter()
        .filter(|(end, _)| field.ends_with(end) || field == &end[1..])
        .max_by_key(|(end, _)| end.len())
        .map(|(_, u)| *u)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_ending_wins() {
        assert_eq!(unit_of("dl_bit_per_s"), Some("bit/s"));
        assert_eq!(unit_of("mono_ns"), Some("ns"));
        assert_eq!(unit_of("t_s"), Some("s"));
        assert_eq!(unit_of("power_dbfs"), Some("dBFS"));
        assert_eq!(unit_of("snr_db"), Some("dB"));
        assert_eq!(unit_of("pci"), None);
        assert_eq!(unit_of("status"), None);
    }
}
