//! The command as a shell sees it: output and exit codes.

use sidecar::record::{RunFolder, Start};
use std::path::Path;
use std::process::{Command, Output};

fn sidecar(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidecar"));
    command.args(args).current_dir(dir).env_remove("SIDECAR_LOG");
    match command.output() {
        Ok(output) => output,
        Err(e) => panic!("{e}"),
    }
}

fn stdout(o: &Output) -> String {
    String::from_utf8_lossy(&o.stdout).into_owned()
}

fn stderr(o: &Output) -> String {
    String::from_utf8_lossy(&o.stderr).into_owned()
}

#[test]
fn documented_exit_codes() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let code = |args: &[&str]| sidecar(at, args).status.code();
    assert_eq!(code(&["--version"]), Some(0));
    assert_eq!(code(&["help"]), Some(0));
    assert_eq!(code(&["exit-codes"]), Some(0));
    assert_eq!(code(&["bench", "list"]), Some(0));
    assert_eq!(code(&["fly"]), Some(2));
    assert_eq!(code(&["bench", "nothing"]), Some(2));
    assert_eq!(code(&["config", "show", "--set", "air"]), Some(2));
    assert_eq!(code(&["config", "check", "missing.yaml"]), Some(3));
    std::fs::write(at.join("bad.yaml"), "air: {sampel_rate: 1 MHz}\n").unwrap();
    assert_eq!(code(&["config", "check", "bad.yaml"]), Some(3));
    assert_eq!(code(&["run", "show", "nothing"]), Some(7));
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let set = format!("up.metrics.listen={}", port.local_addr().unwrap());
    assert_eq!(code(&["up", "--set", "up.processes=[]", "--set", &set]), Some(8));
}

#[test]
fn expected_errors_are_one_line_and_one_help_line() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("bad.yaml"), "air:\n  sampel_rate: 1 MHz\n").unwrap();
    let e = stderr(&sidecar(dir.path(), &["config", "check", "bad.yaml"]));
    let lines: Vec<&str> = e.lines().collect();
    assert_eq!(lines[0], "error: bad.yaml:2: unknown key `air.sampel_rate`, did you mean `sample_rate`?");
    assert!(lines[1].starts_with("help: "), "{e}");
    assert_eq!(lines.len(), 2);
}

const CONFIGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../configs");

/// The doctor on this lab's configurations, without what only this host decides.
fn doctor(dir: &Path, gnb: &str, more: &[&str]) -> Output {
    let (lab, ue) = (format!("{CONFIGS}/real-gnb.yaml"), format!("{CONFIGS}/ue/ue.conf"));
    let args = ["doctor", "-c", &lab, "--gnb", gnb, "--ue", &ue];
    let only = ["files", "attach-radio", "sample-rate", "exposed"].iter().flat_map(|name| ["--only", name]);
    sidecar(dir, &args.into_iter().chain(only).chain(more.iter().copied()).collect::<Vec<_>>())
}

#[test]
fn the_doctor_ends_with_ten_when_something_will_not_work() {
    let dir = tempfile::tempdir().unwrap();
    let good = format!("{CONFIGS}/gnb/gnb.yml");
    let healthy = doctor(dir.path(), &good, &[]);
    assert_eq!(healthy.status.code(), Some(0), "{}", stdout(&healthy));
    assert!(stdout(&healthy).lines().last().unwrap().starts_with("0 failures"), "{}", stdout(&healthy));

    let text = std::fs::read_to_string(&good)
        .unwrap()
        .replace("band: 3", "band: 1")
        .replace("  bind_addr: 127.0.0.1\n", "  bind_addr: 0.0.0.0\n");
    let bad = dir.path().join("bad.yml");
    std::fs::write(&bad, text).unwrap();
    let ill = doctor(dir.path(), bad.to_str().unwrap(), &[]);
    assert_eq!(ill.status.code(), Some(10));
    let said = stdout(&ill);
    assert!(said.contains("outside the downlink of n1") && said.contains("fix: set `cell_cfg.band`"), "{said}");
    assert!(said.contains("remote_control.bind_addr: 127.0.0.1") && !said.contains('\x1b'), "{said}");

    let json = doctor(dir.path(), bad.to_str().unwrap(), &["--json"]);
    let all: serde_json::Value = serde_json::from_str(&stdout(&json)).unwrap();
    let failures = all.as_array().unwrap().iter().filter(|f| f["verdict"] == "failure");
    assert!(failures.clone().count() >= 2 && failures.clone().all(|f| f["fix"].is_string()), "{all}");
}

#[test]
fn the_doctor_teaches_and_reports_what_it_cannot_read() {
    let dir = tempfile::tempdir().unwrap();
    let list = sidecar(dir.path(), &["doctor", "list"]);
    assert_eq!(list.status.code(), Some(0));
    assert!(stdout(&list).contains("attach-radio"), "{}", stdout(&list));
    let e = sidecar(dir.path(), &["doctor", "--only", "wire"]);
    assert_eq!(e.status.code(), Some(2));
    assert!(stderr(&e).contains("did you mean `wires`?"), "{}", stderr(&e));
    let gone = sidecar(dir.path(), &["doctor", "--gnb", "missing.yml", "--only", "files"]);
    assert_eq!(gone.status.code(), Some(10));
    assert!(stdout(&gone).contains("missing.yml: No such file"), "{}", stdout(&gone));
}

#[test]
fn json_is_json() {
    let dir = tempfile::tempdir().unwrap();
    for args in [
        &["run", "list", "--json"][..],
        &["config", "schema"],
        &["config", "show", "--json"],
        &["bench", "list", "--json"],
        &["exit-codes", "--json"],
        &["doctor", "list", "--json"],
    ] {
        let text = stdout(&sidecar(dir.path(), args));
        serde_json::from_str::<serde_json::Value>(&text).unwrap_or_else(|e| panic!("{args:?}: {e}: {text}"));
    }
    let rows = stdout(&sidecar(dir.path(), &["bench", "record", "--quick", "--json"]));
    assert!(rows.lines().count() >= 8, "{rows}");
    for row in rows.lines() {
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        for key in ["case", "metric", "value", "unit", "bar", "ok", "peer", "ratio"] {
            assert!(row.get(key).is_some(), "{key} of {row}");
        }
    }
}

#[test]
fn show_yaml_is_a_configuration_that_loads() {
    let dir = tempfile::tempdir().unwrap();
    let yaml = stdout(&sidecar(dir.path(), &["config", "show", "--yaml", "--set", "run.seed=9"]));
    std::fs::write(dir.path().join("all.yaml"), yaml).unwrap();
    let shown = sidecar(dir.path(), &["-c", "all.yaml", "config", "show"]);
    assert!(shown.status.success(), "{}", stderr(&shown));
    let seed = stdout(&shown).lines().find(|l| l.starts_with("run.seed ")).map(str::to_owned).unwrap();
    assert!(seed.contains(" 9 ") && seed.contains("all.yaml:"), "{seed}");
}

#[test]
fn runs_are_listed_shown_and_exported() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("runs");
    let run = RunFolder::create(&root, "first", &Start::now(5, None)).unwrap();
    run.writer("ran").unwrap().row("csi", &serde_json::json!({"snr_db": 3.5}));
    run.close(Some("the gNB went away")).unwrap();
    // A run whose owner is gone without a word.
    let cut = RunFolder::create(&root, "second", &Start::now(6, None)).unwrap();
    let path = cut.dir().join("manifest.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let pid = format!("\"pid\": {}", std::process::id());
    assert!(text.contains(&pid));
    std::fs::write(&path, text.replace(&pid, "\"pid\": 1")).unwrap();

    let list = stdout(&sidecar(dir.path(), &["run", "list"]));
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines.len(), 3, "{list}");
    assert!(lines.iter().any(|l| l.contains("-first-") && l.contains(" failed ")), "{list}");
    assert!(lines.iter().any(|l| l.contains("-second-") && l.contains(" interrupted ")), "{list}");

    let show = stdout(&sidecar(dir.path(), &["run", "show", "first"]));
    assert!(show.contains("the gNB went away") && show.contains("csi"), "{show}");
    let exported = sidecar(dir.path(), &["run", "export", "first", "--json"]);
    let files: serde_json::Value = serde_json::from_str(&stdout(&exported)).unwrap();
    assert_eq!(files[0]["rows"], 1);
    assert!(Path::new(&dir.path().join(files[0]["path"].as_str().unwrap())).is_file());
}
