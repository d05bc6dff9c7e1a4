//! JSON Schemas of the governor's types, which know none: the governor has no I/O.

use governor::{Feeder, Mode, State, Stop};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::Value;

const STATES: [State; 3] = [State::Safe, State::Armed, State::OnAir];
const MODES: [Mode; 4] = [Mode::Zmq, Mode::Conducted, Mode::Shielded, Mode::Licensed];
const STOPS: [Stop; 13] = [
    Stop::Asked,
    Stop::Signal,
    Stop::PolicyEnded,
    Stop::TokenExpired,
    Stop::DeadMan(Feeder::Loop),
    Stop::DeadMan(Feeder::Monitor),
    Stop::DeviceError,
    Stop::HungWrite,
    Stop::PipeClosed,
    Stop::LogError,
    Stop::BadPiece,
    Stop::Overload,
    Stop::Reference,
];

/// One of these values, as they are written.
fn one_of(values: &[impl Serialize]) -> Vec<Value> {
    values.iter().map(|v| serde_json::to_value(v).unwrap_or_default()).collect()
}

pub(super) fn state(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"enum": one_of(&STATES)})
}

pub(super) fn mode(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"enum": one_of(&MODES)})
}

pub(super) fn stop_or_none(_: &mut SchemaGenerator) -> Schema {
    let mut all = one_of(&STOPS);
    all.push(Value::Null);
    json_schema!({"enum": all})
}

pub(super) fn band(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "properties": {
            "low_hz": {"type": "number", "description": "Lower edge, Hz."},
            "high_hz": {"type": "number", "description": "Upper edge, Hz."},
        },
        "required": ["low_hz", "high_hz"],
    })
}

/// The chains of a calibration.
pub(super) fn chains(_: &mut SchemaGenerator) -> Schema {
    let one = json_schema!({
        "type": "object",
        "properties": {
            "level_db": {"type": "number", "description": "Received to sent amplitude, gains included, dB."},
            "relative_db": {"type": "number", "description": "Level against the first chain, dB."},
            "phase_deg": {"type": "number", "description": "Phase against the first chain, degrees."},
            "delay_samples": {"type": "number", "description": "Delay, samples."},
            "snr_db": {"type": "number", "description": "Signal to noise, the least of all repetitions, dB per sample."},
            "spread_deg": {"type": ["number", "null"], "description": "Of the phase over the repetitions, degrees."},
            "spread_db": {"type": ["number", "null"], "description": "Of the level over the repetitions, dB."},
            "error_deg": {"type": "number", "description": "Half the 95 % interval of the phase, degrees."},
        },
        "required": ["level_db", "relative_db", "phase_deg", "delay_samples", "snr_db", "error_deg"],
    });
    json_schema!({"type": "array", "items": one})
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A variant that is added to the governor does not compile here, and then is missing in the list.
    fn at(stop: Stop) -> usize {
        match stop {
            Stop::Asked => 0,
            Stop::Signal => 1,
            Stop::PolicyEnded => 2,
            Stop::TokenExpired => 3,
            Stop::DeadMan(Feeder::Loop) => 4,
            Stop::DeadMan(Feeder::Monitor) => 5,
            Stop::DeviceError => 6,
            Stop::HungWrite => 7,
            Stop::PipeClosed => 8,
            Stop::LogError => 9,
            Stop::BadPiece => 10,
            Stop::Overload => 11,
            Stop::Reference => 12,
        }
    }

    #[test]
    fn every_value_is_listed_as_it_is_written() {
        assert_eq!(STOPS.map(at), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        let stops = one_of(&STOPS);
        assert_eq!((&stops[0], &stops[4]), (&"asked".into(), &serde_json::json!({"dead_man": "loop"})));
        assert_eq!(one_of(&STATES), ["safe", "armed", "on_air"]);
        assert_eq!(one_of(&MODES), ["zmq", "conducted", "shielded", "licensed"]);
    }
}
