//! What kind of column fits all values of a field, and the column itself.

use super::unit::unit_of;
use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray, UInt64Array};
use arrow_schema::{DataType, Field};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// The narrowest kind that holds every value seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only nulls so far.
    Null,
    Bool,
    /// Integers that fit `i64`.
    Int,
    /// Non-negative integers, one of them over `i64::MAX`.
    Unsigned,
    Float,
    /// Text; and the JSON text of anything nested or mixed.
    Text,
}

impl Kind {
    fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Bool,
            Value::Number(n) if n.is_i64() => Self::Int,
            Value::Number(n) if n.is_u64() => Self::Unsigned,
            Value::Number(_) => Self::Float,
            _ => Self::Text,
        }
    }

    fn join(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::Null, k) | (k, Self::Null) => k,
            (Self::Int | Self::Unsigned | Self::Float, Self::Int | Self::Unsigned | Self::Float) => {
                if self == Self::Float || other == Self::Float { Self::Float } else { Self::Unsigned }
            }
            _ => Self::Text,
        }
    }
}

/// A column of a table.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    kind: Kind,
    /// A negative integer was seen: then a huge one cannot be kept exactly beside it.
    negative: bool,
}

impl Column {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.into(), kind: Kind::Null, negative: false }
    }

    /// Widens the column to hold `value` too.
    pub(super) fn see(&mut self, value: &Value) {
        self.kind = self.kind.join(Kind::of(value));
        self.negative |= value.as_i64().is_some_and(|n| n < 0);
    }

    fn settled(&self) -> Kind {
        if self.kind == Kind::Unsigned && self.negative { Kind::Float } else { self.kind }
    }

    /// Name, type, and the unit as metadata `unit`.
    pub(super) fn field(&self) -> Field {
        let data_type = match self.settled() {
            Kind::Bool => DataType::Boolean,
            Kind::Int => DataType::Int64,
            Kind::Unsigned => DataType::UInt64,
            Kind::Float => DataType::Float64,
            Kind::Text | Kind::Null => DataType::Utf8,
        };
        let metadata: HashMap<String, String> =
            unit_of(&self.name).map(|u| ("unit".to_owned(), u.to_owned())).into_iter().collect();
        Field::new(&self.name, data_type, true).with_metadata(metadata)
    }

    /// The values as an array; `None` is null.
    pub(super) fn array(&self, values: &[Option<&Value>]) -> ArrayRef {
        let each = values.iter().map(|v| v.filter(|v| !v.is_null()));
        match self.settled() {
            Kind::Bool => Arc::new(each.map(|v| v?.as_bool()).collect::<BooleanArray>()),
            Kind::Int => Arc::new(each.map(|v| v?.as_i64()).collect::<Int64Array>()),
            Kind::Unsigned => Arc::new(each.map(|v| v?.as_u64()).collect::<UInt64Array>()),
            Kind::Float => Arc::new(each.map(|v| v?.as_f64()).collect::<Float64Array>()),
            Kind::Text | Kind::Null => Arc::new(each.map(|v| v.map(text)).collect::<StringArray>()),
        }
    }
}

/// Text as it is, anything else as JSON.
pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Array;
    use serde_json::json;

    fn kind(values: &[Value]) -> DataType {
        let mut c = Column::new("x");
        values.iter().for_each(|v| c.see(v));
        c.field().data_type().clone()
    }

    #[test]
    fn the_narrowest_type_that_holds_all() {
        assert_eq!(kind(&[json!(1), Value::Null]), DataType::Int64);
        assert_eq!(kind(&[json!(1), json!(1.5)]), DataType::Float64);
        assert_eq!(kind(&[json!(1), json!(u64::MAX)]), DataType::UInt64);
        assert_eq!(kind(&[json!(-1), json!(u64::MAX)]), DataType::Float64);
        assert_eq!(kind(&[json!(true)]), DataType::Boolean);
        assert_eq!(kind(&[json!(true), json!(1)]), DataType::Utf8);
        assert_eq!(kind(&[json!({"a": 1})]), DataType::Utf8);
        assert_eq!(kind(&[Value::Null]), DataType::Utf8);
    }

    #[test]
    fn absent_and_null_are_null_and_nested_is_json() {
        let mut c = Column::new("x");
        let v = json!([1, 2]);
        c.see(&v);
        let a = c.array(&[Some(&v), None, Some(&Value::Null)]);
        assert_eq!((a.is_null(0), a.is_null(1), a.is_null(2)), (false, true, true));
        assert_eq!(a.as_any().downcast_ref::<StringArray>().unwrap().value(0), "[1,2]");
    }
}
