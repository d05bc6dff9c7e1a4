//! Multicast beamforming against closed forms and a search of the whole sphere.

use num_complex::Complex32;
use proptest::prelude::*;
use solve::{Multicast, dot, max_min_multicast, mrt, norm, snr};

fn c(re: f32, im: f32) -> Complex32 {
    Complex32::new(re, im)
}

fn worst(h: &[Vec<Complex32>], w: &[Complex32]) -> f32 {
    h.iter().map(|h| snr(h, w, 1.0)).fold(f32::INFINITY, f32::min)
}

/// M = 2: w = (cos a, sin a e^{jb}) is the whole sphere up to a common phase.
fn grid(h: &[Vec<Complex32>]) -> f32 {
    let mut best = 0.0_f32;
    for i in 0..=180 {
        let a = std::f32::consts::FRAC_PI_2 * i as f32 / 180.0;
        for j in 0..360 {
            let b = std::f32::consts::TAU * j as f32 / 360.0;
            best = best.max(worst(h, &[c(a.cos(), 0.0), Complex32::from_polar(a.sin(), b)]));
        }
    }
    best
}

fn channel(seed: &mut u64, m: usize) -> Vec<Complex32> {
    let mut next = || {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    (0..m).map(|_| c(next(), next())).collect()
}

#[test]
fn one_receiver_is_maximum_ratio() {
    let h = vec![c(1.0, 2.0), c(-0.5, 0.3), c(0.0, 1.0)];
    let w = max_min_multicast(std::slice::from_ref(&h), &[1.0], 1.0, None);
    assert!((snr(&h, &w, 1.0) / snr(&h, &mrt(&h), 1.0) - 1.0).abs() < 1e-4);
}

#[test]
fn orthogonal_receivers_share_by_inverse_gain() {
    // hₖ = aₖ eₖ: the optimum is |wₖ|² ∝ 1/aₖ², worst SNR = 1 / Σ 1/aₖ² = 1 / (1 + 1/4 + 1/9)
    let h = vec![
        vec![c(1.0, 0.0), c(0.0, 0.0), c(0.0, 0.0)],
        vec![c(0.0, 0.0), c(0.0, 2.0), c(0.0, 0.0)],
        vec![c(0.0, 0.0), c(0.0, 0.0), c(3.0, 0.0)],
    ];
    let w = max_min_multicast(&h, &[1.0; 3], 1.0, None);
    let best = 1.0 / (1.0 + 0.25 + 1.0 / 9.0);
    assert!(worst(&h, &w) > 0.97 * best, "{} of {best}", worst(&h, &w));
}

#[test]
fn near_the_best_of_a_full_search() {
    let mut seed = 1;
    let (mut sum, mut low) = (0.0, f32::INFINITY);
    for case in 0..60 {
        let h: Vec<_> = (0..2 + case % 3).map(|_| channel(&mut seed, 2)).collect();
        let ratio = worst(&h, &max_min_multicast(&h, &vec![1.0; h.len()], 1.0, None)) / grid(&h);
        sum += ratio;
        low = low.min(ratio);
    }
    println!("mean {} worst {low}", sum / 60.0);
    assert!(sum / 60.0 > 0.97 && low > 0.8, "mean {} worst {low}", sum / 60.0);
}

#[test]
fn a_null_is_a_null_and_a_penalty_holds_down() {
    let mut seed = 9;
    for _ in 0..40 {
        let h: Vec<_> = (0..3).map(|_| channel(&mut seed, 4)).collect();
        let g = channel(&mut seed, 4);
        let free = max_min_multicast(&h, &[1.0; 3], 1.0, None);
        let null = Multicast { eavesdropper: Some(&g), null: true, start: None }.solve(&h, &[1.0; 3], 1.0);
        assert!(dot(&g, &null).norm_sqr() < 1e-9 * norm(&g).powi(2));
        assert!(worst(&h, &null) > 0.0);
        let held = Multicast { eavesdropper: Some(&g), null: false, start: None }.solve(&h, &[1.0; 3], 1.0);
        let margin = |w: &[Complex32]| worst(&h, w) - snr(&g, w, 1.0);
        assert!(margin(&held) >= margin(&free) - 1e-5);
    }
}

#[test]
fn bad_channels_are_left_out() {
    let good = vec![c(1.0, 0.0), c(0.0, 1.0)];
    let w = max_min_multicast(
        &[good.clone(), vec![c(f32::NAN, 0.0); 2], vec![c(0.0, 0.0); 2], vec![c(1.0, 0.0)]],
        &[],
        1.0,
        None,
    );
    assert!((snr(&good, &w, 1.0) - 2.0).abs() < 1e-3);
    assert!(max_min_multicast(&[], &[], 1.0, None).is_empty());
    assert_eq!(max_min_multicast(&[vec![c(0.0, 0.0); 2]], &[], 4.0, None).len(), 2);
}

proptest! {
    #[test]
    fn within_power_finite_and_repeatable(seed in any::<u64>(), m in 1_usize..6, k in 1_usize..6, power in 0.01_f32..10.0) {
        let mut seed = seed;
        let h: Vec<_> = (0..k).map(|_| channel(&mut seed, m)).collect();
        let w = max_min_multicast(&h, &vec![0.1; k], power, None);
        prop_assert!(w.iter().all(|x| x.is_finite()) && norm(&w).powi(2) <= power);
        prop_assert_eq!(&w, &max_min_multicast(&h, &vec![0.1; k], power, None));
        // warm start never hurts
        let again = max_min_multicast(&h, &vec![0.1; k], power, Some(&w));
        prop_assert!(worst(&h, &again) >= worst(&h, &w) * (1.0 - 1e-5));
        // a multiple of every channel does not change the direction's worth
        let twice: Vec<Vec<_>> = h.iter().map(|r| r.iter().map(|x| x * 2.0).collect()).collect();
        let v = max_min_multicast(&twice, &vec![0.1; k], power, None);
        prop_assert!((worst(&h, &v) / worst(&h, &w).max(1e-9) - 1.0).abs() < 1e-2);
    }
}
