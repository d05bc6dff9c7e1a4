//! Chains against the first.

use super::error::ChainFault;
use super::estimate::ChainEstimate;
use num_complex::{Complex32, Complex64};
use serde::{Deserialize, Serialize};

/// A chain that turns by more against the first from repetition to repetition is not calibrated, degrees.
const MOST_SPREAD_DEG: f64 = 5.0;
/// Two delays differ by so much at most, samples.
const MOST_DELAY: f64 = 1.0;
/// Student's t of 95 % in the middle, by degrees of freedom from 1 on.
const T_95: [f64; 15] =
    [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131];
/// The same of the normal distribution.
const NORMAL_95: f64 = 1.960;

/// A chain over all repetitions. Levels are relative to the sent amplitude, gains included; none is a power.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Chain {
    /// Received amplitude to sent amplitude, dB.
    pub level_db: f64,
    /// Level against chain 0, dB.
    pub relative_db: f64,
    /// Phase against chain 0, degrees, -180 to 180.
    pub phase_deg: f64,
    /// Delay, samples.
    pub delay_samples: f64,
    /// The least of all repetitions, dB per sample in the band.
    pub snr_db: f64,
    /// Standard deviation of the phase over the repetitions, degrees; absent with one.
    pub spread_deg: Option<f64>,
    /// Of the level against chain 0, dB; absent with one.
    pub spread_db: Option<f64>,
    /// Half the interval that holds the phase with 95 %, degrees: by noise or by the spread, whichever is wider.
    pub error_deg: f64,
}

/// Compares chains that were heard in turns.
///
/// # Shapes
/// `rounds`: at least one; each with one estimate a chain, the same number in all.
///
/// # Errors
/// [`ChainFault::Short`] where an estimate is missing, [`ChainFault::Delays`], [`ChainFault::Unsteady`].
pub fn relate(rounds: &[Vec<ChainEstimate>]) -> Result<Vec<Chain>, ChainFault> {
    let chains = rounds.first().map_or(0, Vec::len);
    if chains == 0 || rounds.iter().any(|r| r.len() != chains) {
        let chain = rounds.iter().map(Vec::len).min().unwrap_or(0);
        return Err(ChainFault::Short { chain, has: 0, wanted: 1 });
    }
    (0..chains).map(|k| one(rounds, k)).collect()
}

fn one(rounds: &[Vec<ChainEstimate>], k: usize) -> Result<Chain, ChainFault> {
    let n = rounds.len() as f64;
    let mean = |of: &dyn Fn(&ChainEstimate) -> f64, k: usize| rounds.iter().map(|r| of(&r[k])).sum::<f64>() / n;
    let delay = |k| mean(&|e| e.delay_samples, k);
    let apart = delay(k) - delay(0);
    if apart.abs() > MOST_DELAY {
        return Err(ChainFault::Delays { chain: k, samples: apart });
    }
    let ratio = ratio(rounds, k);
    let deviation = |all: Vec<f64>| -> Option<f64> {
        let mean = all.iter().sum::<f64>() / n;
        (all.len() > 1).then(|| (all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt())
    };
    // against the mean, so that no whole turn comes in
    let off = || rounds.iter().map(|r| r[k].gain / r[0].gain / ratio);
    let spread_deg = deviation(off().map(|z| z.arg().to_degrees()).collect());
    let spread_db = deviation(off().map(|z| 20.0 * z.norm().log10()).collect());
    if let Some(spread_deg) = spread_deg.filter(|s| *s > MOST_SPREAD_DEG || s.is_nan()) {
        return Err(ChainFault::Unsteady { chain: k, spread_deg });
    }
    // half of a relative error's mean square is across the number: that is its phase
    let relative = |k| mean(&|e| e.gain_variance / e.gain.norm_sqr(), k);
    let by_noise = if k == 0 { 0.0 } else { NORMAL_95 * ((relative(k) + relative(0)) / 2.0 / n).sqrt().to_degrees() };
    let t = T_95.get(rounds.len().saturating_sub(2)).copied().unwrap_or(NORMAL_95);
    let by_spread = spread_deg.map_or(0.0, |s| t * s / n.sqrt());
    Ok(Chain {
        level_db: 10.0 * mean(&|e| e.gain.norm_sqr(), k).log10(),
        relative_db: 20.0 * ratio.norm().log10(),
        phase_deg: ratio.arg().to_degrees(),
        delay_samples: delay(k),
        snr_db: rounds.iter().map(|r| r[k].snr_db).fold(f64::INFINITY, f64::min),
        spread_deg,
        spread_db,
        error_deg: by_noise.max(by_spread),
    })
}

/// Least squares of h_k = r h_0 over the repetitions: r = Σ h_k h_0* / Σ |h_0|².
fn ratio(rounds: &[Vec<ChainEstimate>], k: usize) -> Complex64 {
    let product: Complex64 = rounds.iter().map(|r| r[k].gain * r[0].gain.conj()).sum();
    product / rounds.iter().map(|r| r[0].gain.norm_sqr()).sum::<f64>()
}

/// What each chain's samples are multiplied with so that all arrive with one phase and one level: c_k = min |r| / r_k, r the chain's factor
/// against chain 0. None is larger than 1, so no sample becomes larger than it was; the first turns nothing.
#[must_use]
pub fn factors(chains: &[Chain]) -> Vec<Complex32> {
    let least_db = chains.iter().map(|c| c.relative_db).fold(f64::INFINITY, f64::min);
    let factor = |c: &Chain| {
        let z = Complex64::from_polar(10_f64.powf((least_db - c.relative_db) / 20.0), -c.phase_deg.to_radians());
        Complex32::new(z.re as f32, z.im as f32)
    };
    chains.iter().map(factor).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(gain: Complex64, gain_variance: f64, delay_samples: f64) -> ChainEstimate {
        ChainEstimate { gain, gain_variance, delay_samples, snr_db: 30.0 }
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6 * b.abs().max(1.0)
    }

    #[test]
    fn by_hand() {
        let j = Complex64::I;
        // h0 = 2, h1 = j: r = j/2, so -6.0206 dB and 90 degrees; c = min|r| / r = 1/2 and (1/2) / (j/2) = -j
        let round = vec![heard(2.0.into(), 4e-4, 3.0), heard(j, 1e-4, 3.5)];
        let chains = relate(std::slice::from_ref(&round)).unwrap();
        assert!(close(chains[1].relative_db, -6.020_599_9) && close(chains[1].phase_deg, 90.0), "{chains:?}");
        assert!(close(chains[0].level_db, 6.020_599_9) && close(chains[1].level_db, 0.0));
        assert_eq!((chains[1].spread_deg, chains[0].error_deg), (None, 0.0));
        // each 1e-4 relative: half of 2e-4 is across, its root is 0.01 rad, 1.96 of it 1.122997 degrees
        assert!(close(chains[1].error_deg, 1.122_997), "{}", chains[1].error_deg);
        let c = factors(&chains);
        assert!((c[0] - 0.5).norm() < 1e-6 && (c[1] + Complex32::I).norm() < 1e-6, "{c:?}");
        // the stronger second one is what is turned down then
        let c = factors(&relate(&[vec![heard(1.0.into(), 0.0, 0.0), heard(-2.0 * j, 0.0, 0.0)]]).unwrap());
        assert!((c[0] - 1.0).norm() < 1e-6 && (c[1] - Complex32::I / 2.0).norm() < 1e-6, "{c:?}");
    }

    #[test]
    fn repetitions_tell_the_spread() {
        let at = |deg: f64| {
            vec![heard(1.0.into(), 1e-12, 0.0), heard(Complex64::from_polar(1.0, deg.to_radians()), 1e-12, 0.0)]
        };
        // 179, 181 degrees: the mean is 180, the deviation sqrt((1 + 1) / 1), by t of one degree of freedom 12.706 / sqrt 2 of it
        let chains = relate(&[at(179.0), at(181.0)]).unwrap();
        assert!(close(chains[1].phase_deg.abs(), 180.0), "{chains:?}");
        assert!(close(chains[1].spread_deg.unwrap(), 2.0_f64.sqrt()), "{chains:?}");
        assert!(close(chains[1].error_deg, 12.706), "{chains:?}");
        assert!(close(chains[1].spread_db.unwrap(), 0.0));
        let fault = relate(&[at(0.0), at(8.0)]).unwrap_err();
        assert!(
            matches!(fault, ChainFault::Unsteady { chain: 1, spread_deg } if close(spread_deg, 32.0_f64.sqrt())),
            "{fault}"
        );
    }

    #[test]
    fn what_cannot_be_compared_is_named() {
        let good = heard(1.0.into(), 1e-6, 10.0);
        let late = |by| vec![good, heard(1.0.into(), 1e-6, 10.0 + by)];
        assert!(relate(&[late(0.99)]).is_ok() && relate(&[late(-0.99)]).is_ok());
        let fault = relate(&[late(-1.5)]).unwrap_err();
        assert!(matches!(fault, ChainFault::Delays { chain: 1, samples } if close(samples, -1.5)), "{fault}");
        for missing in [&[][..], &[vec![]], &[vec![good, good], vec![good]]] {
            assert!(matches!(relate(missing), Err(ChainFault::Short { .. })));
        }
    }
}
