//! `sidecar gnb` with a stand-in for a gNB that reads its console as the real one does.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of the test")]

use e2e::{Program, binary, wait_until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use sidecar::record::LogReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

const ALLOWED: &str = "\
gnb_console:
  tx_gain: {min: 0 dB, max: 40 dB, start: 20 dB, max_step: 20 dB, min_interval: 1 ms}
  cfo: {max: 500 Hz, max_step: 500 Hz, min_interval: 1 ms}
  tx_time_offset: {min: -5 us, max: 20 us, start: 13 us, max_step: 10 us, min_interval: 1 ms}
  handover: {targets: [2], min_interval: 1 min}
  reply_timeout: 400 ms
  question_every: 200 ms
  stop_grace: 1 s
  metrics: {listen: '127.0.0.1:0'}
";

struct Rig {
    dir: tempfile::TempDir,
    sidecar: Program,
}

impl Rig {
    fn start(config: &str, manner: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("c.yaml");
        std::fs::write(&file, format!("run: {{root: {}}}\n{config}", dir.path().join("runs").display())).unwrap();
        let mut command = Command::new(binary("sidecar"));
        command.arg("-c").arg(&file).args(["gnb", "--"]).arg(env!("CARGO_BIN_EXE_gnb_stand_in")).args(manner);
        let sidecar = Program::start(&mut command, dir.path().join("out"));
        Self { dir, sidecar }
    }

    fn ready(config: &str, manner: &[&str]) -> Self {
        let rig = Self::start(config, manner);
        assert!(wait_until(10, || rig.console() == "ready"), "{}", rig.sidecar.tail());
        rig
    }

    fn run_dir(&self) -> Option<PathBuf> {
        std::fs::read_dir(self.dir.path().join("runs")).ok()?.next()?.ok().map(|e| e.path())
    }

    fn ask(&self, words: &[&str]) -> Output {
        let mut command = Command::new(binary("sidecar"));
        command.arg("-c").arg(self.dir.path().join("c.yaml")).args(["--json", "gnb"]).args(words).output().unwrap()
    }

    fn status(&self) -> Value {
        serde_json::from_slice(&self.ask(&["status"]).stdout).unwrap_or_default()
    }

    fn console(&self) -> String {
        self.status()["console"].as_str().unwrap_or_default().to_owned()
    }

    fn count(&self, of: &str, name: &str) -> u64 {
        let status = self.status();
        let all = status[of].as_array().expect("a list");
        all.iter().find(|c| c["name"] == name).and_then(|c| c["count"].as_u64()).expect("a count")
    }

    fn gnb(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.status()["pid"].as_i64().unwrap()).unwrap())
    }

    /// Rows of the table `gnb_command`: number, what became of it, text, words.
    fn rows(&self) -> Vec<(u64, String, String, String)> {
        let text = |v: Option<&Value>| v.and_then(Value::as_str).unwrap_or_default().to_owned();
        let log = LogReader::open(&self.run_dir().unwrap().join("gnb.sclog")).unwrap();
        log.rows()
            .filter(|r| r.table == "gnb_command")
            .map(|r| {
                assert!(r.get("pid").is_some() && r.mono_ns > 0);
                let seq = r.get("seq").and_then(Value::as_u64).unwrap();
                (seq, text(r.get("what")), text(r.get("text")), text(r.get("words")))
            })
            .collect()
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn verdict(output: &Output) -> Value {
    serde_json::from_slice::<Value>(&output.stdout).map(|v| v["verdict"].clone()).unwrap_or_default()
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn is_alive(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

#[test]
fn commands_pass_the_guard_and_are_answered_by_the_gnbs_words() {
    let mut rig = Rig::ready(ALLOWED, &["--chatty"]);
    let done = |words: &[&str], says: &str| {
        let out = rig.ask(words);
        assert_eq!((code(&out), verdict(&out)), (0, "done".into()), "{words:?}: {}", self::words(&out));
        assert!(String::from_utf8_lossy(&out.stdout).contains(says), "{words:?}");
    };
    done(&["set", "--tx-gain", "24.5 dB", "--port", "1"], "Tx gain set to 24.5 dB for port 1.");
    done(&["set", "--cfo", "-150 Hz"], "CFO set to -150Hz for sector 0.");
    done(&["set", "--tx-time-offset", "12.5 us"], "Transmit time offset set to 12.500 us for sector 0.");
    done(
        &["handover", "--serving", "1", "--rnti", "0x4601", "--target", "2"],
        "Handover triggered for UE with pci=1 rnti=0x4601 to pci=2.",
    );
    done(&["log", "warning"], "log phy warning;");
    done(&["table", "ru"], "t ru;");
    done(&["table", "ru"], "it is so already");
    done(&["table", "off"], "t ru;");
    assert!(wait_until(5, || rig.sidecar.said("table now: None") == 1), "{}", rig.sidecar.tail());

    // The radio's own bounds are narrower than what is configured here.
    let out = rig.ask(&["set", "--tx-gain", "35 dB"]);
    assert_eq!((code(&out), verdict(&out)), (4, serde_json::json!({"refused": "radio"})));
    assert!(words(&out).contains("out-of-range. Range is [0, 31.5] dB"), "{}", words(&out));
    // another sector: half of the command was done
    let out = rig.ask(&["set", "--cfo", "10 Hz", "--sector", "1"]);
    assert_eq!((code(&out), verdict(&out)), (4, "partly".into()));

    for (ask, says) in [
        (&["set", "--tx-gain", "41 dB"][..], "outside 0 to 40 dB"),
        (&["set", "--tx-gain", "0 dB", "--port", "1"], "at most 20 dB passes"),
        (&["set", "--rx-gain", "1 dB"], "`gnb_console.rx_gain`"),
        (&["handover", "--serving", "1", "--rnti", "4601", "--target", "3"], "PCI 3 is no target"),
        (&["handover", "--serving", "1", "--rnti", "4601", "--target", "2"], "wait"),
        (&["log", "debug"], "log level debug may not be set"),
    ] {
        let out = rig.ask(ask);
        assert_eq!(code(&out), 4, "{ask:?}");
        assert!(words(&out).contains(says), "{ask:?}: {}", words(&out));
    }
    for (name, count) in [("range", 1), ("step", 1), ("not_allowed", 1), ("target", 1), ("too_soon", 1), ("level", 1)] {
        assert_eq!(rig.count("refusals", name), count, "{name}");
    }
    assert_eq!((rig.count("outcomes", "done"), rig.count("outcomes", "unconfirmed")), (7, 0));
    let status = rig.status();
    let cfo = status["values"].as_array().unwrap().iter().find(|v| v["name"] == "cfo" && v["place"] == 0).unwrap();
    assert_eq!(
        (cfo["least"].as_f64(), cfo["most"].as_f64(), &status["is_tied"]),
        (Some(-150.0), Some(-150.0), &true.into())
    );

    // A terminal, raw; its words on both outputs came to ours and to the run's log.
    assert_eq!(rig.sidecar.said("stdin is a terminal: true, stdout: true, echo: false"), 1);
    let log = std::fs::read_to_string(rig.run_dir().unwrap().join("gnb.log")).unwrap();
    assert!(log.contains("words on standard error") && log.contains("Tx gain set to 24.5 dB for port 1."));
    assert!(!log.contains("Available commands"), "nothing was glued or empty");

    let rows = rig.rows();
    let of = |what: &str| rows.iter().filter(|r| r.1 == what).count();
    assert_eq!((of("written"), of("done"), of("refused"), of("partly"), of("refused_by_guard")), (9, 7, 1, 1, 6));
    assert_eq!(rows[0], (1, "written".into(), "tx_gain 1 24.5;".into(), String::new()));
    assert_eq!(rig.sidecar.end(), Some(0), "{}", rig.sidecar.tail());
    assert_eq!(rig.sidecar.said("SIGTERM received"), 1);
}

#[test]
fn nothing_is_written_to_a_gnb_that_is_still_starting() {
    let rig = Rig::start(ALLOWED, &["--deaf", "1500"]);
    assert!(wait_until(5, || rig.console() == "unproven"), "{}", rig.sidecar.tail());
    let out = rig.ask(&["set", "--tx-gain", "21 dB"]);
    assert_eq!(code(&out), 4);
    assert!(words(&out).contains("still starting"), "{}", words(&out));
    assert!(wait_until(5, || rig.console() == "ready"), "{}", rig.sidecar.tail());
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(rig.sidecar.said("Tx gain set"), 0, "it was not done later either");
    assert_eq!(code(&rig.ask(&["set", "--tx-gain", "21 dB"])), 0);
}

#[test]
fn a_gnb_that_does_not_answer_leaves_it_unconfirmed_and_takes_nothing_until_it_is_back() {
    let rig = Rig::ready(ALLOWED, &["--hang", "1", "1500"]);
    let out = rig.ask(&["set", "--tx-gain", "30 dB"]);
    assert_eq!((code(&out), verdict(&out)), (4, "unconfirmed".into()), "{}", words(&out));
    assert!(words(&out).contains("may or may not have been done"), "{}", words(&out));
    let out = rig.ask(&["set", "--tx-gain", "20 dB"]);
    assert!(words(&out).contains("console does not answer"), "{}", words(&out));
    let value = rig.status()["values"][0].clone();
    assert_eq!((value["least"].as_f64(), value["most"].as_f64()), (Some(20.0), Some(30.0)));
    assert!(wait_until(10, || rig.console() == "ready"), "{}", rig.sidecar.tail());
    let value = rig.status()["values"][0].clone();
    assert_eq!((value["least"].as_f64(), value["most"].as_f64()), (Some(30.0), Some(30.0)), "its answer came late");
    assert!(rig.rows().iter().any(|(seq, what, ..)| (*seq, what.as_str()) == (1, "late_done")), "{:?}", rig.rows());
    assert_eq!(code(&rig.ask(&["set", "--tx-gain", "20 dB"])), 0);
}

#[test]
fn by_default_nothing_that_touches_the_radio_is_allowed() {
    let config = "gnb_console: {metrics: {listen: '127.0.0.1:0'}}\n";
    let rig = Rig::ready(config, &["--zmq"]);
    let run_dir = rig.run_dir().unwrap();
    for ask in [&["set", "--tx-gain", "0 dB"][..], &["set", "--rx-gain", "0 dB"], &["set", "--cfo", "0 Hz"]] {
        let out = rig.ask(ask);
        assert_eq!(code(&out), 4);
        assert!(words(&out).contains("is not allowed: set `gnb_console."), "{}", words(&out));
    }
    assert_eq!(rig.count("refusals", "not_allowed"), 3);
    // the socket is for its own user
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(run_dir.join("gnb.sock")).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn many_commands_are_each_one_batch() {
    let rig = Rig::ready(ALLOWED, &[]);
    let mut console = sidecar::gnb::Console::connect(&rig.run_dir().unwrap().join("gnb.sock")).unwrap();
    for n in 0..600 {
        use ran_bridge::gnb::console::{ConsoleCommand, Thousandths, Verdict};
        let gain_db = Thousandths::new(20.0 + f64::from(n % 80) / 8.0).unwrap();
        std::thread::sleep(Duration::from_millis(1));
        let request = sidecar::gnb::Request::Command { command: ConsoleCommand::TxGain { port: 0, gain_db } };
        let answer = console.ask(&request).unwrap();
        let sidecar::gnb::Answer::Outcome(outcome) = answer else { panic!("{answer:?}") };
        assert_eq!(outcome.verdict, Verdict::Done, "{outcome:?}");
        assert_eq!(outcome.words, format!("Tx gain set to {gain_db} dB for port 0."));
    }
}

#[test]
fn the_gnbs_exit_code_is_ours() {
    let mut rig = Rig::ready(ALLOWED, &["--exit", "3"]);
    kill(rig.gnb(), Signal::SIGTERM).unwrap();
    assert_eq!(rig.sidecar.code(5), Some(3), "{}", rig.sidecar.tail());
    assert_eq!(rig.sidecar.said("the gNB ended: exit status: 3"), 2, "{}", rig.sidecar.tail());
    let out = rig.ask(&["status"]);
    assert_eq!(code(&out), 4);
    assert!(words(&out).contains("no run under") && words(&out).contains("sidecar gnb -- gnb"), "{}", words(&out));

    let mut rig = Rig::ready(ALLOWED, &[]);
    kill(rig.gnb(), Signal::SIGABRT).unwrap();
    assert_eq!(rig.sidecar.code(5), Some(128 + 6), "{}", rig.sidecar.tail());
}

#[test]
fn a_gnb_that_does_not_end_is_killed_after_the_grace() {
    let mut rig = Rig::ready(ALLOWED, &["--stubborn"]);
    let gnb = rig.gnb();
    kill(rig.sidecar.pid(), Signal::SIGINT).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert!(is_alive(gnb), "it has a second");
    let out = rig.ask(&["set", "--tx-gain", "21 dB"]);
    assert!(words(&out).contains("being stopped"), "{}", words(&out));
    assert_eq!(rig.sidecar.code(5), Some(128 + 9), "{}", rig.sidecar.tail());
    assert!(!is_alive(gnb));
}

#[test]
fn a_gnb_does_not_outlive_us() {
    let mut rig = Rig::ready(ALLOWED, &[]);
    let gnb = rig.gnb();
    rig.sidecar.kill();
    assert!(wait_until(5, || !is_alive(gnb)), "it transmits on, unattended");
}

#[test]
fn a_program_that_is_not_there_and_no_program() {
    let mut command = Command::new(binary("sidecar"));
    let dir = tempfile::tempdir().unwrap();
    let root = format!("run.root={}", dir.path().display());
    let options = ["--set", &root, "--set", "gnb_console.metrics.listen=127.0.0.1:0", "gnb"];
    let out = command.args(options).args(["--", "/no/such/gnb"]).output().unwrap();
    assert_eq!(code(&out), 8, "{}", words(&out));
    assert!(words(&out).contains("cannot start /no/such/gnb"), "{}", words(&out));
    let out = Command::new(binary("sidecar")).args(options).output().unwrap();
    assert_eq!(code(&out), 2, "{}", words(&out));
}

/// The rules of the console that the stand-in has from the gNB's sources: they are why each command is one write with its own `;`.
#[test]
fn the_stand_in_glues_lines_and_drops_what_comes_with_the_end() {
    let say = |deaf_ms: u64, writes: &[&str], file: &Path| {
        use std::io::Write;
        let mut child = Command::new(env!("CARGO_BIN_EXE_gnb_stand_in"))
            .args(["--deaf", &deaf_ms.to_string()])
            .stdin(std::process::Stdio::piped())
            .stdout(std::fs::File::create(file).unwrap())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let read = || std::fs::read_to_string(file).unwrap();
        let has_started = || read().contains("gNB started");
        assert!(deaf_ms > 0 || wait_until(5, has_started));
        for text in writes {
            input.write_all(text.as_bytes()).unwrap();
            std::thread::sleep(Duration::from_millis(100));
        }
        drop(input);
        assert!(wait_until(5, has_started));
        std::thread::sleep(Duration::from_millis(100));
        child.kill().unwrap();
        child.wait().unwrap();
        read()
    };
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("out");
    let said = say(0, &["cfo 0 1\ncfo 0 2;"], &file);
    assert!(said.contains("Invalid CFO command structure"), "glued to `cfo 0 1cfo 0 2`: {said}");
    let said = say(0, &["cfo 0 1", "cfo 0 2"], &file);
    assert!(said.contains("CFO set to 1Hz") && said.contains("CFO set to 2Hz"), "{said}");
    let said = say(500, &["cfo 0 1;"], &file);
    assert!(!said.contains("CFO set"), "the input had ended when it was looked at: {said}");
    let said = say(0, &["\n"], &file);
    assert!(said.contains("Available commands:"), "{said}");
    let said = say(0, &[&"cfo 0 1;".repeat(100)], &file);
    assert!(said.contains("Can't read more than") && !said.contains("CFO set"), "{said}");
}
