//! Statistics of the emulator's profiles: ours, an independent implementation's, and the theory's.

use super::list::{BenchContext, BenchError};
use ran_bridge::emulator::statistics::{Ensemble, bessel_j0};
use ran_bridge::emulator::{LinkConfig, TdlProfile};
use std::f64::consts::TAU;

/// Drawn by Sionna: see the file's README.
const SIONNA: &str = include_str!("../../../hil-tests/fixtures/emulator/sionna_tdl.csv");
const DOPPLER_HZ: f64 = 70.0;
const SPREAD_NS: f64 = 300.0;

/// One figure three times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub x: f64,
    pub ours: f64,
    pub theirs: f64,
    pub theory: f64,
}

/// All figures of one profile.
pub(super) struct ProfileFigures {
    pub name: &'static str,
    pub spread_ns: Point,
    pub k_db: Option<Point>,
    /// Over delay in ns.
    pub pdp_db: Vec<Point>,
    /// Over lag in ms.
    pub doppler: Vec<Point>,
    /// Over distance in MHz.
    pub frequency: Vec<Point>,
    /// Over probability.
    pub amplitude: Vec<Point>,
}

/// Everything.
pub(super) struct Compared {
    pub profiles: Vec<ProfileFigures>,
    /// Over places apart.
    pub antennas: Vec<Point>,
}

/// Figures `(x, value)` of one profile and statistic.
fn sionna(profile: &str, statistic: &str) -> Vec<(f64, f64)> {
    let prefix = format!("{profile},{statistic},");
    SIONNA
        .lines()
        .filter_map(|l| l.strip_prefix(&prefix)?.split_once(','))
        .filter_map(|(x, v)| Some((if x.is_empty() { 0.0 } else { x.parse().ok()? }, v.parse().ok()?)))
        .collect()
}

pub(super) fn compare(context: &BenchContext) -> Result<Compared, BenchError> {
    let seeds = if context.quick { 20 } else { 500 };
    let profiles: Vec<_> = TdlProfile::ALL.iter().filter_map(|p| figures(*p, seeds)).collect();
    if profiles.len() != TdlProfile::ALL.len() {
        return Err(BenchError::Failed("the reference statistics are incomplete".into()));
    }
    let correlated = LinkConfig { array_correlation: 0.7, ..link(TdlProfile::TdlA) };
    let ours = Ensemble::draw(&correlated, 2 * seeds, &[0.0]);
    let antennas = sionna("tdl-a", "antenna").into_iter().map(|(x, theirs)| Point {
        x,
        ours: ours.antenna_correlation(1, x as usize),
        theirs,
        theory: 0.7_f64.powf(x),
    });
    Ok(Compared { profiles, antennas: antennas.collect() })
}

fn link(profile: TdlProfile) -> LinkConfig {
    LinkConfig { profile: Some(profile), delay_spread_ns: SPREAD_NS, doppler_hz: DOPPLER_HZ, ..LinkConfig::default() }
}

fn figures(profile: TdlProfile, seeds: u64) -> Option<ProfileFigures> {
    let name = profile.name();
    let lags = sionna(name, "doppler");
    let times_s: Vec<f64> = lags.iter().map(|l| l.0 * 1e-3).collect();
    let ours = Ensemble::draw(&link(profile), seeds, &times_s);
    let linear = |db: f64| 10.0_f64.powf(db / 10.0) / profile.total();
    let direct = profile.direct_db().map_or(0.0, linear);
    let table: Vec<(f64, f64)> = profile.rows().iter().map(|r| (r.0 * SPREAD_NS, linear(r.1))).collect();
    let db = |p: f64| 10.0 * p.log10();

    let pdp = ours.power_delay_profile();
    let pdp_db = sionna(name, "pdp").into_iter().zip(pdp).enumerate().map(|(i, ((x, theirs), (_, power)))| Point {
        x,
        ours: db(power),
        theirs: db(theirs),
        theory: db(table.get(i).map_or(0.0, |t| t.1) + if i == 0 { direct } else { 0.0 }),
    });
    let doppler = lags.iter().enumerate().map(|(time, (x, theirs))| {
        let turns = DOPPLER_HZ * x * 1e-3;
        //= TR 38.901 §7.7.2: Clarke's spectrum of the scattered paths, the direct path at 0.7 f_D
        let theory = (1.0 - direct) * bessel_j0(TAU * turns) + direct * (TAU * 0.7 * turns).cos();
        Point { x: *x, ours: ours.autocorrelation(time).re, theirs: *theirs, theory }
    });
    let frequency = sionna(name, "frequency").into_iter().map(|(x, theirs)| {
        let (mut re, mut im) = (direct, 0.0);
        for (delay_ns, power) in &table {
            let turns = x * 1e-3 * delay_ns;
            re += power * (TAU * turns).cos();
            im -= power * (TAU * turns).sin();
        }
        Point { x, ours: ours.frequency_correlation(x * 1e6), theirs, theory: re.hypot(im) }
    });
    let quantiles = sionna(name, "amplitude");
    let probabilities: Vec<f64> = quantiles.iter().map(|q| q.0).collect();
    let amplitude = quantiles.iter().zip(ours.amplitude_quantiles(&probabilities)).map(|((x, theirs), ours)| Point {
        x: *x,
        ours,
        theirs: *theirs,
        theory: rician_quantile(direct, *x),
    });
    Some(ProfileFigures {
        name,
        spread_ns: Point {
            x: 0.0,
            ours: ours.delay_spread_s() * 1e9,
            theirs: sionna(name, "spread").first()?.1,
            theory: SPREAD_NS,
        },
        k_db: sionna(name, "k").first().and_then(|(_, theirs)| {
            let theory = profile.direct_db()? - profile.rows().first()?.1;
            Some(Point { x: 0.0, ours: ours.k_db(0), theirs: *theirs, theory })
        }),
        pdp_db: pdp_db.collect(),
        doppler: doppler.collect(),
        frequency: frequency.collect(),
        amplitude: amplitude.collect(),
    })
}

/// Quantile of the magnitude of a direct part of power `direct` and a complex Gaussian of power `1 − direct`.
fn rician_quantile(direct: f64, probability: f64) -> f64 {
    if direct == 0.0 {
        return (-(1.0 - probability).ln()).sqrt();
    }
    // Rice's density, summed from 0 on: 2r/s·e^{−(r²+d)/s}·I_0(2r√d/s)
    let (s, step) = (1.0 - direct, 1e-4);
    let density = |r: f64| {
        let x = 2.0 * r * direct.sqrt() / s;
        2.0 * r / s * (-(r - direct.sqrt()).powi(2) / s).exp() * scaled_i0(x)
    };
    let (mut r, mut sum) = (0.0, 0.0);
    while sum < probability && r < 4.0 {
        sum += density(r + step / 2.0) * step;
        r += step;
    }
    r
}

/// `e^{−x}·I_0(x) = 1/π ∫ e^{x(cos φ − 1)} dφ`.
fn scaled_i0(x: f64) -> f64 {
    const POINTS: u32 = 256;
    let at = |i: u32| (TAU / 2.0 * (f64::from(i) + 0.5) / f64::from(POINTS)).cos();
    (0..POINTS).map(|i| (x * (at(i) - 1.0)).exp()).sum::<f64>() / f64::from(POINTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_rayleigh_and_of_almost_no_fading() {
        assert!((rician_quantile(0.0, 0.5) - 0.8326).abs() < 1e-4);
        assert!((rician_quantile(1e-9, 0.5) - 0.8326).abs() < 1e-3);
        assert!((rician_quantile(0.999, 0.5) - 1.0).abs() < 2e-3);
    }

    #[test]
    fn the_reference_is_complete() {
        assert_eq!(sionna("tdl-a", "pdp").len(), 23);
        assert_eq!(sionna("tdl-e", "doppler").len(), 21);
        assert_eq!(sionna("tdl-d", "k").len(), 1);
    }
}
