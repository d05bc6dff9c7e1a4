//! gNB and terminals over real sockets with a trivial relay in between.
use super::relay;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[test]
fn half_a_second_of_radio_time() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = relay::quiet(dir.path(), 2, 1);
    config.duration_s = Some(0.6);
    config.world.truth = Some(dir.path().join("truth.json"));
    config.world.log = Some(dir.path().join("world.jsonl"));
    let stop = Arc::new(AtomicBool::new(false));
    let relay_stop = Arc::new(AtomicBool::new(false));
    // Mean power of a full slot is -13 dBFS over 300 of 512 subcarriers. A noise of sigma per component has 2·sigma² over all 512,
    // so SINR = 10^(-1.3)·512/300 / (2·sigma²): 20 dB, 8 dB and 2 dB below.
    let sigma = |sinr_db: f32| (10f32.powf(-1.3) * 512.0 / 300.0 / 2.0 / 10f32.powf(sinr_db / 10.0)).sqrt();
    let shape = [(1.0, sigma(20.0)), (0.5, 0.5 * sigma(8.0)), (1.0, sigma(2.0))];
    let (outcome, seen) = std::thread::scope(|s| {
        let relaying = s.spawn(|| relay::relay(&config, &shape, &relay_stop));
        let outcome = lab::run(&config, &stop);
        relay_stop.store(true, Ordering::Relaxed);
        (outcome, relaying.join().unwrap())
    });
    let (summary, view) = outcome.unwrap();
    assert!((summary.radio_s - 0.6).abs() < 0.002);
    eprintln!("{:.2} x real time", summary.radio_s / summary.wall_s);
    // Lockstep: transmit runs 1 ms + N_TA,offset + one slot ahead of receive, never more.
    assert_eq!(seen.first_reply, 600);
    assert!(seen.distinct_sizes > 1);
    assert!(seen.downlink <= seen.uplink + 2 * 7680 + 100, "{seen:?}");
    assert!(seen.downlink >= 590 * 7680);

    for (i, want_db) in [(0, 20.0), (1, 8.0)] {
        let ue = &view["ues"][i];
        assert_eq!(ue["in_sync"], true, "{ue:#}");
        assert_eq!(ue["attached"], true);
        let got_db = ue["sinr_db"].as_f64().unwrap();
        assert!((got_db - want_db).abs() < 1.5, "UE {i}: {got_db} dB for {want_db}");
        assert!(ue["delivered_bits"].as_f64().unwrap() > 0.0);
        assert!(ue["ul_snr_db"].as_f64().unwrap() > 30.0, "{ue:#}");
    }
    let ear = &view["eavesdropper"];
    assert!((ear["sinr_db"].as_f64().unwrap() - 2.0).abs() < 1.5, "{ear:#}");

    let truth: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(dir.path().join("truth.json")).unwrap()).unwrap();
    assert_eq!(truth["slot_offset_samples"], 100);
    let log = std::fs::read_to_string(dir.path().join("world.jsonl")).unwrap();
    assert_eq!(log.lines().count(), 6);
}
