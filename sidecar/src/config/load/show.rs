//! Every value in force with its origin.

use super::steps::{Loaded, leaves};
use serde::Serialize;
use serde_json::Value;

/// One value in force.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Effective {
    /// Its path, e.g. `air.ues[0].tx`.
    pub key: String,
    /// The value.
    pub value: Value,
    /// `default`, `file:line` or `--set`.
    pub origin: String,
}

impl Loaded {
    /// Every value in force, in order of key.
    #[must_use]
    pub fn effective(&self) -> Vec<Effective> {
        let mut all = Vec::new();
        // From the checked types, not from the document: defaults inside lists show, too.
        let values = serde_json::to_value(&self.config).unwrap_or_default();
        leaves(&values, "", &mut all);
        all.into_iter()
            .map(|(key, value)| {
                let in_list = key.contains('[') && !self.layers.origins.contains_key(&key);
                let origin =
                    if in_list && self.layers.has(&key).is_none() { super::Origin::Default } else { self.origin(&key) };
                Effective { key, value, origin: origin.to_string() }
            })
            .collect()
    }
}

impl super::merge::Layers {
    /// The value that the document holds at a path.
    fn has(&self, path: &str) -> Option<&Value> {
        let pointer = format!("/{}", path.replace(['.', '['], "/").replace(']', ""));
        self.values.pointer(&pointer)
    }
}
