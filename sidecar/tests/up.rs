//! The supervisor with small shell commands for processes.

use sidecar::up::{Observer, ProcessEvent, Spec, Supervisor, Timing, What};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

fn spec(dir: &Path, name: &str, script: &str) -> Spec {
    Spec {
        name: name.into(),
        command: vec!["sh".into(), "-c".into(), script.into()],
        log: dir.join(format!("{name}.log")),
        restart_with: None,
        essential: false,
        tie: None,
    }
}

fn timing(grace_ms: u64) -> Timing {
    Timing {
        backoff_min: Duration::from_millis(30),
        backoff_max: Duration::from_millis(200),
        stable_after: Duration::from_secs(30),
        grace: Duration::from_millis(grace_ms),
    }
}

/// Keeps all events and orders the stop when `done` says so.
struct Watch<'a, F: FnMut(&[ProcessEvent]) -> bool> {
    events: &'a Mutex<Vec<ProcessEvent>>,
    stop: &'a AtomicBool,
    done: F,
}

impl<F: FnMut(&[ProcessEvent]) -> bool> Observer for Watch<'_, F> {
    fn event(&mut self, event: &ProcessEvent) {
        let mut events = self.events.lock().unwrap_or_else(|e| e.into_inner());
        events.push(event.clone());
        if (self.done)(&events) {
            self.stop.store(true, SeqCst);
        }
    }
}

fn supervise(
    specs: Vec<Spec>,
    grace_ms: u64,
    done: impl FnMut(&[ProcessEvent]) -> bool,
) -> (Vec<ProcessEvent>, Option<(String, String)>) {
    let (events, stop) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let mut watch = Watch { events: &events, stop: &stop, done };
    let reason = Supervisor::new(specs, &timing(grace_ms), 1).run(&stop, &mut watch);
    (events.into_inner().unwrap_or_default(), reason)
}

fn count(events: &[ProcessEvent], name: &str, what: What) -> usize {
    events.iter().filter(|e| e.name == name && e.what == what).count()
}

fn kill(pid: u32) {
    std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().map(|_| ()).unwrap_or_default();
}

#[test]
fn a_killed_process_comes_back_and_no_other_is_touched() {
    let dir = tempfile::tempdir().unwrap();
    let specs = vec![spec(dir.path(), "a", "exec sleep 60"), spec(dir.path(), "b", "exec sleep 60")];
    let mut killed = false;
    let (events, _) = supervise(specs, 2000, |e| {
        if count(e, "b", What::Started) == 1 && !killed {
            killed = true;
            kill(e[0].pid.unwrap_or(0));
        }
        count(e, "a", What::Started) == 2
    });
    let died = events.iter().find(|e| e.what == What::Died).unwrap();
    assert_eq!((died.name.as_str(), died.signal, died.code), ("a", Some(9), None));
    assert!(died.wait_s.unwrap() < 0.04);
    assert_eq!(count(&events, "b", What::Started), 1);
    assert_eq!(events.iter().filter(|e| e.what == What::Stopped).count(), 2, "{events:?}");
    assert_eq!(events.iter().rfind(|e| e.name == "a").unwrap().restarts, 1);
}

#[test]
fn waits_grow_while_a_process_keeps_dying_and_its_words_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (events, _) =
        supervise(vec![spec(dir.path(), "a", "echo tried; exit 3")], 500, |e| count(e, "a", What::Died) == 4);
    let waits: Vec<f64> = events.iter().filter(|e| e.what == What::Died).filter_map(|e| e.wait_s).collect();
    assert!(waits[3] > 2.0 * waits[0], "{waits:?}");
    assert!(events.iter().filter(|e| e.what == What::Died).all(|e| e.code == Some(3)));
    assert_eq!(std::fs::read_to_string(dir.path().join("a.log")).unwrap(), "tried\n".repeat(4));
}

#[test]
fn what_hangs_on_air_is_restarted_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let lab = Spec { restart_with: Some("air".into()), ..spec(dir.path(), "lab", "exec sleep 60") };
    let mut killed = false;
    let (events, _) = supervise(vec![lab, spec(dir.path(), "air", "exec sleep 60")], 2000, |e| {
        let air = e.iter().find(|e| e.name == "air" && e.what == What::Started);
        if let (Some(air), 1, false) = (air, count(e, "lab", What::Started), killed) {
            killed = true;
            kill(air.pid.unwrap_or(0));
        }
        count(e, "lab", What::Started) == 2
    });
    let order: Vec<(&str, What)> = events.iter().take(6).map(|e| (e.name.as_str(), e.what)).collect();
    assert_eq!(order[..2], [("air", What::Started), ("lab", What::Started)], "what hangs on air comes after it");
    assert_eq!(count(&events, "lab", What::TakenDown), 1, "{events:?}");
    assert_eq!(count(&events, "lab", What::Died), 0);
    assert_eq!(count(&events, "air", What::Started), 2);
}

#[test]
fn who_does_not_listen_to_sigterm_is_killed_after_the_grace() {
    let dir = tempfile::tempdir().unwrap();
    let deaf = spec(dir.path(), "deaf", "trap '' TERM; echo up; while true; do sleep 0.05; done");
    let log = deaf.log.clone();
    let nudge = spec(dir.path(), "nudge", "sleep 0.3; exit 1");
    let (events, _) = supervise(vec![deaf, nudge], 200, |e| count(e, "nudge", What::Died) == 1);
    assert_eq!(std::fs::read_to_string(log).unwrap(), "up\n");
    assert_eq!(count(&events, "deaf", What::Killed), 1, "{events:?}");
}

#[test]
fn the_end_of_an_essential_process_ends_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let lab = Spec { essential: true, ..spec(dir.path(), "lab", "exit 4") };
    let (events, reason) = supervise(vec![lab, spec(dir.path(), "a", "exec sleep 60")], 2000, |_| false);
    assert_eq!(reason.unwrap().0, "lab");
    assert_eq!(count(&events, "a", What::Stopped), 1);
}

#[test]
fn a_program_that_is_not_there_is_tried_again_and_said() {
    let dir = tempfile::tempdir().unwrap();
    let mut none = spec(dir.path(), "none", "");
    none.command = vec!["/no/such/program".into()];
    let (events, _) = supervise(vec![none], 200, |e| count(e, "none", What::NotStarted) == 2);
    assert!(events[1].wait_s > events[0].wait_s);
}
