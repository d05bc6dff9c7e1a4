//! `kill -9` of each process in turn: the loop goes on, nothing recorded is lost.

use e2e::{System, binary, wait_until};
use sidecar::record::{Finding, LogReader};
use std::process::Command;

/// Waits until the fast loop closes more loops than now.
fn loop_goes_on(system: &System, after: &str) {
    let mut from = None;
    let went_on = wait_until(90, || {
        let loops = system.loops();
        // A new `ran` counts from 0 again.
        let start = *from.get_or_insert(loops);
        if loops < start {
            from = Some(loops);
        }
        loops > from.unwrap_or(0) + 5
    });
    assert!(went_on, "no loops after {after}: {:#}", system.api()["loop"]);
}

#[test]
fn each_process_comes_back_and_the_loop_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut system = System::start(dir.path(), 3);
    assert!(wait_until(60, || system.loops() > 10), "the loop never started: {:#}", system.api());
    for process in ["core", "app", "controller", "ran"] {
        let old = system.kill_9(process);
        assert!(wait_until(30, || system.pid(process).is_some_and(|p| p != old)), "{process} did not come back");
        loop_goes_on(&system, process);
    }
    let present = || {
        let api = system.api();
        let agents = api["agents"].as_array().cloned().unwrap_or_default();
        agents.iter().filter(|a| a["present"] == true).count() == 3
    };
    assert!(wait_until(30, present), "not all agents are back: {:#}", system.api()["agents"]);

    // `air` is the exception: radios wait for ever on it. `up` says so and restarts what it may (the lab).
    let (old_air, old_lab) = (system.kill_9("air"), system.pid("lab"));
    assert!(wait_until(30, || system.pid("air").is_some_and(|p| p != old_air)), "air did not come back");
    assert!(wait_until(30, || system.pid("lab") != old_lab), "the lab was not restarted with air");
    loop_goes_on(&system, "air");
    let said = std::fs::read_to_string(dir.path().join("up.log")).unwrap();
    assert!(said.contains("wait for ever on the reply"), "nothing was said about what waits:\n{said}");
    assert!(said.contains("and with it: lab"), "nothing was said about what is restarted:\n{said}");
    assert!(system.metrics_of_ran().contains("sidecar_"), "no metrics");

    // The supervisor dies: its children go with it, the run is interrupted, its rows are there.
    let run = system.run_dir().unwrap();
    let children: Vec<i32> =
        ["air", "ran", "core", "app", "controller", "lab"].iter().filter_map(|p| system.pid(p)).collect();
    system.kill_9_up();
    let gone = |pid: &i32| !std::path::Path::new(&format!("/proc/{pid}/exe")).exists();
    assert!(wait_until(15, || children.iter().all(gone)), "children outlive their supervisor");
    let out = Command::new(binary("sidecar"))
        .args(["--json", "run", "list", "--set"])
        .arg(format!("run.root={}", system.root().display()))
        .output()
        .unwrap();
    let listed = String::from_utf8_lossy(&out.stdout);
    assert!(listed.contains("interrupted"), "{listed}");
    for process in ["air", "ran", "core", "app", "controller"] {
        let found: Vec<Finding> = LogReader::open(&run.join(format!("{process}.sclog"))).unwrap().collect();
        let rows = found.iter().filter(|f| matches!(f, Finding::Row(_))).count();
        let damage = found.len() - rows;
        assert!(rows > 10, "{process} left {rows} rows");
        // Each was killed once while it may have been writing, and once more with its supervisor.
        assert!(damage <= 2, "{process}: {damage} damaged places");
    }
}

#[test]
fn a_clean_stop_ends_with_a_done_run() {
    let dir = tempfile::tempdir().unwrap();
    let system = System::start(dir.path(), 4);
    assert!(wait_until(60, || system.world()["t_s"].as_f64().unwrap_or(0.0) > 0.2), "radio time stands still");
    let run = system.run_dir().unwrap();
    assert!(system.stop(), "no clean exit");
    let manifest = std::fs::read_to_string(run.join("manifest.json")).unwrap();
    assert!(manifest.contains("\"done\""), "{manifest}");
}
