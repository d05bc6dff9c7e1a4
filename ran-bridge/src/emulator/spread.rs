//! How far delays may lie apart under a Doppler shift.

use super::config::UPDATE_TURNS;
use super::csi_trace::CsiTrace;
use super::motion::Motion;
use super::profile::DIRECT_SHIFT;
use super::{LinkConfig, PathSpec};
use std::f64::consts::TAU;

/// Largest distance from the formulae that is taken, relative to the link, root mean square; with the 2e-5 of the lines themselves it stays
/// below 1e-4.
const MOST: f64 = 8e-5;

/// Distance of a link's exact delays from its formulae, relative to its amplitude, root mean square, over what straight lines between
/// exact values cost anyway.
///
/// An output has one line for all its paths: that of the update interval, T long, in which the mean delay lies. A path that comes `s` later or
/// earlier goes up to `s` beyond its ends, and at a distance `q·T` beyond an end a line misses by `q(1+q)/2·T²·|h''|`. Over the interval's samples
/// the mean square of `q(1+q)` is `F(r) − F(r−1)`, `r = s/T`, with `F(q) = q³/3 + q⁴/2 + q⁵/5` and 0 below 0. `|h''|` is `(2πf)²` of one path and `√(3/8)` of
/// it for Clarke's spectrum. T is at most [`UPDATE_TURNS`] of the fastest shift.
fn distance(link: &LinkConfig) -> f64 {
    // delays in ns
    let paths = PathSpec::of(link, 1e9);
    let moves_hz = link.trace.as_ref().and_then(|t| Motion::load(t).ok()).map(|m| m.largest_shift_hz());
    let turns_hz = link.csi.as_ref().and_then(|p| CsiTrace::load(p).ok()).map(|c| c.largest_shift_hz());
    let scattered_hz = link.doppler_hz.abs();
    let direct_hz = match (moves_hz.or(turns_hz), link.profile) {
        (Some(hz), _) => hz,
        (None, Some(_)) => DIRECT_SHIFT * scattered_hz,
        (None, None) => 0.0,
    };
    let fastest_hz = scattered_hz.max(direct_hz);
    let power: f64 = paths.iter().map(PathSpec::power).sum();
    if fastest_hz == 0.0 || power == 0.0 {
        return 0.0;
    }
    let update_s = UPDATE_TURNS / fastest_hz;
    let bend = |hz: f64| (TAU * hz * update_s).powi(2) / 2.0;
    let mean_ns = PathSpec::mean_delay_samples(&paths);
    let beyond = |q: f64| if q > 0.0 { q.powi(3) / 3.0 + q.powi(4) / 2.0 + q.powi(5) / 5.0 } else { 0.0 };
    let of_path = |p: &PathSpec| {
        let r = (p.delay_samples - mean_ns).abs() * 1e-9 / update_s;
        let curved = (p.direct * bend(direct_hz)).powi(2) + 0.375 * (p.scattered * bend(scattered_hz)).powi(2);
        curved * (beyond(r) - beyond(r - 1.0))
    };
    (paths.iter().map(of_path).sum::<f64>() / power).sqrt()
}

/// Whether a link's delays lie so near each other that the emulator stays at its formulae.
///
/// # Errors
/// That they do not, with how far it would be away.
pub fn check_spread(link: &LinkConfig) -> Result<(), String> {
    if !link.has_exact_delays() {
        return Ok(());
    }
    match distance(link) {
        d if d <= MOST => Ok(()),
        d => Err(format!(
            "delays so far apart under this Doppler shift would be {d:.0e} away from the channel's formulae, at most {MOST:.0e} is taken: \
             give a smaller doppler_hz or delay_spread_ns, or taps nearer to each other"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ExactTap, TdlProfile};
    use super::*;

    fn two_paths(apart_ns: f64, doppler_hz: f64) -> LinkConfig {
        let tap = |delay_ns| ExactTap { delay_ns, power_db: 0.0 };
        LinkConfig {
            rician_k_db: Some(-60.0),
            exact_taps: vec![tap(0.0), tap(apart_ns)],
            doppler_hz,
            ..LinkConfig::default()
        }
    }

    #[test]
    fn the_distance_by_hand() {
        // T = 0.00301/300 Hz = 10.03 µs, each path 5.017 µs from the mean: r = 0.5, F = 0.04167 + 0.03125 + 0.00625 = 0.07917
        // √(3/8)/2·(2π·0.00301)²·√0.07917 = 0.30619·3.5768e-4·0.28137
        let got = distance(&two_paths(10_033.3, 300.0));
        assert!((got - 3.0815e-5).abs() < 1e-8, "{got:e}");
        // 50.17 µs: r = 2.5, F(2.5) − F(1.5) = 44.271 − 5.175 = 39.096
        let got = distance(&two_paths(50_166.6, 300.0));
        assert!((got - 6.848e-4).abs() < 1e-6, "{got:e}");
    }

    #[test]
    fn a_delay_of_the_whole_link_costs_nothing_and_wide_spreads_are_refused() {
        let tdl = |doppler_hz, delay_spread_ns| LinkConfig {
            profile: Some(TdlProfile::TdlA),
            delay_spread_ns,
            doppler_hz,
            delay_ns: 50_000.0,
            ..LinkConfig::default()
        };
        assert_eq!(tdl(300.0, 300.0).check(), Ok(()));
        assert_eq!(two_paths(50_000.0, 70.0).check(), Ok(()));
        for link in [two_paths(50_000.0, 300.0), tdl(10_000.0, 2000.0)] {
            let error = link.check().unwrap_err();
            assert!(error.contains("doppler_hz"), "{error}");
        }
    }
}
