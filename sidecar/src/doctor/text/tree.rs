//! A YAML document of another program: values with where each was written; several files laid over each other.

use crate::config::{Node, parse_foreign};
use serde_json::Value;

/// File and line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Name of the file.
    pub file: String,
    /// From 1.
    pub line: u64,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A document.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    /// A value.
    Leaf(Value, Origin),
    /// A list.
    List(Vec<Tree>, Origin),
    /// Keys in order, each with its own line.
    Map(Vec<(String, Tree, Origin)>, Origin),
}

/// Why a text is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// Not YAML.
    #[error("{0}")]
    Syntax(String),
    /// Deeper than anybody writes.
    #[error("{0}: nested deeper than {MAX_DEPTH} levels")]
    Deep(String),
}

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 64;

impl Tree {
    /// Reads a text; `file` is its name in messages.
    ///
    /// # Errors
    /// [`TreeError`].
    pub fn parse(text: &str, file: &str) -> Result<Self, TreeError> {
        let node = parse_foreign(text, file).map_err(|e| TreeError::Syntax(e.to_string()))?;
        Self::grow(node, &Origin { file: file.to_owned(), line: 1 }, MAX_DEPTH)
    }

    fn grow(node: Node, at: &Origin, depth: usize) -> Result<Self, TreeError> {
        let Some(depth) = depth.checked_sub(1) else { return Err(TreeError::Deep(at.to_string())) };
        let on = |line| Origin { file: at.file.clone(), line };
        Ok(match node {
            Node::Scalar(value) => Self::Leaf(value, at.clone()),
            Node::List(items) => {
                let grown = items.into_iter().map(|(node, line)| Self::grow(node, &on(line), depth));
                Self::List(grown.collect::<Result<_, _>>()?, at.clone())
            }
            Node::Map(entries) => {
                let grown = entries
                    .into_iter()
                    .map(|(key, node, line)| Ok((key, Self::grow(node, &on(line), depth)?, on(line))));
                Self::Map(grown.collect::<Result<_, _>>()?, at.clone())
            }
        })
    }

    /// This document with a later one laid over it: maps are joined key by key, values and lists of the later one win.
    #[must_use]
    pub fn under(self, later: Self) -> Self {
        match (self, later) {
            (Self::Map(mut ours, at), Self::Map(theirs, _)) => {
                for (key, tree, origin) in theirs {
                    match ours.iter().position(|(k, _, _)| *k == key) {
                        Some(i) => {
                            let (_, old, _) = ours.swap_remove(i);
                            ours.push((key, old.under(tree), origin));
                        }
                        None => ours.push((key, tree, origin)),
                    }
                }
                Self::Map(ours, at)
            }
            (ours, Self::Leaf(Value::Null, _)) => ours,
            (_, later) => later,
        }
    }

    /// What a path such as `cu_cp.amf.addr` leads to.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |tree, key| match tree {
            Self::Map(entries, _) => entries.iter().find(|(k, _, _)| k == key).map(|(_, below, _)| below),
            _ => None,
        })
    }

    /// Where it was written.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        match self {
            Self::Leaf(_, at) | Self::List(_, at) | Self::Map(_, at) => at,
        }
    }

    /// The entries of a map.
    #[must_use]
    pub fn entries(&self) -> &[(String, Self, Origin)] {
        if let Self::Map(entries, _) = self { entries } else { &[] }
    }

    /// The items of a list; one value alone is a list of one; nothing is none.
    #[must_use]
    pub fn items(&self) -> Vec<&Self> {
        match self {
            Self::List(items, _) => items.iter().collect(),
            Self::Leaf(Value::Null, _) => Vec::new(),
            one => vec![one],
        }
    }

    /// A value as text: numbers and truth values as they are written.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Leaf(Value::String(s), _) => Some(s.clone()),
            Self::Leaf(Value::Null, _) | Self::List(..) | Self::Map(..) => None,
            Self::Leaf(other, _) => Some(other.to_string()),
        }
    }

    /// A value as a number; also one in quotes.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        self.text()?.trim().parse().ok().filter(|x: &f64| x.is_finite())
    }

    /// A value as a truth value.
    #[must_use]
    pub fn truth(&self) -> Option<bool> {
        match self.text()?.to_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(true),
            "false" | "no" | "off" | "0" => Some(false),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn later_files_win_and_every_value_knows_its_file() {
        let first = Tree::parse("a: {b: 1, c: [1, 2]}\nd: x\n", "one.yml").unwrap();
        let later = Tree::parse("a:\n  c: [3]\n  e: yes\n", "two.yml").unwrap();
        let both = first.under(later);
        assert_eq!(both.at("a.b").and_then(Tree::number), Some(1.0));
        assert_eq!(both.at("a.c").map(|t| t.items().len()), Some(1));
        assert_eq!(both.at("a.e").and_then(Tree::truth), Some(true));
        assert_eq!(both.at("d").map(|t| t.origin().to_string()), Some("one.yml:2".into()));
        assert_eq!(both.at("a.c").map(|t| t.origin().to_string()), Some("two.yml:2".into()));
        assert_eq!(both.at("a.b.x"), None);
    }

    #[test]
    fn an_empty_later_key_changes_nothing() {
        let both = Tree::parse("a: {b: 1}\n", "1").unwrap().under(Tree::parse("a:\n", "2").unwrap());
        assert_eq!(both.at("a.b").and_then(Tree::number), Some(1.0));
    }

    #[test]
    fn bad_and_bottomless_documents_are_errors() {
        assert!(Tree::parse("a: [1,\n", "x.yml").unwrap_err().to_string().starts_with("x.yml:"));
        let deep = format!("a: {}1{}", "[".repeat(100), "]".repeat(100));
        assert!(Tree::parse(&deep, "x.yml").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_a_document_or_an_error(text in "[a-c:\\[\\]{}, \n-]{0,80}") {
            if let Ok(tree) = Tree::parse(&text, "f") {
                prop_assert_eq!(&tree.clone().under(tree.clone()).entries().len(), &tree.entries().len());
            }
        }
    }
}
