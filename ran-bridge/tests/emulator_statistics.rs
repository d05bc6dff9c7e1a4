//! The emulator's channels against the same profiles drawn by Sionna, an independent implementation.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use ran_bridge::emulator::statistics::{Ensemble, bessel_j0};
use ran_bridge::emulator::{LinkConfig, TdlProfile};
use std::path::Path;

/// 16 antennas each: 4000 draws.
const SEEDS: u64 = 250;
const DOPPLER_HZ: f64 = 70.0;
/// From one time to the next.
const LAG_S: f64 = 2e-3;

struct Row {
    profile: String,
    statistic: String,
    x: f64,
    value: f64,
}

fn reference() -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hil-tests/fixtures/emulator/sionna_tdl.csv");
    let text = std::fs::read_to_string(path).unwrap();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let x = cells[2].parse().unwrap_or(0.0);
        Row { profile: cells[0].into(), statistic: cells[1].into(), x, value: cells[3].parse().unwrap() }
    };
    text.lines().skip(1).map(row).collect()
}

fn tdl(profile: TdlProfile) -> LinkConfig {
    LinkConfig { profile: Some(profile), delay_spread_ns: 300.0, doppler_hz: DOPPLER_HZ, ..LinkConfig::default() }
}

#[test]
fn profiles_have_the_statistics_of_an_independent_implementation() {
    let reference = reference();
    let times_s: Vec<f64> = (0..=10).map(|i| f64::from(i) * LAG_S).collect();
    for profile in TdlProfile::ALL {
        let ours = Ensemble::draw(&tdl(profile), SEEDS, &times_s);
        let of = |statistic: &'static str| {
            let name = profile.name();
            reference.iter().filter(move |r| r.profile == name && r.statistic == statistic)
        };
        let name = profile.name();
        assert_eq!(of("pdp").count(), ours.power_delay_profile().len());
        for (theirs, (delay_s, power)) in of("pdp").zip(ours.power_delay_profile()) {
            assert!((delay_s * 1e9 - theirs.x).abs() < 0.01, "{name}: path at {delay_s} instead of {} ns", theirs.x);
            // 4000 draws at 11 times, of which every other is independent: 0.03 dB, and as much on their side
            let db = 10.0 * (power / theirs.value).log10();
            assert!(db.abs() < 0.25, "{name}: path at {} ns differs by {db} dB", theirs.x);
        }
        let spread = of("spread").next().unwrap().value;
        assert!((ours.delay_spread_s() * 1e9 / spread - 1.0).abs() < 0.02, "{name}: {} s", ours.delay_spread_s());
        for (time, theirs) in of("doppler").step_by(2).enumerate() {
            assert_eq!(theirs.x, 2.0 * time as f64);
            let got = ours.autocorrelation(time).re;
            assert!(
                (got - theirs.value).abs() < 0.03,
                "{name}: lag {} ms: {got} instead of {}",
                theirs.x,
                theirs.value
            );
        }
        for theirs in of("frequency") {
            let got = ours.frequency_correlation(theirs.x * 1e6);
            // of 4000 draws: 1/√4000 = 0.016
            assert!((got - theirs.value).abs() < 0.04, "{name}: {} MHz: {got} instead of {}", theirs.x, theirs.value);
        }
        let probabilities: Vec<f64> = of("amplitude").map(|r| r.x).collect();
        for (theirs, got) in of("amplitude").zip(ours.amplitude_quantiles(&probabilities)) {
            assert!(
                (got - theirs.value).abs() < 0.04,
                "{name}: quantile {}: {got} instead of {}",
                theirs.x,
                theirs.value
            );
        }
        for theirs in of("k") {
            let got = ours.k_db(0);
            assert!((got - theirs.value).abs() < 0.15, "{name}: K {got} instead of {} dB", theirs.value);
        }
    }
}

#[test]
fn without_a_direct_path_the_autocorrelation_is_clarkes() {
    let times_s: Vec<f64> = (0..=10).map(|i| f64::from(i) * LAG_S).collect();
    let ours = Ensemble::draw(&tdl(TdlProfile::TdlC), SEEDS, &times_s);
    for (time, t_s) in times_s.iter().enumerate() {
        let (got, want) = (ours.autocorrelation(time), bessel_j0(std::f64::consts::TAU * DOPPLER_HZ * t_s));
        assert!((got.re - want).abs() < 0.02 && got.im.abs() < 0.02, "{t_s} s: {got} instead of {want}");
    }
}

#[test]
fn antennas_are_correlated_as_by_the_independent_implementation() {
    let ours = Ensemble::draw(&LinkConfig { array_correlation: 0.7, ..tdl(TdlProfile::TdlA) }, 1000, &[0.0]);
    for theirs in reference().iter().filter(|r| r.statistic == "antenna") {
        let got = ours.antenna_correlation(1, theirs.x as usize);
        assert!((got - theirs.value).abs() < 0.02, "{} apart: {got} instead of {}", theirs.x, theirs.value);
    }
    let free = Ensemble::draw(&tdl(TdlProfile::TdlA), 1000, &[0.0]);
    assert!(free.antenna_correlation(1, 1).abs() < 0.02);
}
