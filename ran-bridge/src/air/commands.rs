//! Follows commands, or refuses them with a reason.

use super::capture::{Capture, CaptureOrder, CaptureStatus, Tap};
use super::engine::Engine;
use super::fault::{FaultOrder, FaultStatus};
use super::msg::{At, Command, Event, NoiseSetting, Setting, SoundingPlan};
use super::settings;
use super::stats::add;
use crate::clock::mono_ns;
use crate::front_end::{Change, FrontEndError, Noise, Occasions, ProtectedSlots, Span};
use num_complex::Complex32;
use serde_json::{Value, json};

/// What took effect.
pub(super) struct Done {
    what: &'static str,
    sample: u64,
    old: Value,
    new: Value,
}

/// Carries out one command and answers with an event, or with one for each change of a batch.
pub(super) fn obey(engine: &mut Engine<'_>, seq: u64, command: Command, received_mono_ns: u64) {
    if command == Command::Status {
        let status = engine.status();
        engine.port.event(&Event::Status(status));
        return;
    }
    if let Command::Fault { order } = &command {
        let done = order_fault(engine, order);
        answer(engine, seq, done.map(Event::Fault));
        return;
    }
    if let Command::Capture { order } = &command {
        let done = order_capture(engine, order);
        answer(engine, seq, done.map(Event::Capture));
        return;
    }
    let cause = match &command {
        Command::Weights { cause, .. }
        | Command::SubBands { cause, .. }
        | Command::UplinkWeights { cause, .. }
        | Command::Batch { cause, .. } => *cause,
        _ => 0,
    };
    let made = settings::made_by(&command, &engine.ledger);
    let result = carry_out(engine, command);
    let armed_mono_ns = mono_ns();
    match result {
        Ok(done) => {
            settings::keep(&engine.ledger, &made);
            add(&engine.stats.commands_applied, 1);
            for Done { what, sample, old, new } in done {
                let what = what.to_owned();
                engine.port.event(&Event::Applied {
                    seq,
                    what,
                    sample,
                    old,
                    new,
                    cause,
                    received_mono_ns,
                    armed_mono_ns,
                });
            }
        }
        Err(reason) => refuse(engine, seq, reason),
    }
}

fn refuse(engine: &mut Engine<'_>, seq: u64, reason: String) {
    add(&engine.stats.commands_refused, 1);
    tracing::warn!(seq, reason, "command refused");
    engine.port.event(&Event::Refused { seq, reason });
}

fn answer(engine: &mut Engine<'_>, seq: u64, done: Result<Event, String>) {
    match done {
        Ok(event) => {
            add(&engine.stats.commands_applied, 1);
            engine.port.event(&event);
        }
        Err(reason) => refuse(engine, seq, reason),
    }
}

fn order_fault(engine: &mut Engine<'_>, order: &FaultOrder) -> Result<FaultStatus, String> {
    let now = (engine.dl, engine.ul);
    let slots = engine.front_end.slots();
    engine.faults.obey(order, engine.ues.len(), now, |n| slots.next_boundary(n))
}

/// One at a time; it begins with the next slot.
fn order_capture(engine: &mut Engine<'_>, order: &CaptureOrder) -> Result<CaptureStatus, String> {
    if let Some(capture) = engine.capture.as_ref().filter(|c| !c.is_over()) {
        return Err(format!("a capture to {} runs", capture.status().order.folder.display()));
    }
    for tap in &order.taps {
        let (n, have) = match *tap {
            Tap::GnbTx { port } => (port, engine.gnb.ports.len()),
            Tap::GnbRx { port } => (port, engine.gnb.mixed.len()),
            Tap::UeRx { stream } => (stream, engine.ues.len()),
            Tap::Input { column } => (column, engine.front_end.width() / engine.config.antennas),
            Tap::UeTx { stream } => (stream, engine.ues.iter().filter(|u| u.tx.is_some()).count()),
        };
        if n as usize >= have {
            return Err(format!("there is no wire {}", tap.file()));
        }
    }
    let slots = engine.front_end.slots();
    let capture = Capture::open(order, slots.next_boundary(engine.dl), slots.next_boundary(engine.ul))?;
    let status = capture.status().clone();
    engine.capture = Some(capture);
    Ok(status)
}

pub(super) fn carry_out(engine: &mut Engine<'_>, command: Command) -> Result<Vec<Done>, String> {
    let text = |e: FrontEndError| e.to_string();
    let now = engine.dl;
    let at_once = |what, old, new| Ok(vec![Done { what, sample: now, old, new }]);
    match command {
        Command::Weights { at, weights, .. } => set(engine, at, vec![Setting::Weights { weights }], false),
        Command::SubBands { at, sub_bands, .. } => set(engine, at, vec![Setting::SubBands(sub_bands)], false),
        Command::Power { at, power_db } => set(engine, at, vec![Setting::Power { power_db }], false),
        Command::ArtificialNoise { at, noise } => set(engine, at, vec![Setting::ArtificialNoise(noise)], false),
        Command::UplinkWeights { at, weights, .. } => set(engine, at, vec![Setting::UplinkWeights { weights }], false),
        Command::Batch { at, changes, .. } => set(engine, at, changes, true),
        Command::Windows { windows } => {
            let before = json!(engine.windows.list().collect::<Vec<_>>());
            engine.windows.replace(&windows, engine.ues.len(), now)?;
            at_once("windows", before, json!(windows))
        }
        Command::Slots { boundary, slot_samples, protected, uplink_boundary } => {
            let span = |s: &super::SlotSpan| Span { period: s.period_slots, offset: s.offset_slot, slots: s.slots };
            let spans = protected.iter().map(span).collect();
            let new = json!({"boundary": boundary, "slot_samples": slot_samples, "protected": protected});
            let before = engine.front_end.set_slots(ProtectedSlots { boundary, slot_samples, spans }).map_err(text)?;
            let uplink = uplink_boundary.unwrap_or(boundary);
            engine
                .combiner
                .set_slots(ProtectedSlots { boundary: uplink, slot_samples, spans: Vec::new() })
                .map_err(text)?;
            let span = |s: &Span| json!({"period_slots": s.period, "offset_slot": s.offset, "slots": s.slots});
            let protected: Vec<Value> = before.spans.iter().map(span).collect();
            let before =
                json!({"boundary": before.boundary, "slot_samples": before.slot_samples, "protected": protected});
            at_once("slots", before, new)
        }
        Command::Sounding { plan } => {
            let new = json!(plan);
            engine.front_end.set_sounding(plan.map(occasions)).map_err(text)?;
            at_once("sounding", Value::Null, new)
        }
        Command::Wide { weights } => {
            let before = engine.front_end.set_wide(&weights).map_err(text)?;
            at_once("wide", show(&before), show(&weights))
        }
        Command::Fault { .. } | Command::Capture { .. } | Command::Status => Err("it is answered elsewhere".into()),
    }
}

/// Makes changes at one sample, all or none. The combiner's index line is the uplink's: the same instant has the same index on
/// both, so where both change, it is at the first index that neither has passed.
fn set(engine: &mut Engine<'_>, at: At, settings: Vec<Setting>, batch: bool) -> Result<Vec<Done>, String> {
    if settings.is_empty() {
        return Err("a batch needs at least one change".into());
    }
    let news: Vec<(&'static str, Value)> = settings.iter().map(new).collect();
    // Which of the settings goes where: (front end or combiner, place there).
    let (mut down, mut up, mut places) = (Vec::new(), Vec::new(), Vec::with_capacity(settings.len()));
    for setting in settings {
        let (list, uplink) =
            if matches!(setting, Setting::UplinkWeights { .. }) { (&mut up, true) } else { (&mut down, false) };
        places.push((uplink, list.len()));
        list.push(change(setting));
    }
    let refused = |uplink: bool, (i, error): (usize, FrontEndError)| {
        let which = places.iter().position(|place| *place == (uplink, i)).unwrap_or(0);
        if batch { format!("change {which} ({}): {error}", news[which].0) } else { error.to_string() }
    };
    let has = (!down.is_empty(), !up.is_empty());
    let down = engine.front_end.prepare(down).map_err(|e| refused(false, e))?;
    let up = engine.combiner.prepare(up).map_err(|e| refused(true, e))?;
    let asked = match at {
        At::NextSlot => None,
        At::Sample(n) => Some(n),
    };
    let sample = match has {
        (true, false) => engine.front_end.when(asked, &down),
        (false, _) => engine.combiner.when(asked, &up),
        (true, true) => {
            let both = engine.front_end.when(asked, &down).max(engine.combiner.when(asked, &up));
            engine.front_end.when(Some(both), &down)
        }
    };
    let down = engine.front_end.commit(sample, down);
    let up = engine.combiner.commit(sample, up);
    let old = |(uplink, i): (bool, usize)| if uplink { up.get(i) } else { down.get(i) };
    let done = news.into_iter().zip(places);
    Ok(done
        .map(|((what, new), place)| Done { what, sample, old: old(place).map_or(Value::Null, value), new })
        .collect())
}

fn new(setting: &Setting) -> (&'static str, Value) {
    match setting {
        Setting::Weights { weights } => ("weights", show(weights)),
        Setting::SubBands(sub_bands) => ("sub_bands", json!(sub_bands)),
        Setting::Power { power_db } => ("power", json!(power_db)),
        Setting::ArtificialNoise(noise) => ("artificial_noise", json!(noise)),
        Setting::UplinkWeights { weights } => ("uplink_weights", show(weights)),
    }
}

fn change(setting: Setting) -> Change {
    match setting {
        Setting::Weights { weights } | Setting::UplinkWeights { weights } => Change::Weights(weights),
        Setting::SubBands(sub_bands) => Change::SubBands(sub_bands),
        Setting::Power { power_db } => Change::PowerDb(power_db),
        Setting::ArtificialNoise(NoiseSetting { dbfs, band, channels }) => {
            Change::Noise(dbfs.map(|dbfs| Noise { dbfs, band, channels }))
        }
    }
}

fn occasions(plan: SoundingPlan) -> (Occasions, Vec<Complex32>) {
    let occasions = Occasions { first: plan.first, period: plan.period_samples, len: u64::from(plan.len) };
    (occasions, plan.unitary)
}

/// A value that is replaced, in the form of a new one.
fn value(change: &Change) -> Value {
    match change {
        Change::Weights(w) => show(w),
        Change::SubBands(sub_bands) => json!(sub_bands),
        Change::PowerDb(db) => json!(db),
        Change::Noise(noise) => {
            let setting = noise.clone().map_or_else(NoiseSetting::default, |n| NoiseSetting {
                dbfs: Some(n.dbfs),
                band: n.band,
                channels: n.channels,
            });
            json!(setting)
        }
    }
}

fn show(weights: &[Complex32]) -> Value {
    Value::Array(weights.iter().map(|w| json!([w.re, w.im])).collect())
}
