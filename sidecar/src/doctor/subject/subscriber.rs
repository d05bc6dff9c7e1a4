//! Subscribers as exported from the core's database: JSON, one document, a list of them, or one a line.

use super::plmn::Slice;
use serde_json::Value;

/// A key that is compared and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Of hexadecimal digits, with or without spaces.
    #[must_use]
    pub fn new(digits: &str) -> Self {
        Self(digits.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase())
    }

    /// Whether it is 128 bits.
    #[must_use]
    pub fn is_128_bits(&self) -> bool {
        self.0.len() == 32 && self.0.bytes().all(|b| b.is_ascii_hexdigit())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A subscriber.
#[derive(Debug, Clone)]
pub struct Subscriber {
    /// Identity.
    pub imsi: String,
    /// Long-term key.
    pub k: Option<Secret>,
    /// Operator code, derived form.
    pub opc: Option<Secret>,
    /// Slices, each with the names of its sessions.
    pub slices: Vec<(Slice, Vec<String>)>,
}

/// More subscribers than this are not read.
const MAX_SUBSCRIBERS: usize = 100_000;

impl Subscriber {
    /// Reads a list; `None` where it is none.
    #[must_use]
    pub fn list(text: &str) -> Option<Vec<Self>> {
        let documents: Vec<Value> = match serde_json::from_str(text) {
            Ok(Value::Array(all)) => all,
            Ok(one) => vec![one],
            Err(_) => {
                let lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
                lines.map(serde_json::from_str).collect::<Result<_, _>>().ok()?
            }
        };
        documents.iter().take(MAX_SUBSCRIBERS).map(Self::of).collect()
    }

    fn of(value: &Value) -> Option<Self> {
        let secret = |key: &str| value.get("security")?.get(key)?.as_str().filter(|s| !s.is_empty()).map(Secret::new);
        let all = value.get("slice").and_then(Value::as_array);
        let slices = all.into_iter().flatten().filter_map(|slice| {
            let sd = slice.get("sd").and_then(Value::as_str).and_then(Slice::sd_of_hex);
            let names = slice.get("session").and_then(Value::as_array).into_iter().flatten();
            let names = names.filter_map(|s| Some(s.get("name")?.as_str()?.to_owned())).collect();
            Some((Slice::new(u8::try_from(number(slice.get("sst")?)?).ok()?, sd), names))
        });
        let imsi = value.get("imsi")?.as_str()?.to_owned();
        Some(Self { imsi, k: secret("k"), opc: secret("opc"), slices: slices.collect() })
    }
}

/// A number as JSON or as the database's extended JSON (`{"$numberInt": "1"}`).
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| ["$numberInt", "$numberLong"].iter().find_map(|k| value.get(k)?.as_str()?.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ONE: &str = r#"{"imsi":"001010123456780","security":{"k":"00112233445566778899AABBCCDDEEFF","opc":"63BFA50EE6523365FF14C1F45F88737D","op":null,"sqn":{"$numberLong":"64"}},"slice":[{"sst":{"$numberInt":"1"},"sd":"010203","session":[{"name":"internet"}]}]}"#;

    #[test]
    fn as_exported_in_each_form() {
        for text in [ONE.to_owned(), format!("[{ONE}]"), format!("{ONE}\n{ONE}\n")] {
            let list = Subscriber::list(&text).unwrap();
            assert_eq!(list[0].slices, [(Slice::new(1, Some(0x01_0203)), vec!["internet".to_owned()])]);
            assert_eq!(list[0].k, Some(Secret::new("00112233 44556677 8899aabb ccddeeff")));
            assert!(list[0].opc.as_ref().is_some_and(Secret::is_128_bits));
            assert!(!format!("{list:?}").to_lowercase().contains("aabbcc"));
        }
        assert!(Subscriber::list("{}").is_none() && Subscriber::list("no").is_none());
    }

    proptest! {
        #[test]
        fn any_text_is_a_list_or_none(text in "[\\[\\]{}\":a-z0-9, \n]{0,80}") {
            let _ = Subscriber::list(&text);
        }
    }
}
