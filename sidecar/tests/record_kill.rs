//! `kill -9` of a process that writes a log: no row it had written is lost, and the run is `interrupted`.

use sidecar::record::{Finding, LogReader, Manifest, RunFolder, Start, Status};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Not a test by itself: what the killed process does, when the test below starts this binary again.
#[test]
#[ignore = "what the test below starts and kills"]
fn writer_process() {
    let Some(root) = std::env::var_os("RECORD_KILL_ROOT").map(PathBuf::from) else { return };
    let run = RunFolder::create(&root, "kill", &Start::now(1, None)).unwrap();
    let log = run.writer("ran").unwrap();
    println!("\ndir {}", run.dir().display());
    for n in 0_u64.. {
        log.row_at("t", n, &serde_json::json!({"n": n, "pad": "x".repeat((n % 300) as usize)}));
        println!("row {n}");
        std::io::stdout().flush().unwrap();
    }
}

#[test]
fn every_row_before_the_kill_is_there_and_the_run_is_interrupted() {
    let root = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "writer_process", "--nocapture", "--ignored"])
        .env("RECORD_KILL_ROOT", root.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut dir = None;
    let mut last = 0_u64;
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for line in lines.by_ref() {
        let line = line.unwrap();
        if let Some(path) = line.strip_prefix("dir ") {
            dir = Some(PathBuf::from(path));
        } else if let Some(n) = line.strip_prefix("row ") {
            last = n.parse().unwrap();
            if last == 3_000 {
                break;
            }
        }
    }
    let dir = dir.unwrap();
    assert_eq!(Manifest::read(&dir).unwrap().status_now(), Status::Running);
    child.kill().unwrap();
    // What it managed to say before the kill reached it was written, too.
    for line in lines {
        last = line.unwrap().strip_prefix("row ").and_then(|n| n.parse().ok()).unwrap_or(last);
    }
    child.wait().unwrap();

    assert_eq!(Manifest::read(&dir).unwrap().status_now(), Status::Interrupted);
    let found: Vec<Finding> = LogReader::open(&dir.join("ran.sclog")).unwrap().collect();
    let rows: Vec<u64> =
        found.iter().filter_map(|f| if let Finding::Row(r) = f { Some(r.mono_ns) } else { None }).collect();
    assert_eq!(rows, (0..rows.len() as u64).collect::<Vec<_>>());
    assert!(rows.len() as u64 > last, "{} rows, {last} was announced", rows.len());
    assert!(!found.iter().any(|f| matches!(f, Finding::Corrupt { .. })));
}
