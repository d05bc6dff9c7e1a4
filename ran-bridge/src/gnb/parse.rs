//! One WebSocket text, one message. No socket, no clock.

use super::cells::{self, CellSample};
use super::fields::Fields;
use super::rlc::{self, RlcSample};
use super::sanitise::sanitise;
use super::stats::ParseStats;
use super::system::{self, AppUsage, BufferPool, CuCpSample, CuUpSample, DuLowSample, ExecutorSample, MacDlSample};
use super::time::GnbTime;
use serde::Serialize;
use serde_json::{Map, Value};

/// Longest text that is read, bytes. A report of a full cell has some 300 kB.
pub const MAX_TEXT_BYTES: usize = 4 << 20;

/// Why a text is no message of the gNB. Counted in [`ParseStats::garbage`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Not JSON, or not an object.
    #[error("the gNB sent text that is no JSON object ({reason}): does another server listen on this port?")]
    NotAnObject {
        /// The parser's words.
        reason: String,
    },
    /// Too long to be a report.
    #[error("the gNB sent a text of {bytes} bytes, at most {MAX_TEXT_BYTES} are read")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The kind is known, its content is of another type.
    #[error("the gNB's message {kind} holds no {wanted}: another release? Check the dialect")]
    Shape {
        /// Top-level key.
        kind: &'static str,
        /// What should be there.
        wanted: &'static str,
    },
}

/// A message of the gNB.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Message {
    /// When the gNB made it; `None` where it does not say or it is no time.
    pub time: Option<GnbTime>,
    /// What it says.
    pub body: Body,
}

/// What a message says; the top-level key names it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "sample")]
pub enum Body {
    /// `cells`.
    Cells(Vec<CellSample>),
    /// `du`, one entry a cell.
    Du(Vec<MacDlSample>),
    /// `du_low`.
    DuLow(DuLowSample),
    /// `rlc_metrics`.
    Rlc(RlcSample),
    /// `cu-cp`.
    CuCp(CuCpSample),
    /// `cu-up`.
    CuUp(CuUpSample),
    /// `executor_metrics`.
    Executor(ExecutorSample),
    /// `app_resource_usage`.
    App(AppUsage),
    /// `buffer_pool`.
    BufferPool(BufferPool),
    /// A command was accepted. It says nothing about its effect.
    Done {
        /// The command.
        cmd: String,
    },
    /// A command was refused.
    Failed {
        /// The command, where it was understood.
        cmd: Option<String>,
        /// The gNB's words.
        error: String,
    },
    /// A kind this release does not know.
    Unknown {
        /// Its top-level keys.
        keys: Vec<String>,
    },
}

impl Body {
    /// The name of the kind.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Cells(_) => "cells",
            Self::Du(_) => "du",
            Self::DuLow(_) => "du_low",
            Self::Rlc(_) => "rlc_metrics",
            Self::CuCp(_) => "cu-cp",
            Self::CuUp(_) => "cu-up",
            Self::Executor(_) => "executor_metrics",
            Self::App(_) => "app_resource_usage",
            Self::BufferPool(_) => "buffer_pool",
            Self::Done { .. } | Self::Failed { .. } => "reply",
            Self::Unknown { .. } => "unknown",
        }
    }
}

/// Reads the text of one WebSocket message.
///
/// # Errors
/// [`ParseError`] where the text is no message at all; the counters of `stats` are kept in every case. A wrong, absent or foreign
/// field is no error: it reads as `None` and is counted.
pub fn parse(text: &str, stats: &mut ParseStats) -> Result<Message, ParseError> {
    let result = read(text, stats);
    match result {
        Ok(_) => stats.messages += 1,
        Err(_) => stats.garbage += 1,
    }
    result
}

fn read(text: &str, stats: &mut ParseStats) -> Result<Message, ParseError> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(ParseError::TooLong { bytes: text.len() });
    }
    let map = object(text, stats)?;
    let time = map.get("timestamp").and_then(Value::as_str).and_then(GnbTime::parse);
    if time.is_none() {
        stats.missing_fields += 1;
    }
    Ok(Message { time, body: body(&map, stats)? })
}

fn object(text: &str, stats: &mut ParseStats) -> Result<Map<String, Value>, ParseError> {
    let first = match serde_json::from_str::<Map<String, Value>>(text) {
        Ok(map) => return Ok(map),
        Err(e) => ParseError::NotAnObject { reason: e.to_string() },
    };
    let Some(clean) = sanitise(text) else { return Err(first) };
    let map = serde_json::from_str(&clean).map_err(|_| first)?;
    stats.sanitised += 1;
    Ok(map)
}

fn body(map: &Map<String, Value>, stats: &mut ParseStats) -> Result<Body, ParseError> {
    if let Some(error) = map.get("error") {
        let cmd = map.get("cmd").and_then(Value::as_str).map(str::to_owned);
        let error = error.as_str().map_or_else(|| error.to_string(), str::to_owned);
        return Ok(Body::Failed { cmd, error });
    }
    if let Some(cmd) = map.get("cmd") {
        let cmd = cmd.as_str().ok_or(ParseError::Shape { kind: "cmd", wanted: "text" })?;
        return Ok(Body::Done { cmd: cmd.to_owned() });
    }
    if let Some(cells) = map.get("cells") {
        let items = cells.as_array().ok_or(ParseError::Shape { kind: "cells", wanted: "array" })?;
        foreign(map, stats);
        return Ok(Body::Cells(cells::cells(items, stats)));
    }
    const KINDS: [&str; 8] =
        ["du", "du_low", "rlc_metrics", "cu-cp", "cu-up", "executor_metrics", "app_resource_usage", "buffer_pool"];
    let Some((kind, value)) = KINDS.iter().find_map(|k| map.get(*k).map(|v| (*k, v))) else {
        stats.unknown_kinds += 1;
        return Ok(Body::Unknown { keys: map.keys().filter(|k| *k != "timestamp").cloned().collect() });
    };
    let inner = value.as_object().ok_or(ParseError::Shape { kind, wanted: "object" })?;
    foreign(map, stats);
    let fields = Fields::new(inner);
    Ok(match kind {
        "du" => Body::Du(system::du(fields, stats)),
        "du_low" => Body::DuLow(system::du_low(fields, stats)),
        "rlc_metrics" => Body::Rlc(rlc::rlc(fields, stats)),
        "cu-cp" => Body::CuCp(system::cu_cp(fields, stats)),
        "cu-up" => Body::CuUp(system::cu_up(fields, stats)),
        "executor_metrics" => Body::Executor(system::executor(fields, stats)),
        "app_resource_usage" => Body::App(system::app_usage(fields, stats)),
        _ => Body::BufferPool(system::buffer_pool(fields, stats)),
    })
}

/// Counts top-level keys beside the kind and the timestamp.
fn foreign(map: &Map<String, Value>, stats: &mut ParseStats) {
    let known = 1 + usize::from(map.contains_key("timestamp"));
    stats.unknown_fields += map.len().saturating_sub(known) as u64;
}
