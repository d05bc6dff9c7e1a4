//! ON AIR on every screen: a guard with the virtual USRP, and beside it whoever shows how it stands.

#![expect(clippy::unwrap_used, reason = "helpers of the test")]

mod tx_support;

use e2e::{Program, json, wait_until};
use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use serde_json::Value;
use sidecar::clock::mono_ns;
use sidecar::config::Frequency;
use sidecar::free_ports::FreePorts;
use sidecar::record::{LogReader, Row};
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;
use tx_support::browser::{Browser, post};
use tx_support::{Bench, err};

/// Bursts of some seconds.
const LONG: &str = "{mode: conducted, radios: [31A5F2C], low_hz: 3.49e9, high_hz: 3.51e9, max_gain_db: 20, max_amplitude: 0.5, max_burst_ms: 10000, max_duty: 1, duty_window_ms: 60000}";
const RATE_HZ: f64 = 1.92e6;
/// The safe state after an order to stop, at the radio, ns.
const SAFE_NS: u64 = 100_000_000;

/// Slow, so that there is room for a browser beside it.
fn bench() -> Bench {
    Bench::new(|tx| tx.sample_rate = Frequency::new(RATE_HZ))
}

/// A burst of nothing but zeros, to its end.
fn silent_burst(bench: &Bench) {
    let fired = bench.run(&["tx", "fire", "--zeros", "--gain", "0 dB", "--for", "1 s"]);
    assert!(fired.status.success(), "{}{}", err(&fired), bench.log());
}

/// The controller, and its configuration with a guard.
struct Watched {
    bench: Bench,
    controller: Program,
    base: String,
}

impl Watched {
    fn start() -> Self {
        let mut bench = bench();
        bench.allow(LONG);
        let mut ports = FreePorts::stock(3).unwrap();
        let controller = &mut bench.config.controller;
        controller.http = ports.address().unwrap();
        controller.bind = ports.wire().unwrap();
        controller.metrics.listen = ports.address().unwrap();
        let base = format!("http://{}", controller.http);
        bench.config.learn.enabled = false;
        std::fs::write(&bench.file, bench.config.to_yaml().unwrap()).unwrap();
        let controller = Program::start(&mut bench.command(&["controller"]), bench.dir.path().join("controller.log"));
        let watched = Self { bench, controller, base };
        assert!(wait_until(20, || watched.state() != ""), "{}", watched.controller.log());
        watched
    }

    fn transmitter(&self) -> Value {
        json(&format!("{}/api", self.base), &[])["transmitter"].clone()
    }

    /// How it stands; empty where the controller does not answer.
    fn state(&self) -> String {
        self.transmitter()["state"].as_str().unwrap_or_default().to_owned()
    }

    /// A burst of so many milliseconds, on air.
    fn burst(&self, ms: u32) -> Program {
        let length = format!("{ms} ms");
        let fire = ["tx", "fire", "--noise", "--level", "-20 dBFS", "--gain", "0 dB", "--for", &length];
        let source = Program::start(&mut self.bench.command(&fire), self.bench.dir.path().join("source.log"));
        for _ in 0..5000 {
            if self.bench.usrp.on_air().unwrap()[0].on {
                return source;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        panic!("nothing goes on air: {}{}", source.log(), self.bench.log());
    }

    /// From an order that was given at this time to the last sample at the antenna, ns.
    fn radiated_after(&self, ordered_ns: u64) -> u64 {
        assert!(wait_until(2, || !self.bench.usrp.on_air().unwrap()[0].on));
        let last_ns = self.bench.usrp.on_air().unwrap()[0].last_nonzero_ns.unwrap();
        last_ns.cast_unsigned().saturating_sub(ordered_ns)
    }

    /// The rows of a table, once the controller has ended.
    fn rows(&mut self, table: &str) -> Vec<Row> {
        self.controller.end();
        let runs = std::fs::read_dir(&self.bench.config.run.root).unwrap().flatten().map(|e| e.path());
        let log: Vec<PathBuf> = runs.map(|d| d.join("controller.sclog")).filter(|p| p.is_file()).collect();
        assert_eq!(log.len(), 1);
        LogReader::open(&log[0]).unwrap().rows().filter(|r| r.table == table).collect()
    }
}

fn column(rows: &[Row], field: &str) -> Vec<Value> {
    rows.iter().map(|r| r.get(field).cloned().unwrap_or_default()).collect()
}

/// On air, and by the controller's stop not any more.
#[test]
fn the_controller_shows_what_is_on_air_and_stops_it() {
    let mut watched = Watched::start();
    assert_eq!(watched.state(), "not_observed", "no guard runs yet");
    let guard = watched.bench.guard();
    assert!(wait_until(2, || watched.state() == "safe"), "{}", watched.transmitter());
    let shown = watched.transmitter();
    let who = shown["guard"]["who"].as_str().unwrap();
    assert!(who.contains("Jane Doe") && who.contains("a telephone"), "{shown}");
    assert!(shown["guard"]["fed_ms"]["monitor"].as_u64().unwrap() < 200, "{shown}");
    assert_eq!(shown["guard"]["fed_ms"]["loop"], Value::Null, "nobody fed it yet");
    assert_eq!(shown["guard"]["log_lines"], 1);

    let mut source = watched.burst(8000);
    let on_ns = mono_ns();
    let mut shown = watched.transmitter();
    while shown["state"] != "on_air" && mono_ns() - on_ns < 2_000_000_000 {
        std::thread::sleep(Duration::from_millis(5));
        shown = watched.transmitter();
    }
    let late_ms = (mono_ns() - on_ns) / 1_000_000;
    assert!(shown["state"] == "on_air" && late_ms <= 500, "{late_ms} ms: {shown}");
    let id = watched.bench.status().unwrap().on_air.unwrap().id;
    assert_eq!(shown["guard"]["on_air"]["id"], id);
    assert!(shown["headline"].as_str().unwrap().starts_with(&format!("ON AIR burst {id}, ")), "{shown}");

    // one hop is what any answer of the controller takes
    let hop_ns = mono_ns();
    watched.transmitter();
    let hop_ns = mono_ns() - hop_ns;
    let ordered_ns = mono_ns();
    let (status, answer) = post(&format!("{}/api/transmitter/stop", watched.base));
    let answered_ms = (mono_ns() - ordered_ns) / 1_000_000;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert!(status == 200 && answer["was"] == "on_air", "{status} {answer}");
    let after_ns = watched.radiated_after(ordered_ns);
    println!(
        "shown {late_ms} ms after the radio; stopped after {} us at the antenna, a hop is {} us, answered after {answered_ms} ms",
        after_ns / 1000,
        hop_ns / 1000
    );
    assert!(after_ns <= SAFE_NS + hop_ns, "{after_ns} ns, a hop is {hop_ns} ns");
    assert_eq!(source.code(10), Some(11), "{}", source.log());
    assert!(wait_until(1, || watched.state() == "safe"), "{}", watched.transmitter());
    let shown = watched.transmitter();
    assert_eq!(
        (&shown["guard"]["last_stop"], &shown["guard"]["stops"]),
        (&"asked".into(), &1.into()),
        "{}",
        guard.log()
    );

    let bursts = watched.rows("tx_burst");
    assert_eq!(column(&bursts, "id"), [id]);
    assert_eq!(column(&bursts, "why"), ["asked"]);
    let sent = bursts[0].get("sent_samples").unwrap().as_u64().unwrap();
    let radiated: u64 = watched.bench.usrp.radiated().unwrap().iter().map(|s| s.samples).sum();
    // the end of a burst is a sample, too; what the driver took and the stop cut off is 20 ms at most
    assert!(radiated <= sent + 1 && sent <= radiated + (0.02 * RATE_HZ) as u64, "{sent} {radiated}");
    let began_ns = bursts[0].get("began_ns").unwrap().as_u64().unwrap();
    let first_ns = watched.bench.usrp.radiated().unwrap()[0].from_ns.cast_unsigned();
    assert!(began_ns.abs_diff(first_ns) < 20_000_000, "{began_ns} {first_ns}");
    let states = column(&watched.rows("tx_state"), "state");
    assert_eq!(states[..2], ["not_observed", "safe"]);
    assert!(states.contains(&"on_air".into()) && states.last() == Some(&"safe".into()), "{states:?}");
}

/// Killed, it is not observed; at no moment is it called safe.
#[test]
fn a_guard_that_is_gone_is_not_observed_and_never_safe() {
    let mut watched = Watched::start();
    let mut guard = watched.bench.guard();
    assert!(wait_until(2, || watched.state() == "safe"));
    let _source = watched.burst(8000);
    assert!(wait_until(1, || watched.state() == "on_air"));
    let killed_ns = mono_ns();
    guard.kill();
    let mut seen = vec![watched.state()];
    while mono_ns() - killed_ns < 3_000_000_000 {
        seen.push(watched.state());
    }
    seen.dedup();
    assert!(seen == ["on_air", "not_observed"] || seen == ["not_observed"], "{seen:?}");
    let shown = watched.transmitter();
    assert!(shown["guard"].is_null() && shown["headline"].as_str().unwrap().contains("no tx-guard listens"), "{shown}");
    // a stop that nobody hears is not called one
    let (status, text) = post(&format!("{}/api/transmitter/stop", watched.base));
    assert!(status == 504 && text.starts_with("NOT CONFIRMED") && text.contains("sidecar tx stop"), "{status} {text}");

    // one that comes is observed again, and bursts shorter than any look are recorded
    let _guard = watched.bench.guard();
    assert!(wait_until(2, || watched.state() == "safe"), "{}", watched.transmitter());
    for _ in 0..2 {
        let fire = ["tx", "fire", "--noise", "--level", "-20 dBFS", "--gain", "0 dB", "--samples", "1920"];
        assert!(watched.bench.run(&fire).status.success());
    }
    assert!(wait_until(1, || watched.transmitter()["guard"]["recent"].as_array().is_some_and(|r| r.len() == 2)));
    let bursts = watched.rows("tx_burst");
    assert_eq!(column(&bursts, "why"), ["guard_gone", "whole", "whole"]);
    assert_eq!(column(&bursts, "id"), [1, 1, 2]);
    assert_eq!(column(&bursts[1..], "sent_samples"), [1920, 1920]);
}

/// The page in a real browser: the banner, its colour, and the button.
#[test]
fn the_page_has_a_banner_and_its_button_stops() {
    let watched = Watched::start();
    let _guard = watched.bench.guard();
    assert!(wait_until(2, || watched.state() == "safe"));
    let Some(browser) = Browser::open(watched.bench.dir.path(), &watched.base) else {
        println!("skipped: chromium: no such program on PATH");
        return;
    };
    let safe = browser.said("safe");
    assert!(safe["line"].as_str().unwrap().starts_with("transmitter safe: "), "{safe}");
    let _source = watched.burst(10_000);
    let on_air = browser.said("on_air");
    println!("{on_air}");
    assert!(on_air["line"].as_str().unwrap().starts_with("ON AIR burst 1, "), "{on_air}");
    assert!(on_air["title"].as_str().unwrap().contains("ON AIR"), "{on_air}");
    // red, at the very top, over the whole width, whatever was scrolled
    let red: Vec<u32> = numbers(on_air["background"].as_str().unwrap());
    assert!(red[0] >= 130 && red[1] < 20 && red[2] < 20, "{on_air}");
    assert!(on_air["top"].as_f64().unwrap() <= 0.0 && on_air["part"].as_f64().unwrap() > 0.95, "{on_air}");
    let ways = on_air["ways"].as_str().unwrap();
    assert!(ways.contains("sidecar tx stop") && ways.contains("a telephone"), "{on_air}");
    // the browser presses the button once it has shown that
    let stopped = browser.said("stopped");
    assert!(stopped["stopped"].as_str().unwrap().ends_with("(was on air)"), "{stopped}{}", watched.bench.log());
    let after_ns = watched.radiated_after(browser.pressed_ns().unwrap());
    println!("stopped {} us after the press", after_ns / 1000);
    assert!(after_ns <= 2 * SAFE_NS, "{after_ns} ns");
    assert!(wait_until(5, || browser.last() == "safe"), "{}", browser.last());
}

fn numbers(text: &str) -> Vec<u32> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect()
}

/// `tx status --watch`, read by a program: a line for each change, and an end by Ctrl-C.
#[test]
fn a_watch_says_what_changes() {
    let bench = bench();
    let start = |words: &[&str], log: &str| Program::start(&mut bench.command(words), bench.dir.path().join(log));
    let mut lines = start(&["tx", "status", "--watch"], "lines");
    let mut values = start(&["--json", "tx", "status", "--watch"], "values");
    assert!(wait_until(5, || lines.said("NOT OBSERVED: no tx-guard listens") == 1), "{}", lines.log());
    let mut guard = bench.guard();
    assert!(
        wait_until(2, || lines.log().ends_with("transmitter safe: lowest gain, stream closed\n")),
        "{}",
        lines.log()
    );
    silent_burst(&bench);
    assert!(wait_until(2, || lines.said("ON AIR burst 1, ") == 1), "{}", lines.log());
    guard.kill();
    assert!(wait_until(2, || lines.said("NOT OBSERVED: no tx-guard listens") == 2), "{}", lines.log());
    for program in [&mut lines, &mut values] {
        kill(program.pid(), Signal::SIGINT).unwrap();
        assert_eq!(program.code(5), Some(0), "{}", program.log());
    }
    let values: Vec<Value> = values.log().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(values.first().unwrap()["state"], "not_observed");
    assert!(values.iter().any(|v| v["on_air"]["id"] == 1), "{values:?}");
    // nobody reads any more
    let mut head = Command::new("sh");
    head.arg("-c").arg("\"$0\" \"$@\" | head -1").arg(e2e::binary("sidecar"));
    head.arg("-c").arg(&bench.file).args(["tx", "status", "--watch"]);
    let mut head = Program::start(&mut head, bench.dir.path().join("head"));
    assert!(wait_until(5, || head.said("NOT OBSERVED") == 1));
    let _guard = bench.guard();
    assert_eq!(head.code(5), Some(0));
}

/// The same on a terminal of 60 columns and 20 rows: in place, red, and gone at the end.
#[test]
fn a_watch_on_a_terminal_is_in_place() {
    let bench = bench();
    let _guard = bench.guard();
    let size = Winsize { ws_row: 20, ws_col: 60, ws_xpixel: 0, ws_ypixel: 0 };
    let terminal = openpty(Some(&size), None).unwrap();
    let mut command = bench.command(&["tx", "status", "--watch"]);
    let mut child = command.stdin(Stdio::null()).stdout(terminal.slave).spawn().unwrap();
    drop(command);
    let mut master = File::from(terminal.master);
    let read = std::thread::spawn(move || {
        let (mut all, mut some) = (Vec::new(), [0; 4096]);
        // the end of a terminal that nobody has open any more is an error
        while let Ok(n @ 1..) = master.read(&mut some) {
            all.extend_from_slice(&some[..n]);
            if all.ends_with(b"\x1b[?1049l") {
                break;
            }
        }
        String::from_utf8_lossy(&all).into_owned()
    });
    silent_burst(&bench);
    std::thread::sleep(Duration::from_millis(500));
    kill(nix::unistd::Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
    assert!(child.wait().unwrap().success());
    let text = read.join().unwrap();
    assert!(text.starts_with("\x1b[?1049h") && text.ends_with("\x1b[?1049l"), "{text:?}");
    assert!(text.contains("\x1b[1;37;41m ON AIR burst 1, "), "{text:?}");
    let frames: Vec<&str> = text.split("\x1b[H").skip(1).collect();
    assert!(frames.len() > 5, "{}", frames.len());
    for frame in frames {
        let lines: Vec<String> = frame.split("\x1b[K").map(|l| l.trim().to_owned()).collect();
        assert!(lines.len() <= 21, "{frame:?}");
        let longest = lines.iter().filter(|l| !l.contains('\x1b')).map(|l| l.chars().count()).max();
        assert!(longest <= Some(60), "{frame:?}");
    }
}
