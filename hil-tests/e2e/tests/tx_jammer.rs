//! Friendly jamming: only a cell that the policy names, only after listening, and not where another is heard. The virtual radio's receiver hears a
//! real gNB's downlink (physical cell identity 1).
#![expect(clippy::unwrap_used, reason = "helpers of the test")]

mod tx_support;

use ran_bridge::iq;
use sidecar::config::Frequency;
use std::path::Path;
use tx_support::{Bench, err, out};

/// As [`tx_support::GRANT`] around the recording's centre, for these cells.
fn grant(victims: &str) -> String {
    format!(
        "{{mode: conducted, radios: [31A5F2C], low_hz: 1.83e9, high_hz: 1.85e9, max_gain_db: 20, max_amplitude: 0.5, max_burst_ms: 2000, max_duty: 0.5, duty_window_ms: 10000, victims: [{victims}]}}"
    )
}

/// A guard whose receiver hears the cell.
fn bench() -> Bench {
    let bench = Bench::new(|tx| {
        tx.sample_rate = Frequency::new(11.52e6);
        tx.frequency = Frequency::new(1842.5e6);
    });
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/iq/gnb_downlink_25ms.sigmf-meta");
    let recording = iq::read(&fixture).unwrap();
    assert_eq!(recording.rate_hz, 11.52e6);
    let bytes: Vec<u8> =
        recording.samples.iter().flat_map(|z| [z.re.to_le_bytes(), z.im.to_le_bytes()].concat()).collect();
    let cell = bench.dir.path().join("cell.cf32");
    std::fs::write(&cell, bytes).unwrap();
    bench.usrp.control(&format!("play 0 {}", cell.display())).unwrap();
    bench
}

const JAM: [&str; 10] = ["tx", "fire", "--noise", "--level", "-20 dBFS", "--gain", "10 dB", "--for", "5 ms", "--jam"];

#[test]
fn our_own_cell_is_jammed_after_it_was_heard() {
    let bench = bench();
    bench.allow(&grant("1"));
    let mut guard = bench.guard();
    let mut words = JAM.to_vec();
    words.push("1");
    let fired = bench.run(&words);
    assert!(fired.status.success(), "{}{}{}", out(&fired), err(&fired), guard.log());
    let radiated: u64 = bench.usrp.radiated().unwrap().iter().map(|s| s.samples).sum();
    assert_eq!(radiated, 57_600);
    // what was heard before is in the log
    let arm = bench.log().lines().find(|l| l.contains("\"event\":\"arm\"")).unwrap().to_owned();
    assert!(arm.contains("\"victim\":1") && arm.contains("\"cells\":[1]"), "{arm}");
    assert_eq!(guard.end(), Some(0));
}

#[test]
fn where_another_cell_is_heard_nothing_is_sent() {
    let bench = bench();
    bench.allow(&grant("7"));
    let mut guard = bench.guard();
    for (victim, why) in [("7", "(other_cell)"), ("1", "(victim)")] {
        let mut words = JAM.to_vec();
        words.push(victim);
        let fired = bench.run(&words);
        assert_eq!(fired.status.code(), Some(11));
        assert!(err(&fired).contains(why), "{}", err(&fired));
    }
    assert_eq!(bench.usrp.on_air().unwrap()[0].radiated, 0);
    assert_eq!(guard.end(), Some(0));
}
