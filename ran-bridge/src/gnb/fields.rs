//! Takes typed values out of a JSON object and counts what is absent, foreign or wrong.

use super::stats::ParseStats;
use serde_json::{Map, Value};
use std::ops::RangeInclusive;

/// A JSON object being read. Each key is to be asked for at most once.
pub(super) struct Fields<'a> {
    map: &'a Map<String, Value>,
    taken: usize,
}

/// Any finite number.
pub(super) const ANY: RangeInclusive<f64> = f64::MIN..=f64::MAX;
/// Any finite number from 0.
pub(super) const POSITIVE: RangeInclusive<f64> = 0.0..=f64::MAX;
/// Per cent; CPU loads of several cores pass 100.
pub(super) const CPU_PERCENT: RangeInclusive<f64> = 0.0..=102_400.0;

impl<'a> Fields<'a> {
    pub(super) fn new(map: &'a Map<String, Value>) -> Self {
        Self { map, taken: 0 }
    }

    /// The object under `key`; anything else counts as invalid.
    pub(super) fn of(value: &'a Value, stats: &mut ParseStats) -> Option<Self> {
        match value {
            Value::Object(map) => Some(Self::new(map)),
            _ => {
                stats.invalid_fields += 1;
                None
            }
        }
    }

    /// Raw value of an optional field; absence is not counted.
    pub(super) fn raw(&mut self, key: &str, stats: &mut ParseStats) -> Option<&'a Value> {
        let value = self.map.get(key)?;
        self.taken += 1;
        if value.is_null() {
            stats.null_fields += 1;
            return None;
        }
        Some(value)
    }

    /// An optional number within `range`.
    pub(super) fn opt_f64(&mut self, key: &str, range: RangeInclusive<f64>, stats: &mut ParseStats) -> Option<f64> {
        let value = self.raw(key, stats)?;
        match value.as_f64() {
            Some(x) if x.is_finite() && range.contains(&x) => Some(x),
            _ => {
                stats.invalid_fields += 1;
                None
            }
        }
    }

    /// A number that every report should have.
    pub(super) fn f64(&mut self, key: &str, range: RangeInclusive<f64>, stats: &mut ParseStats) -> Option<f64> {
        self.expect(key, stats);
        self.opt_f64(key, range, stats)
    }

    /// An optional whole number up to `max`.
    pub(super) fn opt_u64(&mut self, key: &str, max: u64, stats: &mut ParseStats) -> Option<u64> {
        let value = self.raw(key, stats)?;
        match whole(value) {
            Some(x) if x <= max => Some(x),
            _ => {
                stats.invalid_fields += 1;
                None
            }
        }
    }

    /// A whole number that every report should have.
    pub(super) fn u64(&mut self, key: &str, max: u64, stats: &mut ParseStats) -> Option<u64> {
        self.expect(key, stats);
        self.opt_u64(key, max, stats)
    }

    /// A text that every report should have.
    pub(super) fn text(&mut self, key: &str, stats: &mut ParseStats) -> Option<String> {
        self.expect(key, stats);
        let value = self.raw(key, stats)?;
        let text = value.as_str().map(str::to_owned);
        if text.is_none() {
            stats.invalid_fields += 1;
        }
        text
    }

    /// A truth value that every report should have.
    pub(super) fn bool(&mut self, key: &str, stats: &mut ParseStats) -> Option<bool> {
        self.expect(key, stats);
        let value = self.raw(key, stats)?;
        if !value.is_boolean() {
            stats.invalid_fields += 1;
        }
        value.as_bool()
    }

    /// An object that every report should have.
    pub(super) fn object(&mut self, key: &str, stats: &mut ParseStats) -> Option<Fields<'a>> {
        self.expect(key, stats);
        let value = self.raw(key, stats)?;
        Fields::of(value, stats)
    }

    /// An optional array; absent or wrong reads as empty.
    pub(super) fn opt_array(&mut self, key: &str, stats: &mut ParseStats) -> &'a [Value] {
        match self.raw(key, stats) {
            Some(Value::Array(items)) => items,
            Some(_) => {
                stats.invalid_fields += 1;
                &[]
            }
            None => &[],
        }
    }

    /// Numbers of an optional array; entries that are none are left out and counted.
    pub(super) fn opt_f64s(&mut self, key: &str, stats: &mut ParseStats) -> Vec<f64> {
        let items = self.opt_array(key, stats);
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            match item.as_f64() {
                Some(x) if x.is_finite() => out.push(x),
                _ => stats.invalid_fields += 1,
            }
        }
        out
    }

    /// Fields that nobody asked for are known to be irrelevant here.
    pub(super) fn skip_rest(mut self) {
        self.taken = self.map.len();
    }

    /// Counts the fields that nobody asked for.
    pub(super) fn finish(self, stats: &mut ParseStats) {
        stats.unknown_fields += self.map.len().saturating_sub(self.taken) as u64;
    }

    /// Whether the object has the key at all.
    pub(super) fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    fn expect(&self, key: &str, stats: &mut ParseStats) {
        if !self.map.contains_key(key) {
            stats.missing_fields += 1;
        }
    }
}

/// A whole number, also where it is printed as `3.0`.
fn whole(value: &Value) -> Option<u64> {
    if let Some(x) = value.as_u64() {
        return Some(x);
    }
    let x = value.as_f64()?;
    (x.fract() == 0.0 && (0.0..=9.007_199_254_740_992e15).contains(&x)).then_some(x as u64)
}
