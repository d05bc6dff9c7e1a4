use super::*;
use crate::guard::Limits;
use crate::ran::config::Monitor;
use crate::ran::recorded::a_cell;
use crate::ran::shared::ActionJob;
use crate::wire::local::LocalListener;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{SyncSender, sync_channel};
use tokio::sync::oneshot;

/// A fast loop whose `air` is to listen at `path`, and where its actions come from.
fn thread(path: &Path) -> (FastThread, SyncSender<ActionJob>) {
    let address = format!("ipc://{}", path.display());
    let config = RanConfig::demo(&address, vec![Monitor { stream: 0, eavesdropper: false, supi: None }]);
    let (actions_in, actions) = sync_channel(ACTIONS_QUEUE);
    let ends = FastEnds {
        actions,
        search: sync_channel(1).0,
        found: sync_channel(1).1,
        mibs: sync_channel(1).0,
        buffers: sync_channel(1).1,
        rows: sync_channel(1).0,
    };
    let shared = Arc::new(Shared::new(Arc::new(AtomicBool::new(false))));
    (FastThread::new(config, shared, ends).unwrap(), actions_in)
}

/// A thread that tracks a cell of the demo's numerology, whose SSB began at sample 1100.
fn tracking(thread: &mut FastThread) {
    let cell = a_cell(thread.config.cell.scs_hz);
    let place = Place::of(&thread.numerology, ran_bridge::nr::SsbCase::A, 1100, 0, false, 10e-3);
    let monitors = thread.config.monitors.clone();
    let ear = |m: &Monitor| Ear::new(m.stream, &thread.config, &cell, thread.numerology).unwrap();
    let ears = monitors.iter().map(ear).collect();
    thread.phase = Phase::Tracking { place, cell, ears };
}

/// What the thread has sent, up to the windows.
fn sent(open: &mut crate::wire::local::LocalStream) -> Vec<Command> {
    let mut all = Vec::new();
    while !matches!(all.last(), Some(Command::Windows { .. })) {
        open.turn().unwrap();
        while let Some(frame) = open.next_frame() {
            let (header, payload) = frame.unwrap();
            all.push(crate::wire::Message::decode(header, payload.to_vec()).unwrap().parse().unwrap());
        }
    }
    all
}

fn powers(commands: &[Command]) -> Vec<f32> {
    let power = |c: &Command| if let Command::Power { power_db, .. } = c { Some(*power_db) } else { None };
    commands.iter().filter_map(power).collect()
}

fn steers(commands: &[Command]) -> bool {
    commands.iter().any(|c| matches!(c, Command::Weights { .. }))
}

fn job(actions: &SyncSender<ActionJob>) -> oneshot::Receiver<Result<(), ActError>> {
    let action = Guard::new(Limits::default()).check(Action::Power { db: -1.0 }, 1, 0).unwrap();
    let (done, answer) = oneshot::channel();
    actions.send(ActionJob { action, done }).unwrap();
    answer
}

#[test]
fn an_action_for_an_air_that_is_away_is_not_queued_for_later() {
    let dir = tempfile::tempdir().unwrap();
    let (mut thread, actions) = thread(&dir.path().join("air"));
    let mut answer = job(&actions);
    thread.act_for_others(5_000_000_000);
    assert_eq!(answer.try_recv().unwrap(), Err(ActError::Silent(2000)));
    assert!(thread.acting.is_empty());
}

#[test]
fn a_power_that_nobody_answered_for_is_taken_back_where_air_begins_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("air");
    let listener = LocalListener::bind(&path).unwrap();
    let (mut thread, actions) = thread(&path);
    thread.heard_ns = 5_000_000_000;
    thread.powers = others::Powers::confirmed(-3.0);
    assert!(thread.link.take_new() && !thread.link.take_new());
    let mut answer = job(&actions);
    thread.act_for_others(5_000_000_001);
    thread.reconnected(5_000_000_002);
    assert!(matches!(answer.try_recv().unwrap(), Err(ActError::Link(_))));
    assert!(thread.acting.is_empty());
    let mut open = listener.accept(crate::wire::Limits::WIDEST).unwrap().unwrap();
    let mut powers = Vec::new();
    while powers.len() < 2 {
        open.turn().unwrap();
        while let Some(frame) = open.next_frame() {
            let (header, payload) = frame.unwrap();
            let message = crate::wire::Message::decode(header, payload.to_vec()).unwrap();
            if let Command::Power { power_db, .. } = message.parse().unwrap() {
                powers.push(power_db);
            }
        }
    }
    assert_eq!(powers, [-1.0, -3.0], "what was in force for certain is set again");
    thread.reconnected(5_000_000_003);
    assert_eq!(thread.drops.get("power in force too late, taken back"), Some(&1), "nothing else is uncertain");
}

#[test]
fn an_action_waits_for_what_air_says() {
    let dir = tempfile::tempdir().unwrap();
    let _air = LocalListener::bind(&dir.path().join("air")).unwrap();
    let (mut thread, actions) = thread(&dir.path().join("air"));
    thread.heard_ns = 5_000_000_000;
    let mut answers: Vec<_> = (0..3).map(|_| job(&actions)).collect();
    thread.act_for_others(5_000_000_001);
    assert!(answers.iter_mut().all(|a| a.try_recv().is_err()), "air has not answered yet");
    let seqs: Vec<u64> = thread.acting.iter().map(|a| a.seq).collect();
    thread.acted(seqs[1], Err(ActError::Refused("no".into())));
    thread.acted(seqs[0], Ok(()));
    assert_eq!(answers[0].try_recv().unwrap(), Ok(()));
    assert_eq!(answers[1].try_recv().unwrap(), Err(ActError::Refused("no".into())));
    thread.act_for_others(5_000_000_001 + GONE_NS + 1);
    assert_eq!(answers[2].try_recv().unwrap(), Err(ActError::Silent(2000)), "no answer in time is no");
    // It comes into force all the same: nobody would judge it.
    thread.acted(seqs[2], Ok(()));
    assert_eq!(thread.drops.get("power in force too late, taken back"), Some(&1));
    thread.acted(seqs[2], Ok(()));
    assert_eq!(thread.drops.get("power in force too late, taken back"), Some(&1), "once");
}

#[test]
fn who_sets_windows_again_leaves_power_and_weights_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("air");
    let listener = LocalListener::bind(&path).unwrap();
    let (mut thread, actions) = thread(&path);
    tracking(&mut thread);
    thread.heard_ns = 5_000_000_000;
    thread.powers = others::Powers::confirmed(-3.0);
    let mut answer = job(&actions);
    thread.act_for_others(5_000_000_001);
    thread.reconnected(5_000_000_002);
    assert!(matches!(answer.try_recv().unwrap(), Err(ActError::Link(_))));
    let mut open = listener.accept(crate::wire::Limits::WIDEST).unwrap().unwrap();
    let commands = sent(&mut open);
    assert_eq!((powers(&commands), steers(&commands)), (vec![-1.0, -3.0], false), "what was in force for certain");
    // a clock that is not ours, and a silence, move or repeat the windows only
    thread.sample = 100_000_000;
    thread.resume_snippets();
    let commands = sent(&mut open);
    assert_eq!((powers(&commands), steers(&commands)), (vec![], false));
    assert!(thread.unanswered.is_none());
}

#[test]
fn a_setup_anew_that_air_did_not_answer_is_repeated_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("air");
    let listener = LocalListener::bind(&path).unwrap();
    let (mut thread, actions) = thread(&path);
    tracking(&mut thread);
    let Phase::Tracking { cell, .. } = &thread.phase else { unreachable!() };
    let found = crate::ran::shared::Found { cell: *cell, sample: 1100, index: 0, half: false };
    thread.heard_ns = 5_000_000_000;
    thread.powers = others::Powers::confirmed(-3.0);
    // ordered before, in force for a moment only
    let mut early = job(&actions);
    thread.act_for_others(5_000_000_001);
    let before = thread.acting[0].seq;
    thread.found(Some(found));
    thread.acted(before, Ok(()));
    assert_eq!(early.try_recv().unwrap(), Ok(()));
    let mut open = listener.accept(crate::wire::Limits::WIDEST).unwrap().unwrap();
    let commands = sent(&mut open);
    assert_eq!((powers(&commands), steers(&commands)), (vec![-1.0, 0.0], true));
    let last = thread.unanswered.unwrap();
    thread.reconnected(5_000_000_002);
    let commands = sent(&mut open);
    assert_eq!((powers(&commands), steers(&commands)), (vec![0.0], true), "whether air had it is not known");
    assert!(thread.unanswered.unwrap() > last);
    thread.answered(last);
    assert!(thread.unanswered.is_some(), "an answer to the first says nothing of the second");
    thread.answered(thread.unanswered.unwrap());
    thread.reconnected(5_000_000_003);
    let commands = sent(&mut open);
    assert_eq!((powers(&commands), steers(&commands)), (vec![], false));
}

#[test]
fn a_lost_cell_is_noticed_while_csi_rs_windows_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let (mut thread, _actions) = thread(&dir.path().join("air"));
    tracking(&mut thread);
    let noise = |n: usize, seed: u32| -> Vec<Complex32> {
        let mut x = seed | 1;
        let mut next = || {
            x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (x >> 8) as f32 / 16_777_216.0 - 0.5
        };
        (0..n).map(|_| Complex32::new(next(), next())).collect()
    };
    let give = |thread: &mut FastThread, what: What, start: u64, n: usize| {
        thread.link.samples = noise(n, start as u32);
        let meta = SnippetMeta {
            seq: start,
            stream: 0,
            start,
            window: what.id(0),
            sounding: Some((start % 4) as u16),
            wide: what == What::Ssb,
            arrival_mono_ns: 1,
        };
        thread.snippet(&meta, Stamps::default());
    };
    // SSBs every 10 ms and CSI-RS every 5 ms, all noise: 2 s of radio time
    for k in 0..=200_u64 {
        let at = 1100 + 76_800 * k;
        give(&mut thread, What::Ssb, at, 2192);
        give(&mut thread, What::Sounded, at + 8776, 556);
        give(&mut thread, What::Beam, at + 10_968, 548);
        give(&mut thread, What::Sounded, at + 47_176, 556);
        assert!(matches!(thread.phase, Phase::Tracking { .. }), "{k}");
    }
    assert!(thread.fast.channel(0).is_none() && thread.fast.weights().is_none(), "noise is no channel");
    thread.chores(5_000_000_000);
    assert!(matches!(thread.phase, Phase::Waiting));
}

#[test]
fn windows_follow_the_receivers_that_are_heard() {
    let dir = tempfile::tempdir().unwrap();
    let (mut thread, _actions) = thread(&dir.path().join("air"));
    let monitor = |stream| Monitor { stream, eavesdropper: false, supi: None };
    thread.config.monitors = (0..4).map(monitor).collect();
    thread.fast = FastLoop::new(FastConfig::new(4, vec![0, 1, 2, 3], None));
    tracking(&mut thread);
    let late_s = |samples: f64| (samples / thread.config.rate_hz) as f32;
    // receiver 0 is silent and its delay stands where it was; the middle of 10, 12 and 30 is 12 (a quarter prefix is 9)
    let delays = [0.0, 12.0, 30.0, 10.0].map(late_s);
    let Phase::Tracking { ears, place, .. } = &mut thread.phase else { unreachable!() };
    let before = place.slot_start;
    for (ear, delay_s) in ears.iter_mut().zip(delays) {
        ear.set_delay_s(delay_s);
    }
    for stream in 1..4 {
        let y = Complex32::ONE;
        let scalar = crate::ran::fast::Scalar { stream, y, power: 1.0, noise_re: 0.1, elements: 240, at_s: 0.0 };
        thread.fast.ssb(&scalar, Some(0.0));
    }
    thread.follow_timing();
    let Phase::Tracking { ears, place, .. } = &thread.phase else { unreachable!() };
    assert_eq!(place.slot_start, before + 12);
    assert_eq!(ears.iter().map(Ear::late_samples).collect::<Vec<_>>(), [-12, 0, 18, -2]);
}
