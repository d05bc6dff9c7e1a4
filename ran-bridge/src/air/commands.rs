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
    let cause = cause_of(&command);
    let made = settings::made_by(&command, &engine.ledger);
    let result = carry_out(engine, command);
    let armed_mono_ns = mono_ns();
    match result {
        Ok(done) => {
            settings::keep(&engine.ledger, &made);
            add(&engine.stats.commands_applied, 1);
            tell(engine, done, (seq, cause), (received_mono_ns, armed_mono_ns));
        }
        Err(reason) => refuse(engine, seq, reason),
    }
}

/// The snippet that caused a command; 0 = none.
pub(super) const fn cause_of(command: &Command) -> u64 {
    match command {
        Command::Weights { cause, .. }
        | Command::SubBands { cause, .. }
        | Command::UplinkWeights { cause, .. }
        | Command::Batch { cause, .. } => *cause,
        _ => 0,
    }
}

/// Tells what took effect: by which command and snippet, and when it was read and stood ready.
pub(super) fn tell(
    engine: &mut Engine<'_>,
    done: Vec<Done>,
    (seq, cause): (u64, u64),
    (received_mono_ns, armed_mono_ns): (u64, u64),
) {
    for Done { what, sample, old, new } in done {
        let what = what.to_owned();
        engine.port.event(&Event::Applied { seq, what, sample, old, new, cause, received_mono_ns, armed_mono_ns });
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
    let status = engine.faults.obey(order, engine.ues.len(), now, |n| slots.next_boundary(n))?;
    if matches!(order, FaultOrder::Prepare { .. }) {
        // its number is taken, whatever becomes of this process
        engine.note();
    }
    Ok(status)
}

/// One at a time; it begins with the next slot.
fn order_capture(engine: &mut Engine<'_>, order: &CaptureOrder) -> Result<CaptureStatus, String> {
    if let Some(capture) = engine.capture.as_ref().filter(|c| !c.is_over()) {
        return Err(format!("a capture to {} runs", capture.status().order.folder.display()));
    }
    for tap in &order.taps {
        let is_there = match *tap {
            Tap::GnbTx { port } => (port as usize) < engine.gnb.ports.len(),
            Tap::GnbRx { port } => (port as usize) < engine.gnb.mixed.len(),
            Tap::UeRx { stream } => (stream as usize) < engine.ues.len(),
            Tap::Input { column } => (column as usize) < engine.front_end.width() / engine.config.antennas,
            // a recording takes no uplink
            Tap::UeTx { stream } => {
                engine.gnb.wires.is_some() && engine.ues.get(stream as usize).is_some_and(|u| u.tx.is_some())
            }
        };
        if !is_there {
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
            let down = ProtectedSlots { boundary, slot_samples, spans };
            let up = ProtectedSlots { boundary: uplink_boundary.unwrap_or(boundary), spans: Vec::new(), ..down };
            // both or none
            engine.combiner.check_slots(&up).map_err(text)?;
            let before = engine.front_end.set_slots(down).map_err(text)?;
            engine.combiner.set_slots(up).map_err(text)?;
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
        Command::Wide { weights } => wide(engine, None, &weights).map(|done| vec![done]),
        Command::Fault { .. } | Command::Capture { .. } | Command::Status => Err("it is answered elsewhere".into()),
    }
}

/// Replaces the wide beam at a sample, by default at the next slot.
pub(super) fn wide(engine: &mut Engine<'_>, at: Option<u64>, weights: &[Complex32]) -> Result<Done, String> {
    let (sample, old) = engine.front_end.set_wide(at, weights).map_err(|e| e.to_string())?;
    Ok(Done { what: "wide", sample, old: show(&old), new: show(weights) })
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

#[cfg(test)]
mod tests {
    use super::super::stand_in::{Heard, cell, ledger, with_engine};
    use super::super::{Direction, FaultKind, FaultSpec, SlotSpan, Standing};
    use super::*;
    use crate::iq::Ledger;

    fn order(folder: &std::path::Path, tap: Tap) -> CaptureOrder {
        CaptureOrder { folder: folder.into(), taps: vec![tap], samples: 100 }
    }

    #[test]
    fn a_wire_is_there_where_its_receiver_sends() {
        let folder = tempfile::tempdir().unwrap();
        with_engine(&cell(1), &Ledger::default(), None, &mut Heard::default(), |engine| {
            // receiver 0 is a monitor that never sends, receiver 1 has both wires
            let mut there = |tap| {
                engine.capture = None;
                order_capture(engine, &order(folder.path(), tap)).is_ok()
            };
            assert!(
                !there(Tap::UeTx { stream: 0 }) && there(Tap::UeTx { stream: 1 }) && !there(Tap::UeTx { stream: 2 })
            );
            assert!(
                there(Tap::UeRx { stream: 1 }) && !there(Tap::UeRx { stream: 2 }) && !there(Tap::GnbRx { port: 1 })
            );
        });
    }

    #[test]
    fn a_capture_of_a_receiver_that_is_not_there_ends_and_the_next_one_begins() {
        let folder = tempfile::tempdir().unwrap();
        let mut heard = Heard::default();
        with_engine(&cell(1), &Ledger::default(), None, &mut heard, |engine| {
            let order = order(folder.path(), Tap::UeRx { stream: 1 });
            order_capture(engine, &order).unwrap();
            engine.gnb.ports[0].grow(50).unwrap().fill(Complex32::ONE);
            engine.process(0, 0);
            assert!(order_capture(engine, &order).unwrap_err().contains("runs"));
            engine.gnb.ports[0].grow(50).unwrap().fill(Complex32::ONE);
            engine.process(0, 0);
            assert_eq!(engine.dl, 100);
            assert!(order_capture(engine, &order).is_ok());
        });
        let ended = heard.events.iter().find_map(|e| if let Event::Capture(c) = e { c.fault.clone() } else { None });
        assert_eq!(ended.as_deref(), Some("ue1_rx: samples 0 to 100 are missing"));
    }

    #[test]
    fn a_grid_is_taken_in_both_directions_or_in_none() {
        with_engine(&cell(1), &Ledger::default(), None, &mut Heard::default(), |engine| {
            let before = engine.front_end.slots().clone();
            let protected = vec![SlotSpan { period_slots: 10, offset_slot: 0, slots: 1 }];
            let slots = |uplink| Command::Slots {
                boundary: 300,
                slot_samples: 7680,
                protected: protected.clone(),
                uplink_boundary: Some(uplink),
            };
            assert!(carry_out(engine, slots(u64::MAX)).is_err());
            assert_eq!(*engine.front_end.slots(), before);
            carry_out(engine, slots(200)).unwrap();
            assert_eq!((engine.front_end.slots().boundary, engine.combiner.slots().boundary), (300, 200));
        });
    }

    #[test]
    fn no_two_faults_have_one_number_though_the_process_is_another() {
        let fault = FaultSpec { stream: 0, direction: Direction::Downlink, kind: FaultKind::Blank, samples: 10 };
        let prepare = FaultOrder::Prepare { fault };
        let (ledger, mut ids) = (ledger(), Vec::new());
        for _ in 0..2 {
            let from = Standing::read(&ledger);
            with_engine(&cell(1), &ledger, from, &mut Heard::default(), |engine| {
                for _ in 0..2 {
                    ids.push(order_fault(engine, &prepare).unwrap().id);
                }
            });
        }
        assert_eq!(ids, [1, 2, 3, 4]);
    }
}
