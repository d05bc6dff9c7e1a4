//! `sidecar iq` and `sidecar csi` as they are typed: what a radio hears and what a wire carries becomes a recording, a recording goes onto a wire.
#![expect(clippy::unwrap_used, reason = "helpers of the test")]

mod tx_support;

use e2e::{Program, sidecar};
use num_complex::Complex32;
use ran_bridge::iq::{self, BYTES_PER_SAMPLE, Recording, copy_finite};
use sidecar::config::{Config, Frequency};
use sidecar::free_ports::FreePorts;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use tx_support::{Bench, err, out};

const RATE_HZ: f64 = 11.52e6;

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/iq/gnb_downlink_25ms.sigmf-meta")
}

/// A radio whose receiver hears a real gNB's downlink, over and over.
fn bench() -> Bench {
    let bench = Bench::new(|tx| {
        tx.sample_rate = Frequency::new(RATE_HZ);
        tx.frequency = Frequency::new(1842.5e6);
        // the second is not recorded
        tx.listen.channels = vec![0, 1];
    });
    let cell = bench.dir.path().join("cell.cf32");
    // whole frames, so that it goes on without a jump
    let samples = &iq::read(&fixture()).unwrap().samples[..230_400];
    let bytes: Vec<u8> = samples.iter().flat_map(|z| [z.re.to_le_bytes(), z.im.to_le_bytes()]).flatten().collect();
    std::fs::write(&cell, bytes).unwrap();
    bench.usrp.control(&format!("play 0 {}", cell.display())).unwrap();
    bench
}

#[test]
fn what_a_radio_hears_is_recorded_and_nothing_is_sent() {
    let bench = bench();
    let heard = bench.dir.path().join("heard.1");
    let words = ["iq", "radio", heard.to_str().unwrap(), "--for", "100 ms", "--json"];
    let done = bench.run(&words);
    assert!(done.status.success(), "{}{}", out(&done), err(&done));
    let said: serde_json::Value = serde_json::from_str(&out(&done)).unwrap();
    let recording = iq::read(&heard).unwrap();
    assert_eq!((recording.rate_hz, recording.frequency_hz), (RATE_HZ, Some(1842.5e6)));
    assert_eq!(recording.samples.len() as u64 - recording.lost, said["samples"].as_u64().unwrap());
    assert_eq!(recording.lost, said["lost"].as_u64().unwrap());
    assert!(recording.samples.len() <= 1_152_000 && said["samples"].as_u64() > Some(500_000), "{said}");
    // the cell is in it
    let csi = bench.run(&["csi", heard.to_str().unwrap(), "--json"]);
    let csi: serde_json::Value = serde_json::from_str(&out(&csi)).unwrap();
    assert_eq!(csi["pci"], 1, "{csi}");
    assert!(csi["ssb"].as_array().unwrap().iter().filter(|b| b["mib_crc_ok"] == true).count() >= 5, "{csi}");

    // a recording that is there is nobody's to overwrite
    let again = bench.run(&words);
    assert_eq!(again.status.code(), Some(2), "{}", err(&again));
    assert!(err(&again).contains("heard.1.sigmf-meta is there already"), "{}", err(&again));

    let live = bench.run(&["csi", "radio", "--for", "60 ms", "--json"]);
    let live: serde_json::Value = serde_json::from_str(&out(&live)).unwrap();
    assert_eq!(live["pci"], 1, "{live}");

    // receiving has opened no transmitter: no sample, no gain but the lowest
    assert!(bench.usrp.radiated().unwrap().is_empty());
    let gains = bench.usrp.events().unwrap().into_iter().filter_map(|e| match e.event {
        virtual_usrp::Event::Set(s) if s.setting == "gain" && s.direction == Some(virtual_usrp::Direction::Tx) => {
            s.value.as_f64()
        }
        _ => None,
    });
    assert!(gains.into_iter().all(|g| g == 0.0));
}

#[test]
fn a_radio_belongs_to_one_process_and_transmits_by_the_guard_alone() {
    let bench = bench();
    let recording = fixture();
    let sent = bench.run(&["iq", recording.to_str().unwrap(), "radio"]);
    assert_eq!(sent.status.code(), Some(2), "{}", err(&sent));
    assert!(err(&sent).contains("tx-guard alone") && err(&sent).contains("sidecar tx fire --play"), "{}", err(&sent));

    let mut guard = bench.guard();
    let heard = bench.dir.path().join("heard");
    let refused = bench.run(&["iq", "radio", heard.to_str().unwrap(), "--for", "10 ms"]);
    assert_eq!(refused.status.code(), Some(4), "{}", err(&refused));
    assert!(err(&refused).contains("belongs to one process at a time"), "{}", err(&refused));
    assert!(!heard.with_extension("sigmf-data").exists());
    assert_eq!(guard.end(), Some(0));

    let wrong = bench.run(&["iq", "radio", heard.to_str().unwrap(), "--for", "10 ms", "--rate", "20 MHz"]);
    assert_eq!(wrong.status.code(), Some(4), "{}", err(&wrong));
    assert!(err(&wrong).contains("20000000") && err(&wrong).contains("20480000"), "{}", err(&wrong));
    assert!(bench.usrp.radiated().unwrap().is_empty());
}

/// A configuration at this rate, and a folder.
fn folder() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.air.sample_rate = Frequency::new(RATE_HZ);
    let file = dir.path().join("sidecar.yaml");
    std::fs::write(&file, config.to_yaml().unwrap()).unwrap();
    (dir, file)
}

fn address() -> String {
    format!("tcp://127.0.0.1:{}", FreePorts::stock(1).unwrap().take().unwrap())
}

fn run(mut command: Command) -> (Option<i32>, String, String) {
    let done = command.output().unwrap();
    (done.status.code(), out(&done), err(&done))
}

#[test]
fn a_recording_goes_onto_a_wire_and_a_wire_into_a_recording() {
    let (dir, config) = folder();
    let at = address();
    let recording = fixture();
    // whole frames of it, as another file
    let frames = dir.path().join("frames");
    let cut = ["iq", recording.to_str().unwrap(), frames.to_str().unwrap(), "--for", "20 ms"];
    let (code, said, wrong) = run(sidecar(&config, &cut));
    assert_eq!(code, Some(0), "{wrong}");
    assert!(said.starts_with("230400 samples (20.000 ms) from "), "{said}");
    let whole = iq::read(&recording).unwrap();
    let part = iq::read(&frames).unwrap();
    assert_eq!((&part.samples[..], part.frequency_hz), (&whole.samples[..230_400], whole.frequency_hz));

    let mut play = sidecar(&config, &["iq", frames.to_str().unwrap(), &at, "--repeat"]);
    let mut play = Program::start(&mut play, dir.path().join("play.log"));
    // a command takes it as it comes
    let taken = dir.path().join("taken");
    let (code, said, wrong) = run(sidecar(&config, &["iq", &at, taken.to_str().unwrap(), "--for", "50 ms"]));
    assert_eq!(code, Some(0), "{wrong}{}", play.log());
    assert!(said.starts_with("576000 samples (50.000 ms)") && said.ends_with("index 0\n"), "{said}");
    let came = iq::read(&taken).unwrap();
    assert_eq!((came.samples.len(), came.lost, came.frequency_hz), (576_000, 0, None));
    let again = part.samples.iter().cycle();
    assert!(came.samples.iter().zip(again).all(|(a, b)| a == b));
    // its receiver has gone, and so the stream is over
    assert_eq!(play.code(20), Some(4), "{}", play.log());
    assert!(play.log().contains("the other side is gone"), "{}", play.log());

    // libzmq at the other end, as a UE has it; the cell is searched on the wire itself
    let mut play =
        Program::start(&mut sidecar(&config, &["iq", frames.to_str().unwrap(), &at]), dir.path().join("play.log"));
    let (context, mut samples) = (zmq::Context::new(), Vec::new());
    let asks = context.socket(zmq::REQ).unwrap();
    asks.set_rcvtimeo(20_000).unwrap();
    asks.set_linger(0).unwrap();
    asks.connect(&at).unwrap();
    while samples.len() < 230_400 {
        asks.send([0].as_slice(), 0).unwrap();
        let bytes = asks.recv_bytes(0).unwrap();
        let mut block = vec![Complex32::ZERO; bytes.len() / BYTES_PER_SAMPLE];
        copy_finite(&bytes, &mut block);
        samples.extend(block);
    }
    assert!(samples == part.samples);
    assert_eq!(play.code(20), Some(0), "{}", play.log());
    let mut play = Program::start(
        &mut sidecar(&config, &["iq", frames.to_str().unwrap(), &at, "--repeat"]),
        dir.path().join("play.log"),
    );
    let (_, said, wrong) = run(sidecar(&config, &["csi", &at, "--json"]));
    let csi: serde_json::Value = serde_json::from_str(&said).unwrap_or_else(|e| panic!("{e}: {said}{wrong}"));
    assert_eq!((csi["pci"].as_u64(), csi["ssb"].as_array().map(Vec::len)), (Some(1), Some(20)), "{csi}");
    assert_eq!(play.code(20), Some(4));
}

#[test]
fn what_came_before_an_end_is_kept() {
    let (dir, config) = folder();
    let at = address();
    let to = dir.path().join("taken");
    let mut taking =
        Program::start(&mut sidecar(&config, &["iq", &at, to.to_str().unwrap()]), dir.path().join("take.log"));
    {
        let context = zmq::Context::new();
        let gives = context.socket(zmq::REP).unwrap();
        gives.set_rcvtimeo(20_000).unwrap();
        gives.bind(&at).unwrap();
        for _ in 0..3 {
            gives.recv_bytes(0).unwrap();
            gives.send(vec![0_u8; 8 * 1_000], 0).unwrap();
        }
        gives.recv_bytes(0).unwrap();
        // it dies owing an answer
    }
    assert_eq!(taking.code(20), Some(4), "{}", taking.log());
    assert!(taking.log().contains("what came until then is in"), "{}", taking.log());
    assert_eq!(iq::read(&to).unwrap().samples.len(), 3_000);
    // and so is what came before somebody says that it is enough
    let to = dir.path().join("enough");
    let mut taking =
        Program::start(&mut sidecar(&config, &["iq", &at, to.to_str().unwrap()]), dir.path().join("take.log"));
    let context = zmq::Context::new();
    let gives = context.socket(zmq::REP).unwrap();
    gives.set_rcvtimeo(20_000).unwrap();
    gives.bind(&at).unwrap();
    gives.recv_bytes(0).unwrap();
    gives.send(vec![0_u8; 8 * 1_000], 0).unwrap();
    assert!(gives.recv_bytes(0).is_ok(), "asks again when it has them");
    assert_eq!(taking.end(), Some(0), "{}", taking.log());
    assert_eq!(iq::read(&to).unwrap().samples.len(), 1_000);
}

#[test]
fn a_wrong_rate_and_a_wrong_message_have_their_words() {
    let (dir, config) = folder();
    let (at, to) = (address(), dir.path().join("to"));
    let slow = dir.path().join("slow");
    iq::write(&slow, &Recording { samples: vec![Complex32::ONE; 100], ..Recording::empty(1.92e6, None, "") }).unwrap();
    let (code, _, said) = run(sidecar(&config, &["iq", slow.to_str().unwrap(), &at]));
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("1920000 Hz") && said.contains("11520000 Hz") && said.contains("--rate"), "{said}");
    let (code, _, said) = run(sidecar(&config, &["iq", slow.to_str().unwrap(), to.to_str().unwrap(), "--repeat"]));
    assert_eq!((code, said.contains("--repeat")), (Some(2), true), "{said}");

    let mut taking =
        Program::start(&mut sidecar(&config, &["iq", &at, to.to_str().unwrap()]), dir.path().join("take.log"));
    let context = zmq::Context::new();
    let gives = context.socket(zmq::REP).unwrap();
    gives.set_rcvtimeo(20_000).unwrap();
    gives.bind(&at).unwrap();
    gives.recv_bytes(0).unwrap();
    gives.send([0_u8; 12].as_slice(), 0).unwrap();
    assert_eq!(taking.code(20), Some(4), "{}", taking.log());
    assert!(taking.log().contains("set the peer's wire format to fc32"), "{}", taking.log());
}
