//! The real loop feeds the dead-man: with `ran` killed, a burst is over at once.

mod tx_support;

use e2e::{Program, System, wait_until};
use sidecar::clock::mono_ns;
use std::time::Duration;
use tx_support::Bench;

#[test]
fn a_burst_ends_with_the_loop_that_feeds_it() {
    let bench = Bench::new(|_| ());
    let mut guard = bench.guard();
    let dir = tempfile::tempdir().unwrap();
    let system = System::start_with(dir.path(), 6, |config| config.tx = bench.config.tx.clone());
    assert!(wait_until(60, || system.loops() > 20), "the loop never started: {:#}", system.api());
    let fed = || bench.status().is_some_and(|s| s.fed_ms["loop"].is_some_and(|ms| ms < 150));
    // a loop that has just found the cell stutters
    let steady = || {
        (0..30).all(|_| {
            std::thread::sleep(Duration::from_millis(50));
            fed()
        })
    };
    assert!(wait_until(10, steady), "{:?}", bench.status());
    for _ in 0..3 {
        // the burst itself feeds nothing
        let fire = ["tx", "fire", "--noise", "--level", "-20 dBFS", "--gain", "0 dB", "--for", "2 s", "--no-feed"];
        let _source = Program::start(&mut bench.command(&fire), bench.dir.path().join("source.log"));
        assert!(wait_until(5, || bench.usrp.on_air().unwrap()[0].on), "{}{:?}", guard.log(), bench.status());
        // longer than the dead-man: it is fed
        std::thread::sleep(Duration::from_millis(400));
        assert!(bench.status().is_some_and(|s| s.on_air.is_some()), "{}", guard.log());
        assert_eq!(system.api()["transmitter"]["state"], "on_air", "{}", system.api()["transmitter"]);
        let killed_ns = mono_ns();
        system.kill_9("ran");
        assert!(wait_until(2, || !bench.usrp.on_air().unwrap()[0].on));
        let last_ns = bench.usrp.on_air().unwrap()[0].last_nonzero_ns.unwrap() as u64;
        let after_ms = last_ns.saturating_sub(killed_ns) as f64 * 1e-6;
        assert!(after_ms <= 100.0, "{after_ms} ms");
        assert!(wait_until(60, steady), "the next ran does not feed: {:?}", bench.status());
    }
    assert!(system.stop());
    // who looks at `up` has seen it, too
    let said = std::fs::read_to_string(dir.path().join("up.log")).unwrap();
    assert!((1..=3).all(|id| said.contains(&format!("up: ON AIR burst {id}, "))), "{said}");
    assert_eq!(guard.end(), Some(0));
}
