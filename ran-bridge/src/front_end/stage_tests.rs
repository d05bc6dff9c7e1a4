//! Power, noise, ramps and transactions of the front end.

use super::harness::*;
use super::*;
use num_complex::Complex32;
use proptest::prelude::*;

const RATE_HZ: f64 = 7.68e6;
const SLOT: u32 = 7680;

fn white(dbfs: f32) -> Noise {
    Noise { dbfs, band: None, channels: None }
}

fn heard(h: &[Complex32], y: &[Vec<Complex32>]) -> Vec<Complex32> {
    (0..y[0].len()).map(|i| h.iter().zip(y).map(|(h, y)| h * y[i]).sum()).collect()
}

#[test]
fn protected_channels_hear_no_noise_and_others_all_of_it() {
    let slots = 4;
    let silence = vec![vec![Complex32::ZERO; slots * SLOT as usize]];
    for (antennas, protected) in [(4, 1), (4, 3), (8, 3)] {
        let h: Vec<_> = (0..protected).flat_map(|u| weights(antennas, 1, 40 + u)).collect();
        let mut fe = front_end(antennas, 1, RATE_HZ, grid(0, SLOT, &[]));
        let noise = Noise { dbfs: -10.0, band: None, channels: Some(h.clone()) };
        fe.arm(Some(0), Change::Noise(Some(noise))).unwrap();
        let y = run(&mut fe, &silence, &[]);
        let y: Vec<Vec<_>> = y.iter().map(|y| y[40..].to_vec()).collect();
        let total: f32 = y.iter().map(|y| power(y)).sum();
        assert!((10.0 * total.log10() + 10.0).abs() < 0.2, "{total}");
        for h in h.chunks(antennas) {
            let norm: f32 = h.iter().map(Complex32::norm_sqr).sum();
            let got = power(&heard(h, &y)) / norm;
            assert!(got < total * 1e-6 / antennas as f32, "{got}");
        }
        // elsewhere: the mean over directions is total/M·M/(M) of what lies there; over many random channels total·‖h‖²/M
        let others = 200;
        let mean: f32 = (0..others)
            .map(|u| {
                let h = weights(antennas, 1, 1000 + u);
                let norm: f32 = h.iter().map(Complex32::norm_sqr).sum();
                power(&heard(&h, &y.iter().map(|y| y[..2000].to_vec()).collect::<Vec<_>>())) / norm
            })
            .sum::<f32>()
            / others as f32;
        assert!((mean / (total / antennas as f32) - 1.0).abs() < 0.2, "{mean} {total}");
    }
}

#[test]
fn noise_follows_the_weights_of_all_ports() {
    let silence = vec![vec![Complex32::ZERO; 2 * SLOT as usize]; 2];
    let mut fe = front_end(4, 2, RATE_HZ, grid(0, SLOT, &[]));
    let w = weights(4, 2, 60);
    fe.arm(Some(0), Change::Noise(Some(white(0.0)))).unwrap();
    fe.arm(Some(u64::from(SLOT)), Change::Weights(w.clone())).unwrap();
    let y = run(&mut fe, &silence, &[]);
    for (w, range) in [(weights(4, 2, 1), 40..SLOT as usize), (w, SLOT as usize + 40..2 * SLOT as usize)] {
        for p in 0..2 {
            // the receiver that the port's weights are matched to
            let h: Vec<_> = w.iter().skip(p).step_by(2).map(Complex32::conj).collect();
            let y: Vec<Vec<_>> = y.iter().map(|y| y[range.clone()].to_vec()).collect();
            assert!(power(&heard(&h, &y)) < 1e-9);
            assert!((y.iter().map(|y| power(y)).sum::<f32>() - 1.0).abs() < 0.05);
        }
    }
}

#[test]
fn no_noise_in_protected_slots_nor_in_sounding() {
    // 30 kHz: slots of 0.5 ms; slots 4 and 5 of 8 are protected
    let slot = SLOT / 2;
    for sub_bands in [false, true] {
        let mut fe = front_end(2, 1, RATE_HZ, grid(200, slot, &[(8, 4, 2)]));
        let r = std::f32::consts::FRAC_1_SQRT_2;
        let unitary = vec![c(r, 0.0), c(r, 0.0), c(r, 0.0), c(-r, 0.0)];
        let occasions = Occasions { first: 1000, period: 100_000, len: 290 };
        fe.set_sounding(Some((occasions, unitary))).unwrap();
        fe.arm(Some(0), Change::Noise(Some(white(-3.0)))).unwrap();
        if sub_bands {
            let band = SubBand { first_prb: 0, prbs: 10, weights: weights(2, 1, 3) };
            let bands = SubBands { scs_hz: 30_000, carrier_prbs: 20, bands: vec![band] };
            fe.arm(Some(0), Change::SubBands(bands)).unwrap();
        }
        let silence = vec![vec![Complex32::ZERO; 200 + 8 * slot as usize]];
        let y = run(&mut fe, &silence, &[100, 1111]);
        let first = 200 + 4 * slot as usize;
        let end = first + 2 * slot as usize;
        for y in &y {
            assert!(y[first..end].iter().all(|z| *z == Complex32::ZERO));
            assert!(y[1000..1290].iter().all(|z| *z == Complex32::ZERO));
            assert!(power(&y[1400..first - 40]) > 0.05 && power(&y[end + 40..]) > 0.05);
            // it fades out over the ramp before
            assert!(power(&y[first - 39..first]) > 0.0);
        }
    }
}

#[test]
fn another_band_begins_after_the_old_noise_has_faded() {
    let mut fe = front_end(2, 1, RATE_HZ, grid(0, SLOT, &[]));
    let band = PrbRange { scs_hz: 15_000, carrier_prbs: 20, first_prb: 0, prbs: 5 };
    fe.arm(Some(0), Change::Noise(Some(white(0.0)))).unwrap();
    fe.arm(Some(3000), Change::Noise(Some(Noise { band: Some(band), ..white(0.0) }))).unwrap();
    let y = run(&mut fe, &[vec![Complex32::ZERO; 6000]], &[3010]);
    assert_eq!(y[0][3040], Complex32::ZERO);
    assert!(power(&y[0][2900..3000]) > 0.2 && power(&y[0][3100..]) > 0.2);
    let slow =
        |y: &[Complex32]| y.windows(2).map(|w| (w[1] - w[0]).norm_sqr()).sum::<f32>() / power(y) / y.len() as f32;
    // 0.9 MHz around −1.35 MHz of 7.68: neighbours differ little, white ones by twice the power
    assert!(slow(&y[0][..3000]) > 1.8 && slow(&y[0][3100..]) < 1.4, "{} {}", slow(&y[0][..3000]), slow(&y[0][3100..]));
}

#[test]
fn ramps_have_at_least_one_prefix() {
    // 7.68 MS/s: 36 samples at 15 kHz
    assert!(check_ramp(SLOT, 36).is_ok() && check_ramp(SLOT, 35).is_err() && check_ramp(SLOT, SLOT + 1).is_err());
    assert!(check_ramp(SLOT / 2, 18).is_ok() && check_ramp(SLOT / 2, 17).is_err());
    let short = FrontEnd::new(1, 1, &[Complex32::ONE], grid(0, SLOT, &[]), 35).unwrap();
    let refused = short.with_streams(RATE_HZ, 1).unwrap_err();
    assert_eq!(refused, FrontEndError::Ramp { ramp_samples: 35, cp_samples: 36 });
    let mut fe =
        FrontEnd::new(1, 1, &[Complex32::ONE], grid(0, SLOT / 2, &[]), 18).unwrap().with_streams(RATE_HZ, 1).unwrap();
    assert!(fe.set_slots(grid(0, SLOT, &[])).is_err());
    assert_eq!(fe.slots().slot_samples, SLOT / 2);
}

proptest! {
    #[test]
    fn no_step_is_larger_than_that_of_a_ramp(changes in prop::collection::vec((0_u64..12_000, 0_u64..100, -20.0_f32..0.0), 1..6)) {
        let mut fe = front_end(2, 1, RATE_HZ, grid(50, SLOT, &[(2, 1, 1)]));
        fe.set_wide(Some(0), &weights(2, 1, 99)).unwrap();
        for &(at, seed, db) in &changes {
            fe.arm(Some(at), Change::Weights(weights(2, 1, seed))).unwrap();
            fe.arm(Some(at), Change::PowerDb(db)).unwrap();
        }
        let y = run(&mut fe, &[vec![Complex32::ONE; 14_000]], &[]);
        for y in &y {
            for (n, w) in y.windows(2).enumerate() {
                // each weight is at most 1, so the way is at most 2, in 40 steps
                prop_assert!((w[1] - w[0]).norm() <= 2.0 / 40.0 + 1e-5, "{n}");
            }
        }
    }
}

#[test]
fn a_new_wide_beam_waits_for_the_next_slot() {
    let (n, slot) = (3 * SLOT as usize, SLOT as usize);
    for sub_bands in [false, true] {
        // every slot is protected
        let mut fe = front_end(2, 1, RATE_HZ, grid(0, SLOT, &[(1, 0, 1)]));
        let (old, new) = (weights(2, 1, 1), weights(2, 1, 98));
        if sub_bands {
            let band = SubBand { first_prb: 0, prbs: 10, weights: weights(2, 1, 3) };
            fe.arm(Some(0), Change::SubBands(SubBands { scs_hz: 15_000, carrier_prbs: 20, bands: vec![band] }))
                .unwrap();
        }
        let begin = run(&mut fe, &[vec![Complex32::ONE; 1000]], &[]);
        let at = begin[0].len();
        assert_eq!(fe.set_wide(None, &new).unwrap(), (SLOT.into(), old.clone()));
        // what waits is what a later one replaces
        assert_eq!(fe.set_wide(Some(2 * u64::from(SLOT)), &old).unwrap().1, new);
        let mut plan = Plan::new(fe.width(), 64);
        let x = vec![Complex32::ONE; n];
        let (mut from, mut y) = (1000, Vec::new());
        while y.len() < 2 * slot - at {
            let to = (from + 777).min(n);
            from += fe.step(&[&x[from..to]], &mut plan);
            let mut streams: [&[Complex32]; MAX_INPUTS] = [&[]; MAX_INPUTS];
            let count = fe.streams(&[&x[from.saturating_sub(plan.len)..]], &plan, &mut streams);
            for (segment, w0, w1) in plan.pieces() {
                let inputs = w0.len() / 2;
                for i in 0..segment.len {
                    let share = i as f32 / segment.len as f32;
                    let all = (0..count).map(|k| (w0[k] + (w1[k] - w0[k]) * share) * streams[k][segment.offset + i]);
                    assert!(count <= inputs);
                    y.push(all.sum::<Complex32>());
                }
            }
        }
        let ramp = if sub_bands { 0 } else { 40 };
        for (i, y) in y.iter().enumerate().take(2 * slot - at) {
            let want = match at + i {
                k if k < slot => old[0],
                k if k < slot + ramp => continue,
                _ => new[0],
            };
            assert!((y - want).norm() < 1e-5, "sample {}: {y} {want}, sub-bands: {sub_bands}", at + i);
        }
    }
}

#[test]
fn what_is_settled_is_on_air_from_the_first_sample() {
    let mut fe = front_end(2, 1, RATE_HZ, grid(0, SLOT, &[(2, 1, 1)]));
    fe.seek(1234);
    let (beam, wide) = (weights(2, 1, 7), weights(2, 1, 8));
    fe.arm(Some(1234), Change::Weights(beam.clone())).unwrap();
    fe.arm(Some(1234), Change::PowerDb(-6.0206)).unwrap();
    fe.arm(Some(1234), Change::Noise(Some(white(-20.0)))).unwrap();
    fe.set_wide(Some(1234), &wide).unwrap();
    fe.settle();
    let mut plan = Plan::new(fe.width(), 64);
    fe.plan(100, &mut plan);
    let (_, from, to) = plan.pieces().next().unwrap();
    assert_eq!((from, plan.start), (to, 1234));
    let inputs = from.len() / 2;
    for m in 0..2 {
        assert!((from[m * inputs] - beam[m] * 0.5).norm() < 1e-5, "{from:?}");
    }
    // −20 dBFS over both antennas
    let noise: f32 = (0..2).map(|m| from[m * inputs + 1].norm_sqr()).sum();
    assert!((noise - 0.01).abs() < 1e-5, "{noise}");
    fe.plan(10_000, &mut plan);
    let (_, from, _) = plan.pieces().filter(|(s, ..)| s.mode == Mode::Wide).last().unwrap();
    assert!((from[0] - wide[0] * 0.5).norm() < 1e-5);
}

#[test]
fn changes_wait_in_order_and_tell_what_they_replace() {
    let mut fe = front_end(1, 1, RATE_HZ, grid(0, SLOT, &[]));
    let x = vec![vec![Complex32::ONE; 1000]];
    run(&mut fe, &x, &[]);
    let db = |fe: &mut FrontEnd, at, db| fe.arm(at, Change::PowerDb(db)).unwrap();
    let later = db(&mut fe, Some(20_000), -6.0);
    assert_eq!((later.sample, later.old), (20_000, Change::PowerDb(0.0)));
    // past and not given: the next slot; the second takes the place of the first
    assert_eq!(db(&mut fe, Some(999), -1.0).sample, 7680);
    let next = db(&mut fe, None, -3.0);
    assert_eq!((next.sample, next.old), (7680, Change::PowerDb(0.0)));
    assert_eq!(db(&mut fe, Some(30_000), -9.0).old, Change::PowerDb(-6.0));
    let mut plan = Plan::new(fe.width(), 512);
    let mut seen = Vec::new();
    while fe.position() < 40_000 {
        fe.plan(40_000, &mut plan);
        seen.extend(plan.pieces().map(|(s, w, _)| (plan.start + s.offset as u64, w[0].re)));
    }
    let at = |n: u64| seen.iter().rev().find(|(start, _)| *start <= n).unwrap().1;
    for (n, want) in [(7679, 1.0), (8000, 0.708), (19_999, 0.708), (20_100, 0.501), (39_000, 0.355)] {
        assert!((at(n) / weights(1, 1, 1)[0].re - want).abs() < 1e-3, "{n} {}", at(n));
    }
    for i in 0..64 {
        db(&mut fe, Some(50_000 + i), -1.0);
    }
    assert!(matches!(fe.arm(None, Change::PowerDb(0.0)), Err(FrontEndError::Busy { waiting: 64, .. })));
}

#[test]
fn several_changes_or_none() {
    let mut fe = front_end(2, 1, RATE_HZ, grid(0, SLOT, &[]));
    let good = || vec![Change::PowerDb(-6.0), Change::Weights(weights(2, 1, 7)), Change::Noise(Some(white(-30.0)))];
    let mut bad = good();
    bad[2] = Change::Noise(Some(Noise { channels: Some(weights(4, 1, 1)), ..white(-30.0) }));
    let (which, why) = fe.prepare(bad).unwrap_err();
    assert!(which == 2 && matches!(why, FrontEndError::Channels(_)));
    let twice = vec![Change::PowerDb(-6.0), Change::PowerDb(-7.0)];
    assert_eq!(fe.prepare(twice).unwrap_err(), (1, FrontEndError::Twice("power")));
    let x = vec![vec![Complex32::ONE; 2 * SLOT as usize]];
    let before = weights(2, 1, 1);
    let mut untouched = front_end(2, 1, RATE_HZ, grid(0, SLOT, &[]));
    assert_eq!(run(&mut fe, &x, &[]), run(&mut untouched, &x, &[]));
    let prepared = fe.prepare(good()).unwrap();
    let sample = fe.when(None, &prepared);
    assert_eq!(sample, 2 * u64::from(SLOT));
    let old = fe.commit(sample, prepared);
    assert_eq!(old, [Change::PowerDb(0.0), Change::Weights(before.clone()), Change::Noise(None)]);
    let mut plan = Plan::new(fe.width(), 64);
    fe.step(&[&x[0][..100]], &mut plan);
    let pieces: Vec<_> = plan.pieces().collect();
    let inputs = fe.width() / 2;
    assert_eq!((pieces[0].0.len, pieces[0].1[0], pieces[0].1[1]), (40, before[0], c(0.0, 0.0)));
    let (w, z) = (pieces[0].2[0], c(pieces[0].2[1].norm(), pieces[0].2[1 + inputs].norm()));
    assert!((w - weights(2, 1, 7)[0] * 0.501_187).norm() < 1e-5);
    assert!((z.norm_sqr() - 1e-3).abs() < 1e-6, "{z}");
}

#[test]
fn one_antenna_sends_all_of_the_noise() {
    let mut fe = front_end(1, 1, RATE_HZ, grid(0, SLOT, &[]));
    fe.arm(Some(0), Change::Noise(Some(white(-20.0)))).unwrap();
    let y = run(&mut fe, &[vec![Complex32::ZERO; 20_000]], &[]);
    assert!((power(&y[0][40..]) / 0.01 - 1.0).abs() < 0.05, "{}", power(&y[0][40..]));
}

#[test]
fn a_combiner_changes_at_the_slot_boundary_of_the_uplink() {
    // slots of the uplink begin 100 samples before those of the downlink
    let mut fe = FrontEnd::combiner(4, 2, grid(7580, SLOT, &[]), 40).unwrap();
    let w = weights(4, 2, 8);
    let mut plan = Plan::new(fe.width(), 64);
    fe.plan(1000, &mut plan);
    let armed = fe.arm(None, Change::Weights(w.clone())).unwrap();
    assert_eq!(armed.sample, 7580);
    let Change::Weights(old) = armed.old else { panic!() };
    assert_eq!(old, [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0].map(|re| c(re, 0.0)));
    fe.plan(9000, &mut plan);
    let pieces: Vec<_> = plan.pieces().map(|(s, from, to)| (plan.start + s.offset as u64, s.len, from, to)).collect();
    assert_eq!((pieces[1].0, pieces[1].1, pieces[1].2, pieces[1].3), (7580, 40, &old[..], &w[..]));
    assert_eq!((pieces[2].0, pieces[2].2), (7620, &w[..]));
    assert!(FrontEnd::combiner(4, 2, grid(0, SLOT, &[]), 35).is_err());
}

#[test]
fn an_end_without_streams_refuses_what_needs_them() {
    let mut fe = FrontEnd::new(2, 1, &weights(2, 1, 1), grid(0, SLOT, &[]), 40).unwrap();
    assert!(matches!(fe.arm(None, Change::Noise(Some(white(-3.0)))), Err(FrontEndError::NoStreams(_))));
    assert_eq!((fe.width(), inputs(2, 1), inputs(4, 1), inputs(1, 1)), (2, 3, 7, 2));
}
