//! Weights by sub-band against a slow double-precision DFT, and against the whole band.

use super::harness::*;
use super::*;
use num_complex::{Complex32, Complex64};
use proptest::prelude::*;
use std::f64::consts::TAU;

const RATE_HZ: f64 = 7.68e6;
const SLOT: u32 = 7680;

/// 20 blocks; sub-bands of 4, 8 and 3 blocks with gaps.
fn three_bands(antennas: usize, ports: usize, scs_hz: u32, seed: u64) -> SubBands {
    let list = [(0, 4), (5, 8), (15, 3)];
    let band = |(i, &(first_prb, prbs)): (u64, &(u16, u16))| SubBand {
        first_prb,
        prbs,
        weights: weights(antennas, ports, seed + i),
    };
    SubBands { scs_hz, carrier_prbs: 20, bands: (0..).zip(&list).map(band).collect() }
}

/// Lengths of prefixes in a slot, by hand from TS 38.211 §5.3.1 for 7.68 MS/s.
fn prefixes(scs_hz: u32) -> [usize; 14] {
    let mut cp = if scs_hz == 15_000 { [36; 14] } else { [18; 14] };
    cp[0] += 4;
    if scs_hz == 15_000 {
        cp[7] += 4;
    }
    cp
}

/// Subcarrier `k` belongs to the band whose nearest subcarrier is nearest; the lower one of two.
fn band_of(bands: &SubBands, k: i32) -> usize {
    let distance = |b: &SubBand| {
        let first = 12 * i32::from(b.first_prb) - 6 * i32::from(bands.carrier_prbs);
        let last = first + 12 * i32::from(b.prbs) - 1;
        (first - k).max(k - last).max(0)
    };
    (0..bands.bands.len()).min_by_key(|&b| distance(&bands.bands[b])).unwrap()
}

/// One symbol without its prefix, by the definition of the DFT.
fn reference(bands: &SubBands, x: &[&[Complex32]], antennas: usize) -> Vec<Vec<Complex32>> {
    let n = x[0].len();
    let turn: Vec<_> = (0..n).map(|i| Complex64::cis(TAU * i as f64 / n as f64)).collect();
    let spectra: Vec<Vec<Complex64>> = x
        .iter()
        .map(|x| {
            (0..n)
                .map(|k| {
                    let term = |(i, z): (usize, &Complex32)| {
                        Complex64::new(f64::from(z.re), f64::from(z.im)) * turn[k * i % n].conj()
                    };
                    x.iter().enumerate().map(term).sum()
                })
                .collect()
        })
        .collect();
    (0..antennas)
        .map(|m| {
            let mixed: Vec<Complex64> = (0..n)
                .map(|k| {
                    let signed = if k >= n / 2 { k as i32 - n as i32 } else { k as i32 };
                    let w = &bands.bands[band_of(bands, signed)].weights;
                    let term = |(p, s): (usize, &Vec<Complex64>)| {
                        let w = w[m * x.len() + p];
                        s[k] * Complex64::new(f64::from(w.re), f64::from(w.im))
                    };
                    spectra.iter().enumerate().map(term).sum()
                })
                .collect();
            (0..n)
                .map(|i| {
                    let sum: Complex64 = mixed.iter().enumerate().map(|(k, z)| z * turn[k * i % n]).sum();
                    Complex32::new((sum.re / n as f64) as f32, (sum.im / n as f64) as f32)
                })
                .collect()
        })
        .collect()
}

fn against_the_reference(scs_hz: u32) {
    let (antennas, ports, boundary) = (3, 2, 100_u64);
    let slot = if scs_hz == 15_000 { SLOT } else { SLOT / 2 };
    let mut fe = front_end(antennas, ports, RATE_HZ, grid(boundary, slot, &[]));
    let bands = three_bands(antennas, ports, scs_hz, 30);
    let armed = fe.arm(None, Change::SubBands(bands.clone())).unwrap();
    assert_eq!(armed.sample, boundary);
    let x: Vec<_> = (0..2).map(|p| samples(p, 100 + slot as usize + 50)).collect();
    let y = run(&mut fe, &x, &[1000, 1, 2000]);
    assert_eq!(fe.held_samples(), 50);
    let before = weights(antennas, ports, 1);
    for (m, y) in y.iter().enumerate() {
        let want: Vec<_> = (0..100).map(|i| before[m * 2] * x[0][i] + before[m * 2 + 1] * x[1][i]).collect();
        assert!(difference(&y[..100], &want) < 1e-5);
    }
    let fft = (RATE_HZ / f64::from(scs_hz)) as usize;
    let mut at = boundary as usize;
    for cp in prefixes(scs_hz) {
        let parts: Vec<&[Complex32]> = x.iter().map(|x| &x[at + cp..at + cp + fft]).collect();
        let want = reference(&bands, &parts, antennas);
        for (y, want) in y.iter().zip(&want) {
            let got = &y[at..at + cp + fft];
            assert!(difference(&got[cp..], want) < 1e-5, "{}", difference(&got[cp..], want));
            assert_eq!(got[..cp], got[fft..], "the prefix is the end of the symbol");
        }
        at += cp + fft;
    }
    assert_eq!(at, boundary as usize + slot as usize);
}

#[test]
fn each_symbol_is_as_by_the_definition_at_15_khz() {
    against_the_reference(15_000);
}

#[test]
fn each_symbol_is_as_by_the_definition_at_30_khz() {
    against_the_reference(30_000);
}

/// A stream of symbols with their prefixes.
fn ofdm(port: u64, slots: usize) -> Vec<Complex32> {
    let x = samples(port, slots * SLOT as usize);
    let mut y = x.clone();
    let mut at = 0;
    while at < y.len() {
        for cp in prefixes(15_000) {
            y[at..at + cp].copy_from_slice(&x[at + 512..at + 512 + cp]);
            at += cp + 512;
        }
    }
    y
}

#[test]
fn equal_weights_are_the_whole_band() {
    let x = vec![ofdm(0, 2), ofdm(1, 2)];
    let w = weights(4, 2, 77);
    let mut by_band = front_end(4, 2, RATE_HZ, grid(0, SLOT, &[]));
    let mut bands = three_bands(4, 2, 15_000, 1);
    bands.bands.iter_mut().for_each(|b| b.weights.clone_from(&w));
    by_band.arm(Some(0), Change::SubBands(bands)).unwrap();
    let mut whole = FrontEnd::new(4, 2, &w, grid(0, SLOT, &[]), 40).unwrap().with_streams(RATE_HZ, 1).unwrap();
    let (a, b) = (run(&mut by_band, &x, &[]), run(&mut whole, &x, &[]));
    for (a, b) in a.iter().zip(&b) {
        assert!(difference(a, b) < 3e-6, "{}", difference(a, b));
    }
}

#[test]
fn weights_change_from_one_symbol_to_the_next_and_protected_slots_keep_the_wide_beam() {
    let x = vec![samples(0, 5 * SLOT as usize)];
    let slot = SLOT as usize;
    // slots 2 and 3 of 10 are protected
    let new = || front_end(2, 1, RATE_HZ, grid(0, SLOT, &[(10, 2, 2)]));
    let (first, second) = (three_bands(2, 1, 15_000, 5), three_bands(2, 1, 15_000, 9));
    let mut fe = new();
    fe.arm(Some(0), Change::SubBands(first.clone())).unwrap();
    let armed = fe.arm(Some(slot as u64 - 100), Change::SubBands(second.clone())).unwrap();
    assert_eq!((armed.sample, armed.old), (slot as u64, Change::SubBands(first.clone())));
    let y = run(&mut fe, &x, &[]);
    let alone = |bands: &SubBands| {
        let mut fe = front_end(2, 1, RATE_HZ, grid(0, SLOT, &[]));
        fe.arm(Some(0), Change::SubBands(bands.clone())).unwrap();
        run(&mut fe, &x, &[])
    };
    let (y1, y2) = (alone(&first), alone(&second));
    let wide = weights(2, 1, 1);
    for m in 0..2 {
        assert_eq!(y[m][..slot], y1[m][..slot]);
        assert_eq!(y[m][slot..2 * slot], y2[m][slot..2 * slot]);
        let want: Vec<_> = x[0][2 * slot..4 * slot].iter().map(|x| x * wide[m]).collect();
        assert!(difference(&y[m][2 * slot..4 * slot], &want) < 1e-6);
        assert_eq!(y[m][4 * slot..], y2[m][4 * slot..]);
    }
}

#[test]
fn there_and_back_at_the_same_power() {
    let x = vec![ofdm(0, 4)];
    let slot = SLOT as usize;
    let mut fe = front_end(2, 1, RATE_HZ, grid(0, SLOT, &[]));
    let w = weights(2, 1, 50);
    let mut bands = three_bands(2, 1, 15_000, 1);
    bands.bands.iter_mut().for_each(|b| b.weights.clone_from(&w));
    fe.arm(Some(0), Change::PowerDb(-20.0)).unwrap();
    fe.arm(Some(slot as u64), Change::SubBands(bands)).unwrap();
    fe.arm(Some(2 * slot as u64 + 5), Change::PowerDb(0.0)).unwrap();
    fe.arm(Some(3 * slot as u64), Change::Weights(w.clone())).unwrap();
    let y = run(&mut fe, &x, &[5000, 5000]);
    let check = |from: usize, to: usize, w: Complex32, y: &[Complex32]| {
        let want: Vec<_> = x[0][from..to].iter().map(|x| x * w).collect();
        assert!(difference(&y[from..to], &want) < 1e-5, "{from}");
    };
    let before = weights(2, 1, 1);
    for m in 0..2 {
        check(40, slot, before[m] * 0.1, &y[m]);
        check(slot, 2 * slot + 5, w[m] * 0.1, &y[m]);
        check(2 * slot + 45, 4 * slot, w[m], &y[m]);
    }
}

#[test]
fn zeros_are_never_held() {
    let mut fe = front_end(2, 1, RATE_HZ, grid(0, SLOT, &[]));
    fe.arm(Some(0), Change::SubBands(three_bands(2, 1, 15_000, 1))).unwrap();
    let mut x = vec![vec![Complex32::ZERO; 20_000]];
    let y = run(&mut fe, &x, &[1, 7000, 333]);
    assert_eq!((fe.held_samples(), y[0].len()), (0, 20_000));
    // signal that begins within a symbol: its symbol is held, what was given stays zero
    let mut fe = front_end(2, 1, RATE_HZ, grid(0, SLOT, &[]));
    fe.arm(Some(0), Change::SubBands(three_bands(2, 1, 15_000, 1))).unwrap();
    x[0].truncate(10_000);
    x[0][9_900] = c(1.0, 0.0);
    let y = run(&mut fe, &x, &[9_899]);
    assert_eq!((y[0].len(), fe.held_samples()), (9_900, 100));
}

#[test]
fn the_grid_may_move_under_way() {
    let mut fe = front_end(1, 1, RATE_HZ, grid(0, SLOT, &[]));
    let mut bands = three_bands(1, 1, 15_000, 1);
    bands.bands.iter_mut().for_each(|b| b.weights = vec![c(0.5, 0.0)]);
    fe.arm(Some(0), Change::SubBands(bands)).unwrap();
    let mut plan = Plan::new(fe.width(), 64);
    let x = samples(0, 600);
    assert_eq!(fe.step(&[&x[..600]], &mut plan), 552);
    assert_eq!((plan.len, fe.step(&[&x[552..]], &mut plan), plan.len), (552, 48, 0));
    fe.set_slots(grid(300, SLOT, &[])).unwrap();
    // the symbol under way ends at 552 + 548 = 1100; the next of the new grid begins at 300 + 552 + 548 = 1400
    let x = samples(0, 3000);
    let y = {
        let mut sent = Vec::new();
        let mut from = 0;
        while from < x.len() {
            from += fe.step(&[&x[from..]], &mut plan);
            sent.push(plan.len);
        }
        sent
    };
    assert_eq!(y[..3], [548, 300, 548]);
    let wrong = grid(300, SLOT / 2, &[]);
    assert!(matches!(fe.set_slots(wrong), Err(FrontEndError::Numerology { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn messages_may_be_cut_anywhere(
        cuts in prop::collection::vec(1_usize..4000, 0..12),
        blank in (0_usize..20_000, 0_usize..3000),
        at in 0_u64..9000,
        boundary in 0_u64..8000,
    ) {
        let mut x: Vec<_> = (0..2).map(|p| samples(p, 25_000)).collect();
        for x in &mut x {
            x[blank.0..blank.0 + blank.1].fill(Complex32::ZERO);
        }
        let new = || {
            let mut fe = front_end(3, 2, RATE_HZ, grid(boundary, SLOT, &[(3, 1, 1)]));
            let noise = Noise { dbfs: -20.0, band: None, channels: None };
            let band = PrbRange { scs_hz: 15_000, carrier_prbs: 20, first_prb: 3, prbs: 4 };
            fe.arm(Some(0), Change::Noise(Some(noise.clone()))).unwrap();
            fe.arm(Some(at), Change::SubBands(three_bands(3, 2, 15_000, 4))).unwrap();
            fe.arm(Some(at + 500), Change::PowerDb(-3.0)).unwrap();
            fe.arm(Some(at + 6000), Change::SubBands(three_bands(3, 2, 15_000, 8))).unwrap();
            fe.arm(Some(at + 7000), Change::Noise(Some(Noise { band: Some(band), ..noise }))).unwrap();
            fe.arm(Some(at + 12_000), Change::Weights(weights(3, 2, 6))).unwrap();
            fe
        };
        let whole = run(&mut new(), &x, &[]);
        let cut = run(&mut new(), &x, &cuts);
        for (a, b) in whole.iter().zip(&cut) {
            prop_assert!(difference(a, b) < 1e-5, "{}", difference(a, b));
        }
    }
}
