//! The bench of the data plane runs and loses nothing. Its times are read from a quiet machine, not here.

use sidecar::bench::air::{Options, run};

#[test]
fn a_short_run_is_free_of_faults_and_compares_with_the_relay() {
    let rows = run(&Options { rounds: 2, round_ms: 200, gnuradio: false }, &mut |_| {}).unwrap();
    let cases: Vec<&str> = {
        let stages = rows.iter().filter(|r| r.metric == "stage p99 a slot");
        stages.map(|r| r.case.as_str()).collect()
    };
    assert_eq!(cases.len(), 5, "{cases:?}");
    for case in cases {
        let of = |case: &str, metric: &str| {
            rows.iter().find(|r| r.case == case && r.metric == metric).and_then(|r| r.value).unwrap()
        };
        let get = |metric: &str| of(case, metric);
        let lossless =
            if case.contains("cable") { "samples lost, invented or changed" } else { "samples lost or invented" };
        assert_eq!(get(lossless), 0.0, "{case}");
        assert!(get("slots") >= 2.0 && get("stage p99 a slot") > 0.0 && get("throughput") > 0.0, "{case}");
        assert!(get("processor time of air's thread a slot") > get("stage p50 a slot") * 0.1, "{case}");
        let bands: f64 = ["green", "yellow", "red"].map(|b| get(&format!("slots in the {b} band"))).iter().sum();
        assert!((bands - 100.0).abs() < 1e-9, "{case}: {bands}");
        let relay = if case.contains("4 UEs") { "bare relay, 4 UEs" } else { "bare relay, 1 UE" };
        assert_eq!(of(relay, "samples lost, invented or changed"), 0.0);
        assert!(get("round trip p50, times the relay's") > 0.1 && of(relay, "round trip p50") > 0.0, "{case}");
    }
    let changes = rows.iter().find(|r| r.metric == "changes of weights a slot").and_then(|r| r.value).unwrap();
    assert!(changes > 0.9, "{changes}");
    assert!(rows.iter().all(|r| r.skipped.is_none()));
}
