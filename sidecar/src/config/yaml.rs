//! The one module that knows the YAML library.

use super::error::ConfigError;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::Spanned;

/// A document as written: values with the line each begins in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Scalar(serde_json::Value),
    List(Vec<(Node, u64)>),
    /// Key, value, and the line of the key.
    Map(Vec<(String, Node, u64)>),
}

/// Reads a document; an empty one is an empty map. `name` is the file's for messages.
pub(super) fn parse(text: &str, name: &str) -> Result<Node, ConfigError> {
    if is_empty(text) {
        return Ok(Node::Map(Vec::new()));
    }
    read(text, name, serde_yaml::Options::default())
}

/// As [`parse`] for a document of another program: a number with leading zeros stays text (`mnc: 01`).
pub(crate) fn parse_foreign(text: &str, name: &str) -> Result<Node, ConfigError> {
    if is_empty(text) {
        return Ok(Node::Map(Vec::new()));
    }
    read(text, name, serde_yaml::options! { leading_zero_numbers_as_strings: true })
}

fn is_empty(text: &str) -> bool {
    text.lines().all(|l| l.trim().is_empty() || l.trim_start().starts_with('#') || l.trim() == "---")
}

fn read(text: &str, name: &str, options: serde_yaml::Options) -> Result<Node, ConfigError> {
    serde_yaml::from_str_with_options::<Node>(text, options).map_err(|e| {
        let line = e.location().map_or_else(String::new, |l| format!(":{}:{}", l.line(), l.column()));
        let words = e.without_snippet().to_string();
        ConfigError::Syntax { at: format!("{name}{line}"), reason: words }
    })
}

/// Writes any value as YAML.
pub(super) fn write<T: serde::Serialize>(value: &T) -> Result<String, ConfigError> {
    serde_yaml::to_string(value).map_err(|e| ConfigError::Write(e.to_string()))
}

impl<'de> serde::Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Node;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("YAML")
            }

            fn visit_bool<E>(self, v: bool) -> Result<Node, E> {
                Ok(Node::Scalar(v.into()))
            }

            fn visit_i64<E>(self, v: i64) -> Result<Node, E> {
                Ok(Node::Scalar(v.into()))
            }

            fn visit_u64<E>(self, v: u64) -> Result<Node, E> {
                Ok(Node::Scalar(v.into()))
            }

            fn visit_f64<E>(self, v: f64) -> Result<Node, E> {
                Ok(Node::Scalar(v.into()))
            }

            fn visit_str<E>(self, v: &str) -> Result<Node, E> {
                Ok(Node::Scalar(v.into()))
            }

            fn visit_unit<E>(self) -> Result<Node, E> {
                Ok(Node::Scalar(serde_json::Value::Null))
            }

            fn visit_none<E>(self) -> Result<Node, E> {
                Ok(Node::Scalar(serde_json::Value::Null))
            }

            fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Node, D::Error> {
                serde::Deserialize::deserialize(d)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element::<Spanned<Node>>()? {
                    let line = item.referenced.line();
                    items.push((item.value, line));
                }
                Ok(Node::List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
                let mut entries = Vec::new();
                while let Some(key) = map.next_key::<Spanned<String>>()? {
                    let value = map.next_value::<Node>()?;
                    entries.push((key.value, value, key.referenced.line()));
                }
                Ok(Node::Map(entries))
            }
        }
        d.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_come_with_the_line_of_their_key() {
        let node = parse("# c\na: 1\nb:\n  c: [x, 2.5]\n  d:\n    - e: true\n", "f").unwrap();
        let Node::Map(top) = node else { panic!() };
        assert_eq!(top[0], ("a".into(), Node::Scalar(1.into()), 2));
        let Node::Map(b) = &top[1].1 else { panic!() };
        assert_eq!((b[0].0.as_str(), b[0].2), ("c", 4));
        let Node::List(d) = &b[1].1 else { panic!() };
        assert_eq!(d[0].0, Node::Map(vec![("e".into(), Node::Scalar(true.into()), 6)]));
    }

    #[test]
    fn an_empty_document_is_an_empty_map_and_bad_ones_name_their_line() {
        assert_eq!(parse("", "f"), Ok(Node::Map(vec![])));
        assert_eq!(parse("# only words\n---\n", "f"), Ok(Node::Map(vec![])));
        let e = parse("a: 1\nb: [1,\n", "f.yaml").unwrap_err().to_string();
        assert!(e.starts_with("f.yaml:"), "{e}");
        let e = parse("a: 1\na: 2\n", "f.yaml").unwrap_err().to_string();
        assert!(e.contains("f.yaml:2"), "{e}");
    }

    #[test]
    fn another_programs_leading_zeros_stay() {
        let Ok(Node::Map(top)) = parse_foreign("mcc: 001\nmnc: 70\nsd: 010203\n", "amf.yaml") else { panic!() };
        let values: Vec<&Node> = top.iter().map(|(_, node, _)| node).collect();
        assert_eq!(values[0], &Node::Scalar("001".into()));
        assert_eq!(values[1], &Node::Scalar(70.into()));
        assert_eq!(values[2], &Node::Scalar("010203".into()));
    }

    proptest! {
        #[test]
        fn any_text_is_a_document_or_an_error(text in ".{0,60}") {
            let _ = parse(&text, "f");
        }
    }
}
