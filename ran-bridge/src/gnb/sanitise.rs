//! Numbers JSON has no words for.

/// `text` with every bare `NaN`, `inf`, `-Infinity` … and every number beyond `f64` replaced by `null`; `None` where there is none.
///
/// Strings are left as they are. What is broken otherwise stays broken.
pub(super) fn sanitise(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let (mut at, mut copied, mut changed) = (0, 0, false);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at = end_of_string(bytes, at),
            b if token_byte(b) => {
                let from = at;
                while at < bytes.len() && token_byte(bytes[at]) {
                    at += 1;
                }
                if not_finite(&text[from..at]) {
                    out.push_str(&text[copied..from]);
                    out.push_str("null");
                    copied = at;
                    changed = true;
                }
            }
            _ => at += 1,
        }
    }
    out.push_str(&text[copied..]);
    changed.then_some(out)
}

fn token_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')
}

/// Index after the closing quote of the string that opens at `from`.
fn end_of_string(bytes: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn not_finite(token: &str) -> bool {
    token.parse::<f64>().is_ok_and(|x| !x.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_words_and_huge_numbers_become_null() {
        let text = r#"{"a": NaN, "b": -inf, "c":[1e999, 2.5,-Infinity], "d": "NaN \" inf", "e": nan}"#;
        let want = r#"{"a": null, "b": null, "c":[null, 2.5,null], "d": "NaN \" inf", "e": null}"#;
        assert_eq!(sanitise(text).unwrap(), want);
    }

    #[test]
    fn what_is_finite_stays() {
        assert_eq!(sanitise(r#"{"a": 1e300, "b": true, "c": null, "inf": -0.0}"#), None);
    }
}
