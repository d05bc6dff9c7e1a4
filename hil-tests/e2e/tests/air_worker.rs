//! The worker of `air` is killed under the whole system: for everyone else it is a short silence.

use e2e::{System, child_of, text, wait_until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sidecar::clock::mono_ns;
use sidecar::record::{Finding, LogReader};
use std::time::Duration;

/// The figure of a metric without labels; the first where there are some.
fn figure(metrics: &str, name: &str) -> Option<f64> {
    metrics.lines().find(|l| l.starts_with(name))?.rsplit(' ').next()?.parse().ok()
}

#[test]
fn the_loop_goes_on_without_a_search_and_up_restarts_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let system = System::start(dir.path(), 6);
    assert!(wait_until(60, || system.loops() > 20), "the loop never started: {:#}", system.api());
    let of_air = || text(&format!("http://{}/metrics", system.config().air.metrics.listen), &[]);
    let of_up = || text(&format!("http://{}/metrics", system.config().up.metrics.listen), &[]);
    let air = system.pid("air").unwrap();
    for times in 1..=3_u32 {
        let worker = child_of(Pid::from_raw(air)).unwrap();
        kill(worker, Signal::SIGKILL).unwrap();
        let (since, from) = (mono_ns(), system.loops());
        assert!(wait_until(20, || system.loops() > from + 10), "no loops: {:#}", system.api()["loop"]);
        let took = Duration::from_nanos(mono_ns() - since);
        assert!(took < Duration::from_secs(2), "loops came back after {took:?} only");
        let restarts = || figure(&of_air(), "sidecar_air_worker_restarts_total");
        assert!(wait_until(5, || restarts() == Some(f64::from(times))), "{:?} restarts", restarts());
        assert!(child_of(Pid::from_raw(air)).is_some_and(|w| w != worker));
        std::thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(system.pid("air"), Some(air), "air itself was restarted");
    let up = of_up();
    let restarts: Vec<&str> = up.lines().filter(|l| l.starts_with("sidecar_up_restarts_total{")).collect();
    assert!(!restarts.is_empty() && restarts.iter().all(|l| l.ends_with(" 0")), "{up}");
    assert_eq!(system.api()["loop"]["phase"], "tracking");
    // every UE is still there, or again: a beam that was away for a moment is no reason to lose it
    let world = || system.world()["ues"].as_array().cloned().unwrap_or_default();
    assert!(wait_until(20, || world().iter().all(|u| u["attached"] == true)), "{:#}", system.world());
    assert!(system.metrics_of_ran().contains("air came back, windows set again"), "{}", system.metrics_of_ran());
    let run = system.run_dir().unwrap();
    let said = std::fs::read_to_string(run.join("ran.log")).unwrap();
    assert!(!said.contains("began anew") && !said.contains("the cell is lost"), "{said}");
    assert!(system.stop(), "no clean exit");
    // every process writes a file of its own
    for file in ["air.sclog", "air.2.sclog", "air.3.sclog", "air.4.sclog"] {
        let of_worker = |f: &Finding| matches!(f, Finding::Row(row) if row.table == "air_worker");
        assert_eq!(LogReader::open(&run.join(file)).unwrap().filter(of_worker).count(), 1, "{file}");
    }
}
