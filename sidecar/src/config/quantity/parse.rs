//! Reads and prints `number unit`.

/// Why a text is not a quantity of its kind.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum QuantityError {
    /// A bare number.
    #[error("`{text}` has no unit: write {kind} as for example \"{example}\" (units: {units})")]
    NoUnit {
        /// As given.
        text: String,
        /// What is expected.
        kind: &'static str,
        /// A good one.
        example: &'static str,
        /// The units that are known.
        units: String,
    },
    /// A unit of something else.
    #[error("`{unit}` is not a unit of {kind}: write for example \"{example}\" (units: {units})")]
    WrongUnit {
        /// As given.
        unit: String,
        /// What is expected.
        kind: &'static str,
        /// A good one.
        example: &'static str,
        /// The units that are known.
        units: String,
    },
    /// No number in front.
    #[error("`{text}` does not begin with a finite number: write {kind} as for example \"{example}\"")]
    NoNumber {
        /// As given.
        text: String,
        /// What is expected.
        kind: &'static str,
        /// A good one.
        example: &'static str,
    },
    /// Outside what the kind allows.
    #[error("`{text}` is below zero, which {kind} cannot be")]
    Negative {
        /// As given.
        text: String,
        /// What is expected.
        kind: &'static str,
    },
}

/// A kind of quantity: its words, an example, its units with their factors to the base unit, smallest first.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) example: &'static str,
    pub(super) units: &'static [(&'static str, f64)],
    pub(super) signed: bool,
}

impl Kind {
    fn units(&self) -> String {
        self.units.iter().map(|(u, _)| *u).collect::<Vec<_>>().join(", ")
    }

    /// The value in the base unit.
    pub(super) fn parse(&self, text: &str) -> Result<f64, QuantityError> {
        let (kind, example) = (self.name, self.example);
        let trimmed = text.trim();
        let no_number = || QuantityError::NoNumber { text: text.into(), kind, example };
        // The longest prefix that is a number: units begin with letters, `e` of an exponent is followed by digits.
        let end = (1..=trimmed.len())
            .rev()
            .find(|&n| trimmed.is_char_boundary(n) && trimmed[..n].trim_end().parse::<f64>().is_ok())
            .ok_or_else(no_number)?;
        let number: f64 = trimmed[..end].trim_end().parse().map_err(|_| no_number())?;
        if !number.is_finite() {
            return Err(no_number());
        }
        let unit = trimmed[end..].trim();
        if unit.is_empty() {
            return Err(QuantityError::NoUnit { text: text.into(), kind, example, units: self.units() });
        }
        let factor = self
            .units
            .iter()
            .find(|(u, _)| *u == unit)
            .map(|(_, f)| *f)
            .ok_or_else(|| QuantityError::WrongUnit { unit: unit.into(), kind, example, units: self.units() })?;
        if number < 0.0 && !self.signed {
            return Err(QuantityError::Negative { text: text.into(), kind });
        }
        // Division by the inverse keeps `10 ms` at exactly 0.01.
        Ok(if factor < 1.0 { number / (1.0 / factor).round() } else { number * factor })
    }

    /// The text that reads best and parses back to the same value.
    pub(super) fn print(&self, value: f64) -> String {
        let fits = |unit: &str, factor: f64| {
            let text = format!("{} {unit}", value / factor);
            let text = if text.len() > 14 { format!("{:.9}", value / factor) } else { return Some(text) };
            let short = format!("{} {unit}", text.trim_end_matches('0').trim_end_matches('.'));
            (self.parse(&short) == Ok(value)).then_some(short)
        };
        let best = self.units.iter().rev().find(|(_, f)| value.abs() >= *f).or(self.units.first());
        best.and_then(|(u, f)| fits(u, *f).filter(|t| self.parse(t) == Ok(value))).unwrap_or_else(|| {
            let base = self.units.iter().find(|(_, f)| (*f - 1.0).abs() < f64::EPSILON).map_or("", |(u, _)| *u);
            format!("{value} {base}")
        })
    }
}
