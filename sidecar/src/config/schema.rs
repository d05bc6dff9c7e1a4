//! The JSON Schema, and looking things up in it.

use super::sections::Config;
use serde_json::Value;

/// The JSON Schema (2020-12) of the configuration.
#[must_use]
pub fn schema() -> Value {
    schemars::schema_for!(Config).to_value()
}

/// The schema of one place, with references followed and `null` alternatives passed over.
pub(super) fn resolve<'a>(root: &'a Value, mut at: &'a Value) -> &'a Value {
    // A schema generated from types has no longer chain than its types are deep.
    for _ in 0..16 {
        if let Some(name) = at.get("$ref").and_then(Value::as_str) {
            at = root.pointer(name.trim_start_matches('#')).unwrap_or(at);
        } else if let Some(some) = at
            .get("anyOf")
            .and_then(Value::as_array)
            .and_then(|a| a.iter().find(|s| s.get("type").and_then(Value::as_str) != Some("null")))
        {
            at = some;
        } else {
            break;
        }
    }
    at
}

/// Names of the keys that an object of this schema may have; `None` where any are allowed, or it is no object.
pub(super) fn keys(at: &Value) -> Option<&serde_json::Map<String, Value>> {
    at.get("properties").and_then(Value::as_object)
}
