//! `sidecar csi` on a piece of a real gNB's downlink.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a test that cannot set up its world fails")]

use std::path::{Path, PathBuf};

use sidecar::csi::{CsiArgs, run};

fn args(file: PathBuf) -> CsiArgs {
    CsiArgs {
        file,
        json: true,
        ssb_offset_hz: None,
        scs_khz: 15,
        study: false,
        plot: None,
        seeds: 1,
        measure: false,
        trs: None,
        csi_rs: None,
    }
}

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../hil-tests/fixtures/iq/gnb_downlink_25ms.sigmf-meta")
}

fn json(args: &CsiArgs) -> serde_json::Value {
    let mut out = Vec::new();
    run(args, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

fn check(answer: &serde_json::Value, first_sample: u64, first_sfn: u64, count: usize) {
    assert_eq!(answer["pci"], 1);
    let blocks = answer["ssb"].as_array().unwrap();
    assert_eq!(blocks.len(), count);
    for (n, block) in (0u64..).zip(blocks) {
        let mut keys: Vec<_> = block.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["cfo_hz", "index", "mib_crc_ok", "sample", "sfn", "snr_db"]);
        assert_eq!(block["sample"], first_sample + 115_200 * n);
        assert_eq!(block["sfn"], first_sfn + n);
        assert_eq!(block["index"], 0);
        assert_eq!(block["mib_crc_ok"], true);
        assert!(block["snr_db"].as_f64().unwrap() > 40.0);
        assert!(block["cfo_hz"].as_f64().unwrap().abs() < 2.0);
    }
}

#[test]
fn finds_every_block_of_the_excerpt() {
    check(&json(&args(fixture())), 10_770, 426, 3);
    // the offset given instead of searched for
    check(&json(&CsiArgs { ssb_offset_hz: Some(-450e3), ..args(fixture()) }), 10_770, 426, 3);
}

#[test]
fn measures_and_the_tracking_reference_signal_when_asked_for() {
    let answer = json(&CsiArgs { measure: true, trs: Some(52), ..args(fixture()) });
    let near = |v: &serde_json::Value, to: f64, by: f64| assert!((v.as_f64().unwrap() - to).abs() < by, "{v}");
    assert_eq!(answer["cells"].as_array().unwrap().len(), 1);
    near(&answer["cells"][0]["rsrp_dbfs"], -39.95, 0.05);
    near(&answer["ssb"][0]["rsrp_dbfs"], -39.95, 0.05);
    let rs = answer["csi_rs"].as_array().unwrap();
    let places: Vec<_> =
        rs.iter().map(|r| [&r["sfn"], &r["slot"], &r["symbol"]].map(|v| v.as_u64().unwrap())).collect();
    assert_eq!(places, [[427, 2, 4], [427, 2, 8], [427, 3, 4], [427, 3, 8]]);
    for r in rs {
        near(&r["rsrp_dbfs"], -39.95, 0.05);
        near(&r["rms_delay_ns"], 0.0, 10.0);
        assert!(r["sinr_db"].as_f64().unwrap() > 40.0);
    }
}

#[test]
fn a_wrong_offset_finds_nothing_and_says_so() {
    let answer = json(&CsiArgs { ssb_offset_hz: Some(450e3), ..args(fixture()) });
    assert_eq!(answer, serde_json::json!({"pci": null, "ssb": []}));
    let mut out = Vec::new();
    run(&CsiArgs { ssb_offset_hz: Some(450e3), json: false, ..args(fixture()) }, &mut out).unwrap();
    assert!(String::from_utf8(out).unwrap().contains("no cell found"));
    assert!(run(&CsiArgs { ssb_offset_hz: Some(9e6), ..args(fixture()) }, &mut Vec::new()).is_err());
    assert!(run(&args("missing.sigmf-meta".into()), &mut Vec::new()).is_err());
}

#[test]
fn the_table_names_cell_and_mib() {
    let mut out = Vec::new();
    run(&CsiArgs { json: false, ..args(fixture()) }, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("cell PCI 1  SSB at -450 kHz"), "{text}");
    assert!(
        text.contains("k_SSB 6") && text.contains("CORESET#0 6") && text.contains("3 blocks, 3 MIBs good"),
        "{text}"
    );
}

#[test]
fn full_recordings() {
    let named = std::env::var_os("SIDECAR_CAPTURES").map(|d| PathBuf::from(d).join("iq"));
    let Some(dir) = named.filter(|p| p.is_dir()) else {
        println!("skipped: full_recordings: recordings not found");
        return;
    };
    for (name, sample, sfn) in [
        ("gnb_tx_bw10_noUE_100ms", 1_800, 60),
        ("dl_rar_attach_2170ms_100ms", 59_250, 401),
        ("dl_busiest_2419ms_100ms", 70_770, 426),
    ] {
        check(&json(&args(dir.join(format!("{name}.sigmf-meta")))), sample, sfn, 10);
    }
    // an uplink has no cell in it
    assert_eq!(json(&args(dir.join("ul_prach_msg3_2170ms_100ms.sigmf-meta")))["pci"], serde_json::Value::Null);
}

#[test]
#[ignore = "takes a minute: prints the whole study"]
fn whole_study() {
    let mut out = Vec::new();
    let plot = std::env::temp_dir().join("csi-study.svg");
    run(&CsiArgs { json: false, study: true, plot: Some(plot), ..args(fixture()) }, &mut out).unwrap();
    println!("{}", String::from_utf8(out).unwrap());
}

/// Samples 0 … 20 ms of the excerpt over and over: blocks stay 10 ms apart.
#[test]
fn a_long_recording_is_followed_and_a_cell_that_comes_back_elsewhere_is_found_again() {
    let recording = ran_bridge::iq::read(&fixture()).unwrap();
    let piece = &recording.samples[..230_400];
    let zero = num_complex::Complex32::new(0.0, 0.0);
    let mut iq: Vec<_> = piece.iter().copied().cycle().take(15 * 230_400).collect();
    iq.extend(std::iter::repeat_n(zero, 1_382_400 + 1234));
    iq.extend(piece.iter().copied().cycle().take(10 * 230_400));
    let config = ran_bridge::nr::SearchConfig { center_hz: recording.frequency_hz, ..Default::default() };
    let outcome = sidecar::csi::analyse(&iq, recording.rate_hz, &config).unwrap();
    let samples: Vec<u64> = outcome.ssb.iter().map(|b| b.sample).collect();
    let before: Vec<u64> = (0..30).map(|n| 10_770 + 115_200 * n).collect();
    assert_eq!(samples[..30], before);
    let again = 15 * 230_400 + 1_382_400 + 1234 + 10_770;
    let after: Vec<u64> = (0..20).map(|n| again + 115_200 * n).collect();
    assert_eq!(samples[30..], after);
    assert!(outcome.ssb.iter().all(|b| b.mib_crc_ok));
}
