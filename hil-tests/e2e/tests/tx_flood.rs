//! A program of the same user that floods the guard's socket keeps the guard from nothing that ends a burst.
#![expect(clippy::unwrap_used, reason = "helpers of the tests")]

mod tx_support;

use e2e::{Program, binary, wait_until};
use nix::sys::signal::{Signal, kill};
use sidecar::clock::mono_ns;
use sidecar::tx::StopReport;
use std::process::Command;
use std::time::Duration;
use tx_support::{Bench, RATE_HZ};

/// So long a burst is looked at before it is ended, with the flood at it.
const HOLDS: Duration = Duration::from_millis(800);

/// It is silent when nothing came out for so long, ns.
const QUIET_NS: i64 = 400_000_000;

/// `n` processes that flood, each with six threads.
fn flood(bench: &Bench, n: usize) -> Vec<Program> {
    let largest = (0.01 * RATE_HZ) as usize * 8;
    let at = |i| bench.dir.path().join(format!("flood{i}.log"));
    let one = |i| {
        let mut command = Command::new(binary("flood"));
        let path = bench.config.tx.control.trim_start_matches("ipc://");
        Program::start(command.arg(path).arg(largest.to_string()), at(i))
    };
    (0..n).map(one).collect()
}

/// A burst on air under a flood that is at it; who fires it feeds the dead-man, too.
fn burst(bench: &Bench, hands_over: bool, floods: usize) -> (Program, Vec<Program>) {
    let mut fire = vec!["tx", "fire", "--noise", "--level", "-20 dBFS", "--gain", "0 dB", "--for", "2 s"];
    if hands_over {
        fire.push("--hand-over");
    }
    let source = Program::start(&mut bench.command(&fire), bench.dir.path().join("source.log"));
    assert!(wait_until(5, || bench.usrp.on_air().unwrap()[0].on), "{}", source.log());
    let floods = flood(bench, floods);
    std::thread::sleep(HOLDS);
    let radiated = || bench.usrp.on_air().unwrap()[0].radiated;
    let before = radiated();
    assert!(wait_until(1, || radiated() > before), "the flood alone ends nothing: {}", source.log());
    (source, floods)
}

/// When the last sample left the antenna that is not zero, ms after this: the last of all, a radio that runs dry is not silent yet.
fn silent_ms(bench: &Bench, since_ns: u64) -> f64 {
    let mut last_ns = None;
    let is_over = || {
        let air = bench.usrp.on_air().unwrap()[0];
        let same = last_ns == air.last_nonzero_ns;
        last_ns = air.last_nonzero_ns;
        same && !air.on && mono_ns() as i64 - last_ns.unwrap() > QUIET_NS
    };
    assert!(wait_until(3, is_over));
    (last_ns.unwrap() as f64 - since_ns as f64) * 1e-6
}

/// Each kind of flood has really been there.
fn was_there(floods: &[Program]) {
    for flood in floods {
        let said = flood.log();
        let last = said.lines().last().unwrap_or_default().to_owned();
        println!("{last}");
        let counts: Vec<u64> = last.split(", ").filter_map(|p| p.rsplit(' ').next()?.parse().ok()).collect();
        assert!(counts.len() == 6 && counts.iter().all(|n| *n > 0), "{said:?}");
    }
}

#[test]
fn a_stop_is_heard_and_confirmed() {
    let bench = Bench::new(|_| ());
    let mut guard = bench.guard();
    let (_source, floods) = burst(&bench, false, 1);
    let began_ns = mono_ns();
    let report = sidecar::tx::stop(&bench.config.tx_guard(0).unwrap()).unwrap();
    let StopReport::Confirmed { took_ns } = report else { panic!("{report:?}: {}", guard.log()) };
    let silent_ms = silent_ms(&bench, began_ns);
    println!("tx stop under a flood: confirmed after {} ms, silent after {silent_ms} ms", took_ns as f64 * 1e-6);
    assert!(silent_ms <= 100.0 && took_ns <= 100_000_000);
    was_there(&floods);
    drop(floods);
    // the flood has armed since: that token is over in a second
    assert!(wait_until(5, || bench.status().is_some_and(|s| s.radio_is_safe)), "{:?}", bench.status());
    assert_eq!(guard.end(), Some(0));
}

#[test]
fn the_stop_file_and_the_dead_man_work_on() {
    let bench = Bench::new(|_| ());
    let guard = bench.guard();
    let (source, floods) = burst(&bench, true, 1);
    let began_ns = mono_ns();
    std::fs::write(&bench.config.tx.stop_file, "").unwrap();
    let file_ms = silent_ms(&bench, began_ns);
    was_there(&floods);
    drop((source, floods));
    std::fs::remove_file(&bench.config.tx.stop_file).unwrap();
    let (source, floods) = burst(&bench, false, 1);
    kill(source.pid(), Signal::SIGSTOP).unwrap();
    let began_ns = mono_ns();
    let dead_ms = silent_ms(&bench, began_ns);
    was_there(&floods);
    println!("under a flood: the stop file {file_ms} ms, the dead-man {dead_ms} ms");
    assert!(file_ms <= 100.0 && dead_ms <= 300.0, "{}", guard.log());
}

/// Several programs take every place there is: whether the guard hears of the stop or not, it is silent in time.
#[test]
fn a_stop_for_which_no_place_is_left_stops_too() {
    let bench = Bench::new(|_| ());
    let guard = bench.guard();
    let (_source, floods) = burst(&bench, false, 3);
    let began_ns = mono_ns();
    let report = sidecar::tx::stop(&bench.config.tx_guard(0).unwrap()).unwrap();
    let silent_ms = silent_ms(&bench, began_ns);
    println!("tx stop under three floods: {report:?}, silent after {silent_ms} ms");
    assert!(silent_ms <= 100.0, "{}", guard.log());
    was_there(&floods);
}
