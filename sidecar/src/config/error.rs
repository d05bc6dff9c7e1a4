//! What can be wrong with a configuration, each with where and what to do.

use std::path::PathBuf;

/// Why a configuration is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {reason}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// Not YAML.
    #[error("{at}: not YAML: {reason}")]
    Syntax {
        /// File and line.
        at: String,
        /// The parser's words.
        reason: String,
    },
    /// A key nobody knows.
    #[error("{at}: unknown key `{key}`{}{}", .nearest.as_ref().map_or_else(String::new, |n| format!(", did you mean `{n}`?")), known_list(.nearest, .known))]
    UnknownKey {
        /// File and line, or `--set`.
        at: String,
        /// The whole path of the key, e.g. `air.sampel_rate`.
        key: String,
        /// The nearest known key.
        nearest: Option<String>,
        /// Every known key at this place.
        known: Vec<String>,
    },
    /// A value that does not fit its key.
    #[error("{at}: `{key}`: {reason}")]
    Value {
        /// File and line, or `--set`.
        at: String,
        /// The whole path of the key.
        key: String,
        /// What is expected.
        reason: String,
    },
    /// Values that do not fit each other.
    #[error("{}", .0.join("\n       "))]
    Rules(Vec<String>),
    /// `--set` that is not `key=value`.
    #[error("--set {0}: write --set key=value, for example --set air.sample_rate='11.52 MHz'")]
    Set(String),
    /// A configuration that cannot be written.
    #[error("the configuration cannot be written: {0}")]
    Write(String),
}

fn known_list(nearest: &Option<String>, known: &[String]) -> String {
    if nearest.is_some() || known.is_empty() { String::new() } else { format!("; known here: {}", known.join(", ")) }
}
