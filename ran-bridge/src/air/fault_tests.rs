use super::*;
use proptest::prelude::*;

const RATE_HZ: f64 = 1e6;

fn faults() -> Faults {
    Faults::new(RATE_HZ, NoiseTable::new(3).stream(99))
}

fn spec(kind: FaultKind, samples: u64) -> FaultSpec {
    FaultSpec { stream: 0, direction: Direction::Downlink, kind, samples }
}

fn stream(n: usize) -> Vec<Complex32> {
    (0..n).map(|i| Complex32::new((i % 97) as f32 / 97.0 + 0.01, (i % 31) as f32 / 31.0)).collect()
}

/// A fault over samples 300 … 699 of a stream of 1000 that is given in pieces.
fn run(kind: FaultKind, pieces: &[usize]) -> (Vec<Complex32>, FaultStatus) {
    let mut f = faults();
    let id = f.obey(&FaultOrder::Prepare { fault: spec(kind, 400) }, 1, (0, 0), |n| n).unwrap().id;
    f.obey(&FaultOrder::Arm { id, at: At::Sample(300) }, 1, (0, 0), |n| n).unwrap();
    let mut all = stream(1000);
    let (mut at, mut pieces) = (0, pieces.iter().copied().chain(std::iter::repeat(1000)));
    let mut told = 0;
    while at < all.len() {
        let n = pieces.next().unwrap().clamp(1, all.len() - at);
        f.apply(0, Direction::Downlink, at as u64, &mut all[at..at + n], |_| told += 1);
        at += n;
    }
    assert_eq!(told, 1);
    (all, f.obey(&FaultOrder::Verify { id }, 1, (0, 0), |n| n).unwrap())
}

fn kinds() -> Vec<FaultKind> {
    let tap = |delay_samples, gain_db, phase_deg| FaultTap { delay_samples, gain_db, phase_deg };
    vec![
        FaultKind::Blank,
        FaultKind::Attenuate { db: 18.061_8 },
        FaultKind::Tone { frequency_hz: 125e3, dbfs: -20.0 },
        FaultKind::Noise { dbfs: -10.0 },
        FaultKind::Cfo { offset_hz: 500.0 },
        FaultKind::Tdl { taps: vec![tap(0, -1.0, 0.0), tap(5, -6.0, 90.0), tap(77, -9.0, -45.0)] },
    ]
}

#[test]
fn each_kind_by_hand() {
    let x = stream(1000);
    let want: [&dyn Fn(usize) -> Complex32; 6] = [
        &|_| Complex32::ZERO,
        &|n| x[n] * 0.125,
        // an eighth of the rate: a full turn in eight samples
        &|n| x[n] + Complex32::from_polar(0.1, (TAU * ((n - 300) % 8) as f64 / 8.0) as f32),
        &|n| x[n],
        &|n| x[n] * Complex32::from_polar(1.0, (TAU * 500.0 / RATE_HZ * (n - 300) as f64) as f32),
        &|n| {
            let g = |db: f32, deg: f32| Complex32::from_polar(10f32.powf(db / 20.0), deg.to_radians());
            g(-1.0, 0.0) * x[n] + g(-6.0, 90.0) * x[n - 5] + g(-9.0, -45.0) * x[n - 77]
        },
    ];
    for (kind, want) in kinds().into_iter().zip(want) {
        let (y, status) = run(kind.clone(), &[]);
        let is_noise = matches!(kind, FaultKind::Noise { .. });
        for n in 0..1000 {
            if !(300..700).contains(&n) {
                assert_eq!(y[n], x[n], "{kind:?} touches sample {n}");
            } else if !is_noise {
                assert!((y[n] - want(n)).norm() < 2e-5, "{kind:?} at {n}: {} {}", y[n], want(n));
            }
        }
        assert_eq!((status.state, status.done_samples, status.missed_samples), (FaultState::Done, 400, 0));
        assert!((status.energy_before - energy(&x[300..700])).abs() < 1e-3);
        assert!((status.energy_after - energy(&y[300..700])).abs() < 1e-3);
        if is_noise {
            let power: f64 = (300..700).map(|n| f64::from((y[n] - x[n]).norm_sqr())).sum::<f64>() / 400.0;
            assert!((power - 0.1).abs() < 0.02, "{power}");
        }
    }
}

#[test]
fn fifty_milliseconds_at_23_04_ms_are_1_152_000_samples() {
    let mut f = Faults::new(23.04e6, NoiseTable::new(1));
    let samples = (23.04e6 * 0.05) as u64;
    let id = f.obey(&FaultOrder::Prepare { fault: spec(FaultKind::Blank, samples) }, 1, (0, 0), |n| n).unwrap().id;
    let armed = f.obey(&FaultOrder::Arm { id, at: At::NextSlot }, 1, (10_000, 0), |_| 23_040).unwrap();
    assert_eq!((armed.first, armed.state), (Some(23_040), FaultState::Armed));
    let mut zeros = 0_u64;
    for slot in 0..60 {
        let mut y = vec![Complex32::ONE; 23_040];
        f.apply(0, Direction::Downlink, slot * 23_040, &mut y, |_| {});
        zeros += y.iter().filter(|z| **z == Complex32::ZERO).count() as u64;
    }
    assert_eq!(zeros, 1_152_000);
    assert!(f.is_idle());
}

#[test]
fn orders_in_the_wrong_order_are_refused() {
    let mut f = faults();
    let order = |f: &mut Faults, o| f.obey(&o, 1, (1000, 0), |n| n + 1);
    assert!(order(&mut f, FaultOrder::Arm { id: 1, at: At::NextSlot }).is_err());
    let id = order(&mut f, FaultOrder::Prepare { fault: spec(FaultKind::Blank, 10) }).unwrap().id;
    assert!(order(&mut f, FaultOrder::Arm { id, at: At::Sample(999) }).unwrap_err().contains("past"));
    order(&mut f, FaultOrder::Arm { id, at: At::Sample(1000) }).unwrap();
    assert!(order(&mut f, FaultOrder::Arm { id, at: At::Sample(2000) }).is_err());
    let mut y = stream(5);
    f.apply(0, Direction::Downlink, 1000, &mut y, |_| {});
    let stopped = order(&mut f, FaultOrder::Stop { id }).unwrap();
    assert_eq!((stopped.state, stopped.done_samples), (FaultState::Stopped, 5));
    let mut y = stream(5);
    f.apply(0, Direction::Downlink, 1005, &mut y, |_| {});
    assert_eq!(y, stream(5));
    for wrong in [
        FaultSpec { stream: 1, ..spec(FaultKind::Blank, 1) },
        spec(FaultKind::Blank, 0),
        spec(FaultKind::Attenuate { db: -1.0 }, 1),
        spec(FaultKind::Noise { dbfs: f32::NAN }, 1),
        spec(FaultKind::Tone { frequency_hz: 6e5, dbfs: -3.0 }, 1),
        spec(FaultKind::Tdl { taps: vec![] }, 1),
    ] {
        assert!(order(&mut f, FaultOrder::Prepare { fault: wrong }).is_err());
    }
}

#[test]
fn echoes_are_of_samples_from_before_it_was_armed() {
    let taps = vec![FaultTap { delay_samples: 300, gain_db: 0.0, phase_deg: 0.0 }];
    let order = |f: &mut Faults, o, next| f.obey(&o, 1, (next, 0), |n: u64| n.next_multiple_of(100));
    // armed when 400 samples have been seen: the first slot after; when only 50 have: 250 samples later
    for (seen, want) in [(400_usize, 400), (50, 300)] {
        let mut f = faults();
        let id = order(&mut f, FaultOrder::Prepare { fault: spec(FaultKind::Tdl { taps: taps.clone() }, 200) }, 0)
            .unwrap()
            .id;
        assert!(!f.is_idle());
        let (x, mut y) = (stream(1000), stream(1000));
        f.apply(0, Direction::Downlink, 0, &mut y[..seen], |_| {});
        let armed = order(&mut f, FaultOrder::Arm { id, at: At::NextSlot }, seen as u64).unwrap();
        assert_eq!(armed.first, Some(want as u64));
        f.apply(0, Direction::Downlink, seen as u64, &mut y[seen..], |_| {});
        for n in 0..1000 {
            let want = if (want..want + 200).contains(&n) { x[n - 300] } else { x[n] };
            assert!((y[n] - want).norm() < 1e-6, "{n}");
        }
        assert!(f.is_idle());
    }
}

#[test]
fn a_receiver_that_was_away_leaves_missed_samples() {
    let mut f = faults();
    let id = f.obey(&FaultOrder::Prepare { fault: spec(FaultKind::Blank, 100) }, 1, (0, 0), |n| n).unwrap().id;
    f.obey(&FaultOrder::Arm { id, at: At::Sample(50) }, 1, (0, 0), |n| n).unwrap();
    f.apply(0, Direction::Downlink, 0, &mut stream(60), |_| {});
    f.apply(0, Direction::Downlink, 90, &mut stream(100), |_| {});
    let status = f.obey(&FaultOrder::Verify { id }, 1, (0, 0), |n| n).unwrap();
    assert_eq!((status.state, status.done_samples, status.missed_samples), (FaultState::Done, 70, 30));
}

proptest! {
    #[test]
    fn the_cut_does_not_matter(pieces in proptest::collection::vec(1_usize..200, 0..20)) {
        for kind in kinds() {
            let (whole, _) = run(kind.clone(), &[]);
            let (cut, _) = run(kind, &pieces);
            for (a, b) in whole.iter().zip(&cut) {
                prop_assert!((a - b).norm() < 1e-5);
            }
        }
    }
}
