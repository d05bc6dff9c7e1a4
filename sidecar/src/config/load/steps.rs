//! The steps of loading.

use super::super::error::ConfigError;
use super::super::schema::schema;
use super::super::sections::Config;
use super::super::{validate, yaml};
use super::merge::{Layers, Origin};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// One `--set key=value`; the value is YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// Path of the key, e.g. `air.sample_rate`.
    pub key: String,
    /// Its value as YAML.
    pub value: String,
}

impl std::str::FromStr for Override {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => {
                Ok(Self { key: key.trim().into(), value: value.trim().into() })
            }
            _ => Err(ConfigError::Set(text.into())),
        }
    }
}

/// A checked configuration with the origin of every value.
#[derive(Debug)]
pub struct Loaded {
    /// What is in force.
    pub config: Config,
    pub(super) layers: Layers,
}

impl Config {
    /// Loads and checks a file.
    ///
    /// # Errors
    /// [`ConfigError`] with file and line.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Loaded::load(Some(path), &[]).map(|l| l.config)
    }

    /// The configuration as YAML that loads back to the same.
    ///
    /// # Errors
    /// [`ConfigError::Write`].
    pub fn to_yaml(&self) -> Result<String, ConfigError> {
        yaml::write(self)
    }
}

impl Loaded {
    /// Defaults, then the file, then `--set`.
    ///
    /// # Errors
    /// [`ConfigError`] with file and line.
    pub fn load(path: Option<&Path>, overrides: &[Override]) -> Result<Self, ConfigError> {
        let Some(path) = path else { return Self::from_text("", "defaults", overrides) };
        let text = std::fs::read_to_string(path)
            .map_err(|e| ConfigError::Read { path: path.to_path_buf(), reason: e.to_string() })?;
        Self::from_text(&text, &path.display().to_string(), overrides)
    }

    /// As [`Loaded::load`] for a text; `name` stands for the file in messages.
    ///
    /// # Errors
    /// As [`Loaded::load`].
    pub fn from_text(text: &str, name: &str, overrides: &[Override]) -> Result<Self, ConfigError> {
        let values = serde_json::to_value(Config::default()).map_err(|e| ConfigError::Write(e.to_string()))?;
        let mut layers = Layers { values, origins: BTreeMap::new(), schema: schema() };
        layers.lay(&yaml::parse(text, name)?, &|line| Origin::File(format!("{name}:{line}")))?;
        for set in overrides {
            let node = yaml::parse(&nest(set)?, "--set")?;
            layers.lay(&node, &|_| Origin::Set)?;
        }
        let config: Config = serde_path_to_error::deserialize(&layers.values).map_err(|e| {
            let key = e.path().to_string();
            ConfigError::Value { at: layers.origin(&key).to_string(), key, reason: e.into_inner().to_string() }
        })?;
        validate::check(&config, &|key| layers.origin(key).to_string())?;
        Ok(Self { config, layers })
    }

    /// The origin of a value by its path.
    #[must_use]
    pub fn origin(&self, key: &str) -> Origin {
        self.layers.origin(key)
    }
}

/// `a.b=v` as the document `a: {b: v}`.
fn nest(set: &Override) -> Result<String, ConfigError> {
    let good =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if !set.key.split('.').all(good) {
        return Err(ConfigError::Set(format!("{}={}", set.key, set.value)));
    }
    let mut text = String::new();
    for (depth, part) in set.key.split('.').enumerate() {
        text.push_str(&format!("{}{part}:\n", "  ".repeat(depth)));
    }
    text.pop();
    Ok(format!("{text} {}\n", set.value))
}

/// Not a value of the configuration: what a path of the merged document holds.
pub(super) fn leaves(value: &Value, path: &str, out: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, below) in map {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                leaves(below, &path, out);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (i, below) in items.iter().enumerate() {
                leaves(below, &format!("{path}[{i}]"), out);
            }
        }
        _ => out.push((path.into(), value.clone())),
    }
}
