//! A real gNB and a real srsUE through `air`. Opt-in: without the two programs it says that it is skipped.
//!
//! ```sh
//! SIDECAR_GNB=/path/to/gnb SIDECAR_SRSUE=/path/to/srsue SIDECAR_REAL_S=600 cargo test -p e2e --test real_radio -- --nocapture
//! ```
//!
//! | variable | meaning |
//! | --- | --- |
//! | `SIDECAR_GNB`, `SIDECAR_SRSUE` | the programs, or scripts of yours that `exec` them with all arguments |
//! | `SIDECAR_GNB_CONFIG` | instead of `configs/gnb/gnb.yml` (and `lossy.yml`), for instance one with `no_core: true` |
//! | `SIDECAR_PING` | with a core: address that the UE pings from the network namespace `ue1` |
//! | `SIDECAR_CQI` | the UE reports the CQI it hears: srsUE as it is released reports 15 always (docs/operation.md says why) |
//! | `SIDECAR_REAL_S` | how long the first test watches once the UE is connected, s; 60 by default |

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of the test")]

use e2e::{Program, binary, json, sidecar, text, wait_until};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.is_empty())
}

/// A sample of `air`'s metrics.
fn metric(name: &str) -> Option<f64> {
    sample(9700, name)
}

/// A sample of the metrics that a process serves on this port.
fn sample(port: u16, name: &str) -> Option<f64> {
    text(&format!("http://127.0.0.1:{port}/metrics"), &[])
        .lines()
        .find(|l| l.split([' ', '{']).next() == Some(name))
        .and_then(|l| l.rsplit(' ').next()?.parse().ok())
}

/// The two tests use the same ports: one after the other.
static ONE: Mutex<()> = Mutex::new(());

/// Everything running, the UE connected.
struct Real {
    ue: Program,
    gnb: Program,
    _up: Program,
    dir: tempfile::TempDir,
    seconds: u64,
}

impl Real {
    /// `None`, said by name, where gNB or UE are not given.
    fn start(config: &str, with_session: bool) -> Option<Self> {
        let (Some(gnb), Some(ue)) = (variable("SIDECAR_GNB"), variable("SIDECAR_SRSUE")) else {
            eprintln!(
                "skipped: real_radio needs a real gNB and srsUE: set SIDECAR_GNB and SIDECAR_SRSUE to the two programs"
            );
            return None;
        };
        let seconds = variable("SIDECAR_REAL_S").map_or(60, |s| s.parse().expect("SIDECAR_REAL_S in whole seconds"));
        let dir = tempfile::tempdir().unwrap();
        let log = |name: &str| dir.path().join(name);
        let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");

        let root = format!("run.root={}", log("runs").display());
        let up = Program::start(&mut sidecar(&configs.join(config), &["--set", &root, "up"]), log("up.out"));
        let answers = wait_until(30, || metric("sidecar_air_dl_samples_total").is_some());
        assert!(answers, "air does not answer: {}", up.tail());

        let mut command = Command::new(gnb);
        let ours = || vec![configs.join("gnb/gnb.yml"), configs.join("gnb/lossy.yml")];
        for file in variable("SIDECAR_GNB_CONFIG").map_or_else(ours, |file| vec![PathBuf::from(file)]) {
            command.arg("-c").arg(file);
        }
        command.current_dir(dir.path());
        let gnb = Program::start(&mut command, log("gnb.out"));
        assert!(wait_until(60, || gnb.said("gNB started") > 0), "the gNB does not start: {}", gnb.tail());

        // Without a terminal the UE's lines would wait in a buffer.
        let mut command = Command::new("stdbuf");
        command.arg("-oL").arg(ue).arg(configs.join("ue/ue.conf")).current_dir(dir.path());
        let ue = Program::start(&mut command, log("ue.out"));
        assert!(wait_until(240, || ue.said("RRC Connected") > 0), "the UE does not attach: {}", ue.tail());
        let session = || ue.said("PDU Session Establishment successful") > 0;
        assert!(!with_session || wait_until(120, session), "no session: {}", ue.tail());
        Some(Self { ue, gnb, _up: up, dir, seconds })
    }
}

#[test]
fn a_real_ue_attaches_to_a_real_gnb_through_air() {
    let _one = ONE.lock();
    let ping = variable("SIDECAR_PING");
    let Some(mut real) = Real::start("real-gnb.yaml", ping.is_some()) else { return };
    let seconds = real.seconds;
    if let Some(address) = &ping {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", "ue1", "ping", "-w", &seconds.to_string(), address]);
        let out = command.output().unwrap();
        let said = String::from_utf8_lossy(&out.stdout);
        let end: Vec<&str> = said.lines().rev().take(3).collect();
        println!("{}", end.join("\n"));
        assert!(said.contains(" 0% packet loss"), "{said}");
    } else {
        std::thread::sleep(Duration::from_secs(seconds));
    }

    let connected = real.ue.said("RRC Connected");
    let samples = metric("sidecar_air_dl_samples_total").unwrap();
    assert!(ping.is_none() || connected == 1, "the UE lost its connection: {connected} times");
    println!("RRC Connected {connected} times, {samples} downlink samples in {seconds} s at 11.52 MS/s");
    // Faults before the programs are ended: what an end does to the wires is not asked here.
    let faults: Vec<(&str, Option<f64>)> = FAULTS.iter().map(|name| (*name, metric(name))).collect();
    println!("{faults:?}");
    // What the agents make of the real thing: the cell, its MIBs, the gNB's WebSocket, the core's counters.
    let api = json("http://127.0.0.1:7780/api", &[]);
    let (cell, stream) = (&api["loop"], &api["streams"][0]);
    println!("phase {}, PCI {}, SFN {}, {stream}", cell["phase"], cell["pci"], cell["sfn"]);
    let (gnb_up, ues) = (sample(9701, "sidecar_ran_gnb_up"), sample(9702, "sidecar_core_connected_ues"));
    println!("gNB reports: {gnb_up:?}, UEs that the core sees: {ues:?}");
    real.ue.end();
    real.gnb.end();
    for (name, count) in faults {
        assert_eq!(count, Some(0.0), "{name}");
    }
    assert_eq!((cell["phase"].as_str(), gnb_up), (Some("tracking"), Some(1.0)));
    assert_eq!((stream["mibs_bad"].as_u64(), stream["mibs_ok"].as_u64() > Some(10)), (Some(0), true), "{stream}");
    assert!(ping.is_none() || ues == Some(1.0), "the core's UEs: {ues:?}");
    assert!(samples > seconds as f64 * 1e6, "the radio stood still: {samples} samples");
}

/// Downlink datagrams for the UE: more than the cell can carry.
fn flood(to: String, stop: Arc<AtomicBool>) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        while !stop.load(Ordering::Relaxed) {
            for _ in 0..20 {
                // the core's interface may be full, or not there yet
                let _ = socket.send_to(&[0x5a; 1200], (to.as_str(), 9));
            }
            std::thread::sleep(Duration::from_millis(8));
        }
    })
}

/// Waits until the cell has gone on by this much radio time, s; whether it did within a minute for each.
fn passes(radio_s: f64) -> bool {
    let samples = || metric("sidecar_air_dl_samples_total").unwrap_or(0.0);
    let end = samples() + radio_s * 11.52e6;
    wait_until((60.0 * radio_s) as u64, || samples() >= end)
}

/// Mean, where there is one.
fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[test]
fn what_the_ue_gets_follows_the_power_that_is_set_in_a_fading_channel() {
    let _one = ONE.lock();
    if variable("SIDECAR_PING").is_none() {
        eprintln!("skipped: this test of real_radio needs a core, too: set SIDECAR_PING");
        return;
    }
    let Some(mut real) = Real::start("real-gnb-fading.yaml", true) else { return };
    let said = std::fs::read_to_string(real.dir.path().join("ue.out")).unwrap();
    let ip = said.split("IP: ").nth(1).and_then(|t| t.split_whitespace().next()).unwrap().to_owned();
    let stop = Arc::new(AtomicBool::new(false));
    let flooding = flood(ip, Arc::clone(&stop));
    // The first reports are those of a UE that has just come: CQI and MCS rise from where the gNB begins.
    assert!(passes(4.0), "the cell stands still");
    println!("| power | CQI | downlink MCS | downlink | SSB SNR | transport blocks not received |");
    let mut rows = Vec::new();
    for power in ["0 dB", "-5 dB", "-10 dB"] {
        let mut command = Command::new(binary("sidecar"));
        command.args(["air", "set", "--power", power]);
        assert!(command.output().unwrap().status.success());
        // what is seen of the setting before is not this one's
        assert!(passes(2.0), "the cell stands still");
        let (mut cqi, mut mcs, mut rate, mut snr, mut lost) = (vec![], vec![], vec![], vec![], vec![]);
        // the gNB reports once a second of radio time: some of that, however slow the machine is
        for _ in 0..6 {
            assert!(passes(1.0), "the cell stands still");
            let api = json("http://127.0.0.1:7780/api", &[]);
            let ue = &api["ues"][0];
            cqi.extend(ue["console"]["cqi"].as_f64());
            mcs.extend(ue["console"]["dl_mcs"].as_f64());
            rate.extend(ue["console"]["dl_bit_per_s"].as_f64());
            snr.extend(ue["ssb_snr_db"].as_f64());
            let [ok, nok] = ["dl_ok", "dl_nok"].map(|n| ue["console"][n].as_f64());
            lost.extend(ok.zip(nok).map(|(ok, nok)| nok / (ok + nok).max(1.0)));
        }
        let row = [cqi, mcs, rate, snr, lost].map(|values| mean(&values));
        let [cqi, mcs, rate, snr, lost] = row.map(|v| v.map_or_else(|| "-".to_owned(), |v| format!("{v:.3}")));
        println!("| {power} | {cqi} | {mcs} | {rate} bit/s | {snr} dB | {lost} |");
        rows.push(row);
    }
    stop.store(true, Ordering::Relaxed);
    flooding.join().unwrap();
    let connected = real.ue.said("RRC Connected");
    let faults = FAULTS.map(|name| (name, metric(name)));
    println!("RRC Connected {connected} times; {faults:?}");
    real.ue.end();
    real.gnb.end();
    assert!(faults.iter().all(|(_, count)| *count == Some(0.0)), "{faults:?}");
    let at = |row: usize, what: usize| rows[row][what].unwrap_or_else(|| panic!("not observed: {rows:?}"));
    assert!(at(0, 3) > at(1, 3) && at(1, 3) > at(2, 3), "the SNR does not follow: {rows:?}");
    assert!(at(0, 2) > at(1, 2) && at(1, 2) > at(2, 2), "throughput does not follow: {rows:?}");
    let follows = at(0, 0) > at(1, 0) && at(1, 0) > at(2, 0);
    assert!(follows || variable("SIDECAR_CQI").is_none(), "CQI does not follow: {rows:?}");
}

/// What must stay 0.
const FAULTS: [&str; 9] = [
    "sidecar_air_lost_samples_total",
    "sidecar_air_invented_samples_total",
    "sidecar_air_late_samples_total",
    "sidecar_air_nonfinite_samples_total",
    "sidecar_air_empty_messages_total",
    "sidecar_air_odd_size_messages_total",
    "sidecar_air_oversize_messages_total",
    "sidecar_air_late_peers_total",
    "sidecar_air_clipped_samples_total",
];
