//! Follows commands, or refuses them with a reason.

use super::engine::Engine;
use super::msg::{At, Command, Event, SoundingPlan};
use super::stats::add;
use crate::clock::mono_ns;
use crate::front_end::{Armed, Change, FrontEndError, Occasions, ProtectedSlots};
use num_complex::Complex32;
use serde_json::{Value, json};

/// What took effect: name, sample, old and new value, cause.
type Done = (&'static str, u64, Value, Value, u64, u64);

/// Carries out one command and answers with an event.
pub(super) fn obey(engine: &mut Engine<'_>, seq: u64, command: Command, received_mono_ns: u64) {
    if command == Command::Status {
        let status = engine.status();
        engine.port.event(&Event::Status(status));
        return;
    }
    match carry_out(engine, command) {
        Ok((what, sample, old, new, cause, armed_mono_ns)) => {
            add(&engine.stats.commands_applied, 1);
            engine.port.event(&Event::Applied {
                seq,
                what: what.to_owned(),
                sample,
                old,
                new,
                cause,
                received_mono_ns,
                armed_mono_ns,
            });
        }
        Err(reason) => {
            add(&engine.stats.commands_refused, 1);
            tracing::warn!(seq, reason, "command refused");
            engine.port.event(&Event::Refused { seq, reason });
        }
    }
}

fn carry_out(engine: &mut Engine<'_>, command: Command) -> Result<Done, String> {
    let text = |e: FrontEndError| e.to_string();
    let now = engine.dl;
    match command {
        Command::Weights { at, weights, cause } => {
            let new = show(&weights);
            let armed = engine.front_end.arm(sample(at), Change::Weights(weights)).map_err(text)?;
            let ready = mono_ns();
            Ok(("weights", armed.sample, old(&armed), new, cause, ready))
        }
        Command::Power { at, power_db } => {
            let armed = engine.front_end.arm(sample(at), Change::PowerDb(power_db)).map_err(text)?;
            Ok(("power", armed.sample, old(&armed), json!(power_db), 0, mono_ns()))
        }
        Command::ArtificialNoise { at, dbfs } => {
            let armed = engine.front_end.arm(sample(at), Change::NoiseDbfs(dbfs)).map_err(text)?;
            Ok(("artificial_noise", armed.sample, old(&armed), json!(dbfs), 0, mono_ns()))
        }
        Command::Windows { windows } => {
            let before = json!(engine.windows.list().collect::<Vec<_>>());
            engine.windows.replace(&windows, engine.ues.len(), now)?;
            Ok(("windows", now, before, json!(windows), 0, mono_ns()))
        }
        Command::Slots { boundary, slot_samples, protected } => {
            let spans = protected.iter().map(|s| (s.period_slots, s.offset_slot)).collect();
            let new = json!({"boundary": boundary, "slot_samples": slot_samples, "protected": protected});
            let before = engine.front_end.set_slots(ProtectedSlots { boundary, slot_samples, spans }).map_err(text)?;
            let before =
                json!({"boundary": before.boundary, "slot_samples": before.slot_samples, "spans": before.spans});
            Ok(("slots", now, before, new, 0, mono_ns()))
        }
        Command::Sounding { plan } => {
            let new = json!(plan);
            engine.front_end.set_sounding(plan.map(occasions)).map_err(text)?;
            Ok(("sounding", now, Value::Null, new, 0, mono_ns()))
        }
        Command::Wide { weights } => {
            let before = engine.front_end.set_wide(&weights).map_err(text)?;
            Ok(("wide", now, show(&before), show(&weights), 0, mono_ns()))
        }
        Command::Status => Err("status is answered elsewhere".into()),
    }
}

fn occasions(plan: SoundingPlan) -> (Occasions, Vec<Complex32>) {
    let occasions = Occasions { first: plan.first, period: plan.period_samples, len: u64::from(plan.len) };
    (occasions, plan.unitary)
}

const fn sample(at: At) -> Option<u64> {
    match at {
        At::NextSlot => None,
        At::Sample(n) => Some(n),
    }
}

fn old(armed: &Armed) -> Value {
    match &armed.old {
        Change::Weights(w) => show(w),
        Change::PowerDb(db) => json!(db),
        Change::NoiseDbfs(db) => json!(db),
    }
}

fn show(weights: &[Complex32]) -> Value {
    Value::Array(weights.iter().map(|w| json!([w.re, w.im])).collect())
}
