//! Faults, changes and captures of a real `sidecar air`, typed as a user types them and judged from the wires by its peers.
#![expect(clippy::unwrap_used, reason = "a test")]

mod air_process;

use air_process::{Air, Lab, Run, sample};
use num_complex::Complex32;
use serde_json::Value;
use std::path::Path;

const MIMO: &str = "{gain: -6 dB, rician_k: 6 dB, doppler: 70 Hz, angle: 20 deg, angle_rate: 40 deg/s, angle_limit: 25 deg, noise: -40 dBFS, taps: [{delay: 0 us, power: 0 dB}, {delay: 2 us, power: -6 dB}]}";
const TDL: &str = "{gain: -6 dB, profile: tdl-a, delay_spread: 300 ns, doppler: 70 Hz, noise: -40 dBFS}";

/// 8 weights of one beam.
fn weights(turns: f32) -> String {
    (0..8).map(|m| format!("{:.4}", Complex32::cis(turns * m as f32) * 0.35)).collect::<Vec<_>>().join(" ")
}

fn numbers(wires: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(wires.join("capture.json")).unwrap()).unwrap()
}

#[test]
fn a_capture_of_mimo_with_changing_weights_is_what_the_formulae_give() {
    let air = Air::start("  sample_rate: 7.68 MHz\n  antennas: 8\n  pace: 0.05\n", &format!("    link: {MIMO}\n"));
    let lab = Lab::start(&air, 7_680);
    let wires = air.dir.path().join("wires");
    let mut capture = air.spawn(&["capture", "--for", "100 ms", "--out", wires.to_str().unwrap()]);
    let mut turns = 0.4;
    while capture.try_wait().unwrap().is_none() {
        air.told(&["set", "--weights", &weights(turns)]);
        turns += 1.3;
    }
    assert!(capture.wait_with_output().unwrap().status.success());
    let said = air.told(&["verify", wires.to_str().unwrap(), "--json"]);
    let wire = &said["wires"][0];
    assert_eq!((said["is_right"].as_bool(), wire["wire"].as_str()), (Some(true), Some("ue0_rx")), "{said}");
    assert!(wire["relative_rms"].as_f64().unwrap() < 1e-4 && wire["compared_samples"].as_u64() > Some(767_900));
    // the weights changed within the capture
    let truth = std::fs::read_to_string(wires.join("truth.jsonl")).unwrap();
    let moving = truth.lines().map(|l| serde_json::from_str::<Value>(l).unwrap()).filter(|p| p["from"] != p["to"]);
    assert!(moving.count() >= 1, "no ramp in the capture");
    // one wrong sample of a million is one too many
    let file = wires.join("ue0_rx.sigmf-data");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[8 * 700_000 + 3] ^= 0x80;
    bytes[8 * 700_000 + 7] ^= 0x80;
    std::fs::write(&file, bytes).unwrap();
    let out = air.run(&["verify", wires.to_str().unwrap(), "--json"]);
    assert_eq!(out.status.code(), Some(9), "{out:?}");
    let said: Value = serde_json::from_slice(&out.stdout).unwrap();
    let first = numbers(&wires)["first_dl"].as_u64().unwrap();
    assert_eq!(said["wires"][0]["largest_at"].as_u64(), Some(first + 700_000));
    lab.stop();
}

#[test]
fn a_capture_of_tdl_a_in_both_directions_is_what_the_formulae_give() {
    let link = format!("    link: {TDL}\n    uplink: {TDL}\n");
    let air = Air::start("  sample_rate: 7.68 MHz\n  antennas: 1\n  pace: 0.3\n", &link);
    let lab = Lab::start(&air, 7_680);
    let wires = air.dir.path().join("wires");
    let named = ["gnb_tx0", "ue0_rx", "ue0_tx", "gnb_rx0"].map(|w| ["--wire", w]).concat();
    let capture = ["capture", "--for", "100 ms", "--out", wires.to_str().unwrap()];
    air.told(&[&capture[..], &named[..]].concat());
    let said = air.told(&["verify", wires.to_str().unwrap(), "--json"]);
    let names: Vec<_> = said["wires"].as_array().unwrap().iter().map(|w| w["wire"].as_str().unwrap()).collect();
    assert_eq!((said["is_right"].as_bool(), names), (Some(true), vec!["ue0_rx", "gnb_rx0"]), "{said}");
    lab.stop();
}

/// The one run of zeros of a stream, and that everything else is as it was sent.
fn only_zeros(runs: &[Run]) -> (u64, u64) {
    let zeros: Vec<&Run> = runs.iter().filter(|r| r.is_zero).collect();
    assert_eq!(zeros.len(), 1, "{runs:?}");
    assert!(runs.iter().all(|r| r.is_zero || r.is_right), "{runs:?}");
    assert_eq!(runs.len(), 3, "right, zeros, right again: {runs:?}");
    (zeros[0].first, zeros[0].len)
}

#[test]
fn a_blank_of_50_ms_is_1_152_000_samples_in_either_direction() {
    const BLANK: u64 = 1_152_000;
    let air = Air::start("  sample_rate: 23.04 MHz\n  antennas: 1\n  pace: 0.2\n", "");
    let lab = Lab::start(&air, 23_040);
    let down = air.told(&["fault", "run", "--on", "ue0", "--for", "50 ms", "--json", "blank"]);
    let up = air.told(&["fault", "run", "--on", "ue0", "--for", "50 ms", "--uplink", "--json", "blank"]);
    lab.passes(200_000);
    let seen = lab.stop();
    for (told, runs) in [(&down, &seen.ue), (&up, &seen.gnb)] {
        assert_eq!(only_zeros(runs), (told["first"].as_u64().unwrap(), BLANK), "{told}");
        assert_eq!((told["state"].as_str(), told["done_samples"].as_u64()), (Some("done"), Some(BLANK)));
        assert_eq!((told["missed_samples"].as_u64(), told["energy_after"].as_f64()), (Some(0), Some(0.0)));
        let first = told["first"].as_u64().unwrap();
        let energy: f64 = (first..first + BLANK).map(|n| f64::from(sample(n).norm_sqr())).sum();
        assert!((told["energy_before"].as_f64().unwrap() / energy - 1.0).abs() < 1e-5, "{told}, {energy}");
    }
    // and it is in the record
    let log = walk(&air.dir.path().join("runs"), "air.sclog");
    assert!(log.windows(9).any(|w| w == b"air_fault"), "no row of air_fault");
}

/// The bytes of the first file of this name.
fn walk(dir: &Path, name: &str) -> Vec<u8> {
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if entry.file_name() == name {
                return std::fs::read(entry.path()).unwrap();
            }
        }
    }
    panic!("no {name} under {}", dir.display())
}

#[test]
fn a_batch_of_settings_is_on_the_wire_from_the_told_sample_on() {
    let air = Air::start("  sample_rate: 7.68 MHz\n  antennas: 1\n  pace: 0.1\n", "");
    let lab = Lab::start(&air, 7_680);
    let told = air.told(&["set", "--power", "-6 dB", "--weights", "0.5i", "--json"]);
    lab.passes(40_000);
    let seen = lab.stop();
    let events = told.as_array().unwrap();
    let at = events[0]["sample"].as_u64().unwrap();
    assert!(events.len() == 2 && events.iter().all(|e| e["sample"].as_u64() == Some(at)), "{told}");
    assert_eq!(at % 7_680, 0);
    // 5.2 µs, from 1 at the told sample to 0.5i·10^(−6/20)
    let (ramp, goal) = (40.0, Complex32::new(0.0, 0.5 * 10.0_f32.powf(-0.3)));
    let first = &seen.ue[0];
    assert!(first.is_right && first.first == 0 && first.len == at + 1, "the first other sample: {first:?}, told {at}");
    for (n, y) in seen.after.iter().filter(|(n, _)| *n >= at) {
        let share = ((n - at) as f32 / ramp).min(1.0);
        let want = sample(*n) * (Complex32::ONE + (goal - Complex32::ONE) * share);
        assert!((y - want).norm() < 1e-6, "sample {n}: {y}, not {want}");
    }
    assert!(seen.after.len() > 1000);
}

#[test]
fn a_strict_air_ends_with_9_at_a_malformed_message_and_another_goes_on() {
    for strict in [false, true] {
        let flags: &[&str] = if strict { &["--strict"] } else { &[] };
        let mut air = Air::start_with(flags, "  sample_rate: 7.68 MHz\n  antennas: 1\n", "");
        let lab = Lab::start(&air, 7_680);
        lab.passes(50_000);
        lab.send_odd_bytes();
        if strict {
            assert_eq!(air.code(), Some(9), "{}", air.log());
        } else {
            lab.passes(50_000);
            let counters = air.told(&["status", "--json"])["counters"].clone();
            assert_eq!(counters["odd_size_messages"].as_u64(), Some(1), "{counters}");
        }
        lab.stop();
    }
}
