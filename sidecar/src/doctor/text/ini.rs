//! The configuration of srsUE: `[section]`, `key = value`, `#` begins a comment.

/// `section.key`, its value and its line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ini(Vec<(String, String, usize)>);

/// Why a text is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IniError {
    /// Neither a section nor a pair.
    #[error("line {line}: write `[section]` or `key = value`")]
    Line {
        /// From 1.
        line: usize,
    },
    /// The same key again: srsUE stops there.
    #[error("line {line}: `{key}` is already in line {first}: srsUE takes a key once")]
    Twice {
        /// From 1.
        line: usize,
        /// Where it was first.
        first: usize,
        /// With its section.
        key: String,
    },
    /// More than anybody writes.
    #[error("more than {MAX_PAIRS} keys")]
    TooMany,
}

/// More keys than this are not read.
const MAX_PAIRS: usize = 4096;

impl Ini {
    /// Reads a text.
    ///
    /// # Errors
    /// [`IniError`] with its line.
    pub fn parse(text: &str) -> Result<Self, IniError> {
        let mut pairs: Vec<(String, String, usize)> = Vec::new();
        let mut section = String::new();
        for (at, raw) in text.lines().enumerate() {
            let (line, text) = (at + 1, raw.split('#').next().unwrap_or_default().trim());
            if text.is_empty() {
                continue;
            }
            if let Some(name) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
                name.trim().clone_into(&mut section);
                continue;
            }
            let Some((key, value)) = text.split_once('=') else { return Err(IniError::Line { line }) };
            let key = if section.is_empty() { key.trim().to_owned() } else { format!("{section}.{}", key.trim()) };
            if let Some((_, _, first)) = pairs.iter().find(|(k, _, _)| *k == key) {
                return Err(IniError::Twice { line, first: *first, key });
            }
            if pairs.len() == MAX_PAIRS {
                return Err(IniError::TooMany);
            }
            pairs.push((key, value.trim().to_owned(), line));
        }
        Ok(Self(pairs))
    }

    /// The value of `section.key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(k, _, _)| k == key).map(|(_, v, _)| v.as_str())
    }

    /// Line of `section.key`, from 1.
    #[must_use]
    pub fn line(&self, key: &str) -> Option<usize> {
        self.0.iter().find(|(k, _, _)| k == key).map(|(_, _, line)| *line)
    }

    /// Every `section.key` with its line.
    pub fn keys(&self) -> impl Iterator<Item = (&str, usize)> {
        self.0.iter().map(|(k, _, line)| (k.as_str(), *line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_configuration_of_this_lab() {
        let ini = Ini::parse(include_str!("../../../../configs/ue/ue.conf")).unwrap();
        assert_eq!(ini.get("rf.srate"), Some("11.52e6"));
        assert_eq!(ini.get("rat.eutra.nof_carriers"), Some("0"));
        assert_eq!(ini.get("nas.apn"), Some("internet"));
        assert_eq!(ini.get("rat.nr.dl_nr_arfcn"), None);
        assert_eq!(ini.line("rf.freq_offset"), Some(3));
    }

    #[test]
    fn what_srsue_refuses_has_its_line() {
        assert_eq!(Ini::parse("[rf]\nsrate 1\n"), Err(IniError::Line { line: 2 }));
        let twice = Ini::parse("[rf]\nsrate = 1\n\nsrate = 2\n").unwrap_err();
        assert_eq!(twice, IniError::Twice { line: 4, first: 2, key: "rf.srate".into() });
    }

    proptest! {
        #[test]
        fn any_text_is_a_configuration_or_an_error(text in "[a-z\\[\\]= #\n.]{0,200}") {
            if let Ok(ini) = Ini::parse(&text) {
                prop_assert!(ini.keys().all(|(key, line)| ini.line(key) == Some(line)));
            }
        }

        #[test]
        fn pairs_are_found_again(pairs in proptest::collection::btree_map("[a-z_]{1,8}", "[a-z0-9:/.]{0,8}", 0..20)) {
            let text: String = pairs.iter().map(|(k, v)| format!("{k} = {v} # said\n")).collect();
            let ini = Ini::parse(&format!("[s]\n{text}")).unwrap();
            for (k, v) in &pairs {
                prop_assert_eq!(ini.get(&format!("s.{k}")), Some(v.as_str()));
            }
        }
    }
}
