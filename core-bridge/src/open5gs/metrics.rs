//! The Prometheus text format, as tolerant as the field is: families without samples, empty labels, lines nobody should send.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Longest line that is read, bytes; a longer one is counted and left out.
pub const MAX_LINE_BYTES: usize = 64 << 10;
/// Most samples that are kept of one text; more are counted and left out.
pub const MAX_SAMPLES: usize = 100_000;

/// The kind of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FamilyKind {
    /// Only grows.
    Counter,
    /// Goes both ways.
    Gauge,
    /// Buckets.
    Histogram,
    /// Quantiles.
    Summary,
    /// Not said, or unknown.
    Untyped,
}

/// One sample.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Sample {
    /// Name as printed, with a histogram's suffix.
    pub name: String,
    /// Labels; empty values are kept.
    pub labels: BTreeMap<String, String>,
    /// Finite value.
    pub value: f64,
    /// Time the exporter gives, ms since 1970.
    pub time_ms: Option<i64>,
}

/// A text that was read.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
pub struct Exposition {
    /// Kind by family name, also of families that have no sample.
    pub families: BTreeMap<String, FamilyKind>,
    /// Samples in their order.
    pub samples: Vec<Sample>,
    /// Lines that are no sample and no comment.
    pub bad_lines: u64,
    /// Samples that are NaN or infinite.
    pub not_finite: u64,
    /// Lines over [`MAX_LINE_BYTES`], samples over [`MAX_SAMPLES`].
    pub left_out: u64,
}

impl Exposition {
    /// The value of the sample with this name and exactly these labels, first of equals.
    #[must_use]
    pub fn get(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let same = |s: &&Sample| {
            s.name == name
                && s.labels.len() == labels.len()
                && labels.iter().all(|(k, v)| s.labels.get(*k).is_some_and(|x| x == v))
        };
        self.samples.iter().find(same).map(|s| s.value)
    }

    /// Sum over all label sets of a name that have the PLMN told, or no such label; `None` where there is no sample.
    ///
    /// Open5GS counts the same event also under an empty `plmnid` before it knows the PLMN: that series is left out.
    #[must_use]
    pub fn sum(&self, name: &str) -> Option<f64> {
        self.samples
            .iter()
            .filter(|s| s.name == name && s.labels.get("plmnid").is_none_or(|p| !p.is_empty()))
            .map(|s| s.value)
            .reduce(|a, b| a + b)
    }

    /// The samples as text again; reads back to the same samples.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        for s in &self.samples {
            out.push_str(&s.name);
            if !s.labels.is_empty() {
                let labels: Vec<String> = s.labels.iter().map(|(k, v)| format!("{k}=\"{}\"", escape(v))).collect();
                let _ = write!(out, "{{{}}}", labels.join(","));
            }
            let _ = write!(out, " {:?}", s.value);
            if let Some(t) = s.time_ms {
                let _ = write!(out, " {t}");
            }
            out.push('\n');
        }
        out
    }
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Reads a text. There is no error: what cannot be read is counted.
#[must_use]
pub fn parse(text: &str) -> Exposition {
    let mut out = Exposition::default();
    for line in text.split('\n') {
        let line = line.trim_matches([' ', '\t', '\r']);
        if line.is_empty() {
            continue;
        }
        if line.len() > MAX_LINE_BYTES {
            out.left_out += 1;
        } else if let Some(comment) = line.strip_prefix('#') {
            kind_line(comment, &mut out.families);
        } else if let Some(sample) = sample_line(line) {
            if !sample.value.is_finite() {
                out.not_finite += 1;
            } else if out.samples.len() >= MAX_SAMPLES {
                out.left_out += 1;
            } else {
                out.samples.push(sample);
            }
        } else {
            out.bad_lines += 1;
        }
    }
    out
}

fn kind_line(comment: &str, families: &mut BTreeMap<String, FamilyKind>) {
    let mut words = comment.split_ascii_whitespace();
    if words.next() != Some("TYPE") {
        return;
    }
    let (Some(name), Some(kind)) = (words.next(), words.next()) else { return };
    if !is_name(name) || families.len() >= MAX_SAMPLES {
        return;
    }
    let kind = match kind {
        "counter" => FamilyKind::Counter,
        "gauge" => FamilyKind::Gauge,
        "histogram" => FamilyKind::Histogram,
        "summary" => FamilyKind::Summary,
        _ => FamilyKind::Untyped,
    };
    families.insert(name.to_owned(), kind);
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_' || b == b':')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':')
}

fn sample_line(line: &str) -> Option<Sample> {
    let end = line.find(['{', ' ', '\t'])?;
    let (name, rest) = line.split_at(end);
    if !is_name(name) {
        return None;
    }
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inner) => labels(inner)?,
        None => (BTreeMap::new(), rest),
    };
    let mut words = rest.split_ascii_whitespace();
    let value = number(words.next()?)?;
    let time_ms = match words.next() {
        Some(word) => Some(word.parse().ok()?),
        None => None,
    };
    if words.next().is_some() {
        return None;
    }
    Some(Sample { name: name.to_owned(), labels, value, time_ms })
}

fn number(word: &str) -> Option<f64> {
    match word {
        "+Inf" | "Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        _ => word.parse().ok(),
    }
}

/// Labels up to the closing brace, and what follows it.
fn labels(inner: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let mut out = BTreeMap::new();
    let mut rest = inner.trim_start();
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Some((out, after));
        }
        let (name, after) = rest.split_once('=')?;
        let name = name.trim();
        if !is_name(name) {
            return None;
        }
        let (value, after) = quoted(after.trim_start())?;
        out.insert(name.to_owned(), value);
        rest = after.trim_start();
        rest = match rest.strip_prefix(',') {
            Some(more) => more.trim_start(),
            None if rest.starts_with('}') => rest,
            None => return None,
        };
    }
}

fn quoted(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix('"')?;
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => out.push('\n'),
                c @ ('\\' | '"') => out.push(c),
                other => {
                    out.push('\\');
                    out.push(other);
                }
            },
            c => out.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn odd_lines() {
        let text = "# TYPE a counter\n# TYPE nothing gauge\na 1\na{plmnid=\"\",snssai=\"\"} 2\na{x=\"q\\\"\\\\\\n,}\" , y=\"2\" ,} 3.5 1700000000000\r\n\
            b NaN\nc +Inf\nd 1e999\n e\t-1 \n9bad 1\nno_value\nf 1 2 3\ng{x=1} 1\nh{x=\"1} 1\ni{x=\"1\"y=\"2\"} 1\n# HELP\n#\n";
        let e = parse(text);
        assert_eq!(
            e.families,
            BTreeMap::from([("a".into(), FamilyKind::Counter), ("nothing".into(), FamilyKind::Gauge)])
        );
        assert_eq!((e.samples.len(), e.not_finite, e.bad_lines), (4, 3, 6), "{e:?}");
        assert_eq!(e.get("a", &[("plmnid", ""), ("snssai", "")]), Some(2.0));
        assert_eq!(e.get("a", &[("x", "q\"\\\n,}"), ("y", "2")]), Some(3.5));
        assert_eq!(e.samples[2].time_ms, Some(1_700_000_000_000));
        assert_eq!(e.get("e", &[]), Some(-1.0));
        assert_eq!(e.sum("a"), Some(4.5));
        assert_eq!(e.sum("nothing"), None);
    }

    #[test]
    fn a_huge_line_is_left_out() {
        let text = format!("a{{x=\"{}\"}} 1\nb 2\n", "y".repeat(MAX_LINE_BYTES));
        let e = parse(&text);
        assert_eq!((e.left_out, e.samples.len()), (1, 1));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(?s).{0,300}") {
            let _ = parse(&text);
        }

        #[test]
        fn what_is_written_reads_back(rows in prop::collection::vec(("[a-z_]{1,8}", prop::collection::btree_map("[a-z]{1,4}", ".{0,6}", 0..3), -1e12..1e12, prop::option::of(any::<i64>())), 0..20)) {
            let samples: Vec<Sample> = rows.into_iter().map(|(name, labels, value, time_ms)| Sample { name, labels, value, time_ms }).collect();
            let e = Exposition { samples, ..Exposition::default() };
            prop_assert_eq!(parse(&e.to_text()).samples, e.samples);
        }
    }
}
