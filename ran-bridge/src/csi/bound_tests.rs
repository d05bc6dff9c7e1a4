//! The error of a full-band estimate against the noise bound.
//!
//! **Bound.** A channel whose delays lie in a known support of length τ, seen over a band B, has D = Bτ + 1 degrees of freedom. Least squares
//! with that support, N pilots and noise σ² has the mean error variance σ² D/N, which is the Cramér-Rao bound of unbiased
//! estimators of such a channel. The estimator here is told no support: it learns the profile from sixteen occasions of other channels.

use num_complex::Complex32;
use rustfft::FftPlanner;

use super::{CsiRs, CsiRsEstimator, CsiRsReport, DelayProfile};
use crate::nr::Numerology;
use crate::nr::test_support::noise;

const PRBS: u16 = 106;
const RATE_HZ: f64 = 23.04e6;
/// Exponential profile, its decay and its end.
const RMS_S: f64 = 300e-9;
const SUPPORT_S: f64 = 7.0 * RMS_S;

/// Error over bound in dB, over many channels.
fn over_bound_db(snr_db: f32) -> f64 {
    let n = Numerology::new(RATE_HZ, 15e3).unwrap();
    let rs = CsiRs::tracking(1, 4, 1, PRBS);
    let mut estimator = CsiRsEstimator::new(n, rs).unwrap();
    let inverse = FftPlanner::new().plan_fft_inverse(n.fft());
    let noise_var = 10f32.powf(-snr_db / 10.0);
    let (mut error, mut report) = (0.0f64, CsiRsReport::default());
    let (learning, rounds) = (16, 56);
    let mut profile = DelayProfile::default();
    for seed in 0..rounds {
        let taps: Vec<Complex32> = noise(49, 1.0, seed)
            .into_iter()
            .enumerate()
            .map(|(i, t)| t * (-(i as f64) / (RMS_S * RATE_HZ) / 2.0).exp() as f32)
            .collect();
        let response = |k: i32| -> Complex32 {
            let turn = |i: usize| Complex32::cis(-std::f32::consts::TAU * (k as f32 * i as f32 / 1536.0).fract());
            taps.iter().enumerate().map(|(i, t)| t * turn(i)).sum()
        };
        let band = -6 * i32::from(PRBS)..6 * i32::from(PRBS);
        let power = band.clone().map(|k| response(k).norm_sqr()).sum::<f32>() / band.len() as f32;
        let mut bins = vec![Complex32::new(0.0, 0.0); n.fft()];
        for (k, r) in rs.subcarriers().zip(rs.sequence(2)) {
            bins[k.rem_euclid(1536) as usize] = r * response(k) / (power * 1536.0).sqrt();
        }
        inverse.process(&mut bins);
        let mut iq = bins[1536 - 108..].to_vec();
        iq.extend_from_slice(&bins);
        iq.iter_mut().zip(noise(1644, noise_var, 1000 + seed)).for_each(|(v, w)| *v += w);
        estimator.estimate_ports_into(&iq, 2, 0.0, &mut report).unwrap();
        if seed < learning {
            estimator.remember(&report, &mut profile);
            if seed % 8 == 7 {
                estimator.learn();
            }
            continue;
        }
        let wrong = band.clone().zip(&report.ports[0].h).map(|(k, h)| (h - response(k) / power.sqrt()).norm_sqr());
        error += f64::from(wrong.sum::<f32>()) / band.len() as f64;
    }
    let freedom = 12.0 * f64::from(PRBS) * 15e3 * SUPPORT_S + 1.0;
    let bound = f64::from(noise_var) * freedom / (3.0 * f64::from(PRBS));
    10.0 * (error / f64::from((rounds - learning) as u32) / bound).log10()
}

#[test]
fn within_1_db_of_the_noise_bound() {
    for snr_db in [0.0, 10.0, 20.0, 30.0] {
        let over = over_bound_db(snr_db);
        println!("SNR {snr_db} dB: {over:.2} dB over the bound");
        assert!(over < 1.0, "SNR {snr_db} dB: {over} dB over the bound");
    }
}
