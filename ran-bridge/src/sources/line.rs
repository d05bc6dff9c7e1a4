//! Parts of a log line of an srsRAN gNB: `TIME [LOGGER] [LEVEL] [  SFN.SLOT] MESSAGE`.

/// When something happened, on the gNB's time line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct LogSlot {
    /// System frame number, 0…1023.
    pub sfn: u16,
    /// Slot of the frame.
    pub slot: u16,
}

impl LogSlot {
    /// `426.2`, as in the log and after `slot_rx=`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (sfn, slot) = text.trim().split_once('.')?;
        let (sfn, slot) = (sfn.parse().ok()?, slot.parse().ok()?);
        (sfn < 1024 && slot < 160).then_some(Self { sfn, slot })
    }

    /// The slot in the brackets of a line's head, and what follows it.
    pub(super) fn of_line(line: &str) -> Option<(Self, &str)> {
        let mut rest = line;
        loop {
            let (_, after) = rest.split_once('[')?;
            let (inside, after) = after.split_once(']')?;
            if let Some(slot) = Self::parse(inside) {
                return Some((slot, after));
            }
            rest = after;
        }
    }
}

/// The text after `key=` up to the next blank, comma or the end; `key` at the beginning of a word.
pub(super) fn field<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let mut from = 0;
    while let Some(at) = text.get(from..)?.find(key).map(|n| n + from) {
        let after = &text[at + key.len()..];
        let begins = text[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '_');
        if let Some(value) = after.strip_prefix('=').filter(|_| begins) {
            return value.split([' ', ',', '\n', '\r']).next();
        }
        from = at + key.len();
    }
    None
}

/// A number after `key=` and what stands behind it; none where it is no finite number.
fn quantity<'a>(text: &'a str, key: &str) -> Option<(f64, &'a str)> {
    let value = field(text, key)?;
    let end =
        value.find(|c: char| !c.is_ascii_digit() && !matches!(c, '+' | '-' | '.' | 'e' | 'E')).unwrap_or(value.len());
    let number = value[..end].parse().ok().filter(|v: &f64| v.is_finite())?;
    Some((number, &value[end..]))
}

/// A number after `key=`, whatever unit stands behind it; none where it is no finite number.
pub(super) fn number(text: &str, key: &str) -> Option<f64> {
    quantity(text, key).map(|(value, _)| value)
}

/// A time after `key=` in ns, by the unit that stands behind it; none without a unit of time.
pub(super) fn time_ns(text: &str, key: &str) -> Option<f64> {
    let (value, unit) = quantity(text, key)?;
    let scale = match unit {
        "ns" => 1.0,
        "us" | "µs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        _ => return None,
    };
    Some(value * scale)
}

/// An RNTI as `0x4601` or a decimal number.
pub(super) fn rnti(text: &str) -> Option<u16> {
    let value = field(text, "rnti")?.trim_end_matches(':');
    value.strip_prefix("0x").map_or_else(|| value.parse().ok(), |hex| u16::from_str_radix(hex, 16).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slot_and_fields_of_a_line() {
        let line = "2026-11-22T01:50:12.123456 [PHY     ] [I] [  426.2] RX_SYMBOL: sector=0 offset=8736 size=8736";
        let (slot, rest) = LogSlot::of_line(line).unwrap();
        assert_eq!(slot, LogSlot { sfn: 426, slot: 2 });
        assert_eq!(
            (number(rest, "offset"), number(rest, "size"), number(rest, "set")),
            (Some(8736.0), Some(8736.0), None)
        );
        assert_eq!(number("t_align=+12.5ns epre=-3.1dB rsrp=nandB", "t_align"), Some(12.5));
        assert_eq!(number("rsrp=+nandB", "rsrp"), None);
        let align = |text| time_ns(text, "t_align");
        assert_eq!((align("t_align=+12.5ns"), align("t_align=-0.5us epre=1dB")), (Some(12.5), Some(-500.0)));
        assert_eq!((align("t_align=2.5e-1µs"), align("t_align=12.5"), align("t_align=3dB")), (Some(250.0), None, None));
        assert_eq!(
            (rnti("rnti=0x4601:"), rnti("crnti=7 rnti=17921"), rnti("crnti=7")),
            (Some(0x4601), Some(17921), None)
        );
        assert!(LogSlot::parse("1024.0").is_none() && LogSlot::of_line("[PHY] no slot").is_none());
    }
}
