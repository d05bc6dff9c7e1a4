//! One row, read back.

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// A row of a log.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The table it belongs to.
    pub table: String,
    /// Host-monotonic time that the writer gave it, ns.
    pub mono_ns: u64,
    /// The other fields, in the order of writing.
    pub fields: Vec<(String, Value)>,
}

impl Row {
    /// Reads the JSON of a frame; `None` when it is not a row.
    #[must_use]
    pub fn parse(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }

    /// The value of a field.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.fields.iter().find(|(k, _)| k == field).map(|(_, v)| v)
    }

    /// The row as one typed struct (its `mono_ns` included).
    ///
    /// # Errors
    /// The parser's words when the fields do not fit.
    pub fn typed<T: serde::de::DeserializeOwned>(&self) -> Result<T, String> {
        let mut map: serde_json::Map<String, Value> = self.fields.iter().cloned().collect();
        map.insert("mono_ns".into(), self.mono_ns.into());
        serde_json::from_value(Value::Object(map)).map_err(|e| e.to_string())
    }
}

impl<'de> serde::Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Row;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a row with `table` and `mono_ns`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Row, A::Error> {
                let mut row = Row { table: String::new(), mono_ns: 0, fields: Vec::new() };
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "table" if row.table.is_empty() => row.table = map.next_value()?,
                        "mono_ns" => row.mono_ns = map.next_value()?,
                        _ => row.fields.push((key, map.next_value()?)),
                    }
                }
                if row.table.is_empty() {
                    return Err(serde::de::Error::missing_field("table"));
                }
                Ok(row)
            }
        }
        d.deserialize_map(Fields)
    }
}
