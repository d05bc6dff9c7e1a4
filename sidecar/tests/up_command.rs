//! `sidecar up` as a process: a clean stop, and children that never outlive it.

use sidecar::record::{LogReader, Manifest, Status};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const CONFIG: &str = "\
up:
  processes: []
  metrics: {listen: \"127.0.0.1:0\"}
  extra:
    - name: one
      command: [sh, -c, \"echo one is up; exec sleep 60\"]
    - name: two
      command: [sleep, \"60\"]
";

fn up(dir: &Path) -> Child {
    let write = std::fs::write(dir.join("up.yaml"), CONFIG);
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidecar"));
    command.args(["up", "-c", "up.yaml"]).current_dir(dir).stderr(Stdio::null());
    match write.and_then(|()| command.spawn()) {
        Ok(child) => child,
        Err(e) => panic!("{e}"),
    }
}

/// The run folder, once both processes are in its manifest and have become what they are.
fn running(dir: &Path) -> (PathBuf, Vec<u32>) {
    for _ in 0..300 {
        std::thread::sleep(Duration::from_millis(20));
        let Some(run) = std::fs::read_dir(dir.join("runs")).ok().and_then(|mut d| d.next()?.ok()).map(|e| e.path())
        else {
            continue;
        };
        let pids: Vec<u32> =
            Manifest::read(&run).map_or_else(|_| vec![], |m| m.processes.iter().map(|p| p.pid).collect());
        if pids.len() == 2 && pids.iter().all(|p| comm(*p).as_deref() == Some("sleep")) {
            return (run, pids);
        }
    }
    panic!("up did not start its processes")
}

fn comm(pid: u32) -> Option<String> {
    std::fs::read_to_string(format!("/proc/{pid}/comm")).ok().map(|s| s.trim().to_owned())
}

fn gone(pids: &[u32]) -> bool {
    (0..300).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        pids.iter().all(|p| comm(*p).as_deref() != Some("sleep"))
    })
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([name, &child.id().to_string()]).status();
    assert!(status.is_ok_and(|s| s.success()));
}

#[test]
fn sigterm_ends_all_in_order_and_the_run_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = up(dir.path());
    let (run, pids) = running(dir.path());
    signal(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(gone(&pids));
    assert_eq!(Manifest::read(&run).unwrap().status_now(), Status::Done);
    assert_eq!(std::fs::read_to_string(run.join("one.log")).unwrap(), "one is up\n");
    let rows: Vec<_> = LogReader::open(&run.join("up.sclog")).unwrap().rows().collect();
    let stopped = rows.iter().filter(|r| r.get("what").and_then(|w| w.as_str()) == Some("stopped")).count();
    assert_eq!(stopped, 2);
    assert!(run.join("config.yaml").is_file());
}

#[test]
fn children_do_not_outlive_a_supervisor_that_was_killed() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = up(dir.path());
    let (run, pids) = running(dir.path());
    signal(&child, "-KILL");
    child.wait().unwrap();
    assert!(gone(&pids));
    assert_eq!(Manifest::read(&run).unwrap().status_now(), Status::Interrupted);
}
