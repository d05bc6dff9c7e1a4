//! `sidecar config schema|check|show`.

use super::args::{Args, ConfigCommand};
use super::error::CliError;
use super::exit::Exit;
use super::text;
use crate::config::{Loaded, schema};

pub(super) fn run(command: &ConfigCommand, args: &Args) -> Result<Exit, CliError> {
    match command {
        ConfigCommand::Schema => text::json(&schema())?,
        ConfigCommand::Check { file } => {
            Loaded::load(Some(file), &args.set)?;
            if args.json {
                text::json(&serde_json::json!({"file": file, "ok": true}))?;
            } else {
                text::out(&format!("{}: good\n", file.display()))?;
            }
        }
        ConfigCommand::Show { yaml } => {
            let loaded = Loaded::load(args.config.as_deref(), &args.set)?;
            let all = loaded.effective();
            if *yaml {
                text::out(&loaded.config.to_yaml()?)?;
            } else if args.json {
                text::json(&all)?;
            } else {
                let head = ["key", "value", "origin"].map(str::to_owned).to_vec();
                let lines = all.into_iter().map(|e| vec![e.key, plain(&e.value), e.origin]);
                text::out(&text::columns(&std::iter::once(head).chain(lines).collect::<Vec<_>>()))?;
            }
        }
    }
    Ok(Exit::Ok)
}

/// Text without quotes, absent as `-`, anything else as JSON.
fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(s) => s.clone(),
        serde_json::Value::Null => "-".into(),
        other => other.to_string(),
    }
}
