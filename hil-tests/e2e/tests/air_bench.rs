//! The bench of the data plane runs and loses nothing. Its times are read from a quiet machine, not here.

use sidecar::bench::air_basic::{Options, run};

#[test]
fn a_short_run_is_free_of_faults_and_compares_with_the_relay() {
    let rows = run(&Options { seconds: 1 }, &mut |_| {}).unwrap();
    for case in ["air, cable", "air, channel"] {
        let get = |metric: &str| rows.iter().find(|r| r.case == case && r.metric == metric).unwrap();
        assert_eq!(get("samples lost, invented or changed").value, Some(0.0), "{case}");
        assert!(get("slots").value.unwrap() > 10.0);
        let trip = get("round trip p50");
        let relay = rows.iter().find(|r| r.case == "bare relay" && r.metric == "round trip p50").unwrap();
        let (ours, peer) = (trip.value.unwrap(), relay.value.unwrap());
        assert!(peer > 0.0 && (trip.ratio.unwrap() - peer / ours).abs() < 1e-9);
        assert!(get("stage p99 a slot").value.is_some());
    }
}
