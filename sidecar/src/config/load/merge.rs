//! Lays a document over the defaults; unknown keys are errors here.

use super::super::error::ConfigError;
use super::super::schema::{keys, resolve};
use super::super::yaml::Node;
use serde_json::Value;
use std::collections::BTreeMap;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The built-in value.
    Default,
    /// `file:line`.
    File(String),
    /// `--set` on the command line.
    Set,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(at) => f.write_str(at),
            Self::Set => f.write_str("--set"),
        }
    }
}

/// What the values so far are and where each came from.
#[derive(Debug)]
pub(super) struct Layers {
    pub(super) values: Value,
    pub(super) origins: BTreeMap<String, Origin>,
    pub(super) schema: Value,
}

impl Layers {
    /// Lays `node` over what is there; `origin` gives the origin for a line.
    pub(super) fn lay(&mut self, node: &Node, origin: &dyn Fn(u64) -> Origin) -> Result<(), ConfigError> {
        let Self { values, origins, schema } = self;
        lay(schema, schema, values, node, &Place { path: String::new(), line: 1, origin }, origins)
    }

    /// The origin of a path: its own, or that of the nearest place above it.
    pub(super) fn origin(&self, path: &str) -> Origin {
        let mut at = path;
        loop {
            if let Some(origin) = self.origins.get(at) {
                return origin.clone();
            }
            match at.rfind(['.', '[']) {
                Some(cut) => at = &at[..cut],
                None => return Origin::Default,
            }
        }
    }
}

struct Place<'a> {
    path: String,
    line: u64,
    origin: &'a dyn Fn(u64) -> Origin,
}

impl Place<'_> {
    fn at(&self) -> String {
        (self.origin)(self.line).to_string()
    }
}

fn lay(
    root: &Value,
    schema: &Value,
    into: &mut Value,
    node: &Node,
    place: &Place<'_>,
    origins: &mut BTreeMap<String, Origin>,
) -> Result<(), ConfigError> {
    let schema = resolve(root, schema);
    match node {
        Node::Map(entries) => {
            let known = keys(schema);
            if known.is_none() && schema.get("type").and_then(Value::as_str) != Some("object") && !place.path.is_empty()
            {
                let reason = "is one value, not a section with keys".into();
                return Err(ConfigError::Value { at: place.at(), key: place.path.clone(), reason });
            }
            if !into.is_object() {
                *into = Value::Object(serde_json::Map::new());
            }
            for (key, value, line) in entries {
                let path = if place.path.is_empty() { key.clone() } else { format!("{}.{key}", place.path) };
                let here = Place { path, line: *line, origin: place.origin };
                let below = match known {
                    Some(known) => known.get(key).ok_or_else(|| unknown(key, &here, known, root))?,
                    None => schema.get("additionalProperties").unwrap_or(&Value::Null),
                };
                if let Some(map) = into.as_object_mut() {
                    lay(root, below, map.entry(key.clone()).or_insert(Value::Null), value, &here, origins)?;
                }
            }
        }
        Node::List(items) => {
            let below = schema.get("items").unwrap_or(&Value::Null);
            let mut list = Vec::with_capacity(items.len());
            origins.retain(|path, _| !path.starts_with(&format!("{}[", place.path)));
            for (i, (item, line)) in items.iter().enumerate() {
                let here = Place { path: format!("{}[{i}]", place.path), line: *line, origin: place.origin };
                let mut value = Value::Null;
                lay(root, below, &mut value, item, &here, origins)?;
                list.push(value);
            }
            *into = Value::Array(list);
            origins.insert(place.path.clone(), (place.origin)(place.line));
        }
        // A section that is left empty keeps its defaults.
        Node::Scalar(Value::Null) if keys(schema).is_some() && into.is_object() => {}
        Node::Scalar(value) => {
            if keys(schema).is_some() && !place.path.is_empty() {
                let known: Vec<&str> = keys(schema).map(|k| k.keys().map(String::as_str).collect()).unwrap_or_default();
                if !value.is_null() {
                    let reason = format!("is a section with keys ({}), not one value", known.join(", "));
                    return Err(ConfigError::Value { at: place.at(), key: place.path.clone(), reason });
                }
            }
            *into = value.clone();
            origins.insert(place.path.clone(), (place.origin)(place.line));
        }
    }
    Ok(())
}

/// The error for a key that is not known at its place; the nearest is looked for here first, then everywhere.
fn unknown(key: &str, here: &Place<'_>, known: &serde_json::Map<String, Value>, root: &Value) -> ConfigError {
    let near = |names: &mut dyn Iterator<Item = String>, least: f64| {
        let scored: Vec<(f64, String)> = names
            .map(|n| (strsim::jaro_winkler(key, n.rsplit('.').next().unwrap_or(&n)), n))
            .filter(|(score, _)| *score >= least)
            .collect();
        let best = scored.iter().map(|(score, _)| *score).fold(0.0, f64::max);
        let all: Vec<String> = scored.into_iter().filter(|(score, _)| *score >= best).map(|(_, n)| n).collect();
        (!all.is_empty()).then(|| all.join("` or `"))
    };
    let nearest = near(&mut known.keys().cloned(), 0.75).or_else(|| near(&mut every_key(root).into_iter(), 0.95));
    ConfigError::UnknownKey { at: here.at(), key: here.path.clone(), nearest, known: known.keys().cloned().collect() }
}

/// The paths of every key outside lists.
fn every_key(root: &Value) -> Vec<String> {
    fn walk(root: &Value, at: &Value, path: &str, out: &mut Vec<String>, depth: u32) {
        let Some(known) = keys(resolve(root, at)).filter(|_| depth < 8) else { return };
        for (key, below) in known {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            walk(root, below, &path, out, depth + 1);
            out.push(path);
        }
    }
    let mut out = Vec::new();
    walk(root, root, "", &mut out, 0);
    out
}
