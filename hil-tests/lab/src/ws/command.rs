//! The gNB's remote commands: text in, reply and effect out.
use crate::mac;
use crate::world::World;
use serde_json::{Map, Value};

/// What a command asks of the connection or the process, beside its reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    None,
    /// This connection gets metrics.
    Subscribe,
    /// It gets none any more.
    Unsubscribe,
    /// The gNB ends after the reply.
    Quit,
}

/// Reply text with keys in order, as the real one prints them: `cmd`, `error`, `timestamp`.
fn reply(cmd: Option<&str>, error: Option<&str>, timestamp: &str) -> String {
    let quoted = |s: &str| Value::from(s).to_string();
    let mut parts = Vec::new();
    if let Some(cmd) = cmd {
        parts.push(format!("\"cmd\":{}", quoted(cmd)));
    }
    if let Some(error) = error {
        parts.push(format!("\"error\":{}", quoted(error)));
    }
    parts.push(format!("\"timestamp\":{}", quoted(timestamp)));
    format!("{{{}}}", parts.join(","))
}

/// The answer to a frame that is not text.
#[must_use]
pub fn binary_reply(timestamp: &str) -> String {
    reply(None, Some("This WebSocket server only supports opcode TEXT messages"), timestamp)
}

/// Answers `text` and applies it to `world`.
pub fn handle(text: &str, world: &mut World, timestamp: &str) -> (String, Effect) {
    let parsed: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(e) => {
            let read: String =
                text.lines().nth(e.line().saturating_sub(1)).unwrap_or("").chars().take(e.column()).collect();
            let error = format!(
                "[json.exception.parse_error.101] parse error at line {}, column {}: syntax error while parsing value - \
                 invalid literal; last read: '{read}'",
                e.line(),
                e.column()
            );
            return (reply(None, Some(&error), timestamp), Effect::None);
        }
    };
    let cmd = match parsed.get("cmd") {
        None => return (reply(None, Some("'cmd' object is missing and it is mandatory"), timestamp), Effect::None),
        Some(Value::String(cmd)) => cmd.as_str(),
        Some(_) => return (reply(None, Some("'cmd' object value type should be a string"), timestamp), Effect::None),
    };
    let (result, effect) = match cmd {
        "quit" => (Ok(()), Effect::Quit),
        "metrics_subscribe" => (Ok(()), Effect::Subscribe),
        "metrics_unsubscribe" => (Ok(()), Effect::Unsubscribe),
        "ssb_set" => (ssb_set(&parsed, world), Effect::None),
        "rrm_policy_ratio_set" => (rrm_policy_ratio_set(&parsed, world), Effect::None),
        _ => (Err(format!("Unknown command type: {cmd}")), Effect::None),
    };
    (reply(Some(cmd), result.err().as_deref(), timestamp), effect)
}

fn member<'a>(object: &'a Value, name: &str) -> Result<&'a Value, String> {
    object.get(name).ok_or_else(|| format!("'{name}' object is missing and it is mandatory"))
}

fn wrong_type(name: &str, kind: &str) -> String {
    let article = if kind.starts_with(['a', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("'{name}' object value type should be {article} {kind}")
}

fn in_range(name: &str, value: i64, low: i64, high: i64) -> Result<i64, String> {
    if (low..=high).contains(&value) {
        Ok(value)
    } else {
        Err(format!("'{name}' value out of range, received '{value}', valid range is from {low} to {high}"))
    }
}

fn ssb_set(command: &Value, world: &mut World) -> Result<(), String> {
    let cells = member(command, "cells")?.as_array().ok_or_else(|| wrong_type("cells", "array"))?;
    if cells.is_empty() {
        return Err("'cells' object does not contain any cell entries".into());
    }
    let mut last = None;
    for cell in cells {
        let plmn = member(cell, "plmn")?.as_str().ok_or_else(|| wrong_type("plmn", "string"))?;
        let nci = member(cell, "nci")?.as_u64().ok_or_else(|| wrong_type("nci", "unsigned integer"))?;
        let name = "ssb_block_power_dbm";
        let power = member(cell, name)?.as_i64().ok_or_else(|| wrong_type(name, "integer"))?;
        let power = in_range(name, power, -60, 50)?;
        if plmn != world.config.cell.plmn || nci != world.config.cell.nci {
            return Err("SSB modify command procedure failed to be applied by the DU".into());
        }
        last = Some(power);
    }
    if let Some(power) = last {
        world.ssb_block_power_dbm = power;
    }
    Ok(())
}

fn ratio(policies: &Map<String, Value>, name: &str) -> Result<Option<u8>, String> {
    let Some(value) = policies.get(name) else { return Ok(None) };
    let value = value.as_i64().ok_or_else(|| wrong_type(name, "integer"))?;
    Ok(u8::try_from(in_range(name, value, 0, 100)?).ok())
}

fn rrm_policy_ratio_set(command: &Value, world: &mut World) -> Result<(), String> {
    let value = member(command, "policies")?;
    let kind = member(value, "resourceType")?.as_str().ok_or_else(|| wrong_type("resourceType", "string"))?;
    let policies = value.as_object().ok_or_else(|| wrong_type("policies", "object"))?;
    if kind != "PRB" {
        return Err("Only 'resourceType' PRB value is supported".into());
    }
    let list = "rRMPolicyMemberList";
    let entries = member(value, list)?.as_array().ok_or_else(|| wrong_type(list, "array"))?;
    let mut members = Vec::new();
    for entry in entries {
        let plmn = member(entry, "plmn")?.as_str().ok_or_else(|| wrong_type("plmn", "string"))?;
        let sst = member(entry, "sst")?.as_i64().ok_or_else(|| wrong_type("sst", "integer"))?;
        let sd = match entry.get("sd") {
            None => None,
            Some(sd) => Some(sd.as_u64().ok_or_else(|| wrong_type("sd", "integer"))?),
        };
        // Slices that cannot exist match none.
        let (Ok(sst), Ok(sd)) = (u8::try_from(sst), sd.map(u32::try_from).transpose()) else { continue };
        members.push((plmn.to_owned(), sst, sd));
    }
    let min = ratio(policies, "min_prb_policy_ratio")?;
    let max = ratio(policies, "max_prb_policy_ratio")?;
    // Checked, then ignored, by the real one too.
    ratio(policies, "dedicated_ratio")?;
    let prb = world.config.cell.prb;
    mac::set_ratio(&mut world.slices, &members, min, max, prb);
    Ok(())
}
