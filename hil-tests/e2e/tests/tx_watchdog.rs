//! What systemd hears of a guard, and that it hears nothing of one that hangs.

mod tx_support;

use e2e::{Program, wait_until};
use sidecar::clock::mono_ns;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;
use tx_support::Bench;

const WATCHDOG_US: u64 = 400_000;

fn heard(manager: &UnixDatagram, for_ms: u64) -> Vec<(u64, String)> {
    let until_ns = mono_ns() + for_ms * 1_000_000;
    let (mut all, mut bytes) = (Vec::new(), [0; 500]);
    while mono_ns() < until_ns {
        if let Ok(n) = manager.recv(&mut bytes) {
            all.push((mono_ns(), String::from_utf8_lossy(&bytes[..n]).into_owned()));
        }
    }
    all
}

#[test]
fn it_says_that_it_is_ready_and_lives_until_a_write_hangs() {
    let bench = Bench::new(|_| ());
    let path = bench.dir.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
    let mut command = bench.command(&["tx-guard"]);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", WATCHDOG_US.to_string());
    let mut guard = Program::start(&mut command, bench.dir.path().join("guard.log"));
    assert!(wait_until(20, || bench.status().is_some_and(|s| s.radio_is_safe)), "{}", guard.log());
    let first = heard(&manager, 1500);
    assert_eq!(first[0].1, "READY=1", "{first:?}");
    let times: Vec<u64> = first.iter().filter(|(_, said)| said == "WATCHDOG=1").map(|(at_ns, _)| *at_ns).collect();
    let longest_ns = times.windows(2).map(|t| t[1] - t[0]).max().unwrap();
    println!("WATCHDOG=1 {} times, at most {} ms apart", times.len(), longest_ns as f64 * 1e-6);
    assert!(longest_ns < WATCHDOG_US * 1000 / 2);

    let fire = ["tx", "fire", "--noise", "--level", "-20 dBFS", "--gain", "0 dB", "--for", "2 s"];
    let _source = Program::start(&mut bench.command(&fire), bench.dir.path().join("source.log"));
    assert!(wait_until(5, || bench.usrp.on_air().unwrap()[0].on));
    let on_air = heard(&manager, 300);
    assert!(on_air.iter().any(|(_, said)| said.starts_with("STATUS=ON AIR")), "{on_air:?}");
    bench.usrp.control("hang-write").unwrap();
    let hung_ns = mono_ns();
    let after: Vec<_> = heard(&manager, 1000).into_iter().filter(|(_, said)| said == "WATCHDOG=1").collect();
    let last_ms = after.last().map_or(0.0, |(at_ns, _)| (at_ns - hung_ns) as f64 * 1e-6);
    println!("the last WATCHDOG=1 came {last_ms} ms after the write hung");
    assert!(last_ms < 100.0, "{after:?}");
    // it has ended itself, before the manager would
    assert_eq!(guard.code(2), None);
}
