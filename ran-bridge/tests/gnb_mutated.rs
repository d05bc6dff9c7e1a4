//! Whatever a gNB sends, the parser answers with a message or an error.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a test that cannot set up its world fails")]

use proptest::prelude::*;
use ran_bridge::gnb::{ParseStats, parse};
use std::path::Path;
use std::sync::OnceLock;

fn messages() -> &'static [String] {
    static TEXTS: OnceLock<Vec<String>> = OnceLock::new();
    TEXTS.get_or_init(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hil-tests/fixtures/ws/attach_excerpt.jsonl");
        let text = std::fs::read_to_string(path).unwrap();
        text.lines()
            .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap()["raw"].as_str().unwrap().to_owned())
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damaged_messages(which in any::<prop::sample::Index>(), edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), cut in any::<prop::sample::Index>()) {
        let mut bytes = which.get(messages()).clone().into_bytes();
        for (at, with) in edits {
            let at = at.index(bytes.len());
            bytes[at] = with;
        }
        let mut stats = ParseStats::default();
        let _ = parse(&String::from_utf8_lossy(&bytes), &mut stats);
        bytes.truncate(cut.index(bytes.len() + 1));
        let _ = parse(&String::from_utf8_lossy(&bytes), &mut stats);
        prop_assert_eq!(stats.messages + stats.garbage, 2);
    }

    #[test]
    fn swapped_values(which in any::<prop::sample::Index>(), with in prop::sample::select(vec!["null", "NaN", "-1", "1e400", "\"x\"", "[]", "{}", "[{}]", "true", "18446744073709551615", "-inf"]), every in 1_usize..7) {
        let text = which.get(messages());
        let mut n = 0;
        let swapped: Vec<String> = text.split(": ").map(|part| {
            n += 1;
            let plain = part.find([',', '\n']).filter(|end| n % every == 0 && !part[..*end].contains(['{', '[']));
            plain.map_or_else(|| part.to_owned(), |end| format!("{with}{}", &part[end..]))
        }).collect();
        let mut stats = ParseStats::default();
        let _ = parse(&swapped.join(": "), &mut stats);
        prop_assert_eq!(stats.messages + stats.garbage, 1);
    }

    #[test]
    fn any_text(text in ".{0,200}") {
        let _ = parse(&text, &mut ParseStats::default());
    }
}
