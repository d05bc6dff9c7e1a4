//! The emulator against its formulae, and what must hold for every link.

use super::reference::Reference;
use super::*;
use crate::front_end::{Change, FrontEnd, Plan, ProtectedSlots};
use num_complex::{Complex32, Complex64};
use proptest::prelude::*;

const RATE_HZ: f64 = 23.04e6;
const SLOT: usize = 23_040;
const RAMP: u32 = 120;

fn stream(n: usize, port: usize) -> Vec<Complex32> {
    // many tones within ±0.4 of the sample rate, so that delays of a part of a sample count
    (0..n)
        .map(|i| {
            (0..12)
                .map(|k| {
                    let f = -0.4 + 0.8 * (k as f64 + 0.3 * port as f64) / 12.0;
                    let turns = (f * i as f64 + 0.37 * (k * k) as f64).fract();
                    Complex32::cis((std::f64::consts::TAU * turns) as f32) * 0.1
                })
                .sum()
        })
        .collect()
}

/// Weights of a beam towards one direction.
fn beam(antennas: usize, ports: usize, turns: f32) -> Vec<Complex32> {
    (0..antennas * ports)
        .map(|i| Complex32::cis(turns * (i / ports) as f32 + (i % ports) as f32) / (antennas as f32).sqrt())
        .collect()
}

/// Runs a link over messages of the given sizes; new weights at each slot where `change`.
fn run(link: &LinkConfig, (antennas, ports): (usize, usize), cuts: &[usize], change: bool) -> Vec<Complex32> {
    let emulator = EmulatorConfig::default();
    let total: usize = cuts.iter().sum();
    let mut channel = ReceiverChannel::new(link, &emulator, &NoiseTable::new(1), 2, (antennas, ports), RATE_HZ, SLOT);
    let grid = ProtectedSlots { boundary: 0, slot_samples: SLOT as u32, spans: Vec::new() };
    let mut front_end = FrontEnd::new(antennas, ports, &beam(antennas, ports, 0.3), grid, RAMP).unwrap();
    if change {
        front_end.arm(Some(5000), Change::Weights(beam(antennas, ports, -1.1))).unwrap();
    }
    let mut plan = Plan::new(antennas * ports, 64);
    let x: Vec<_> = (0..ports).map(|p| stream(total, p)).collect();
    let mut y = vec![Complex32::ZERO; total];
    let mut at = 0;
    for len in cuts {
        front_end.plan(*len, &mut plan);
        let x: Vec<_> = x.iter().map(|x| &x[at..at + len]).collect();
        channel.process(&plan, &x, &mut y[at..at + len]);
        at += len;
    }
    y
}

/// Relative root-mean-square difference to the formulae over a part of the run.
fn error(link: &LinkConfig, size: (usize, usize), change: bool, first: usize, len: usize) -> f64 {
    let (antennas, ports) = size;
    let total = first + len;
    let y = run(link, size, &[4096, total - 4096], change);
    let x: Vec<_> = (0..ports).map(|p| stream(total, p)).collect();
    let x: Vec<&[Complex32]> = x.iter().map(|x| &x[..]).collect();
    let (w0, w1) = (beam(antennas, ports, 0.3), beam(antennas, ports, -1.1));
    let weights = |i: u64| -> Vec<Complex64> {
        let share = if change { ((i as f64 - 5000.0) / f64::from(RAMP)).clamp(0.0, 1.0) } else { 0.0 };
        let wide = |z: Complex32| Complex64::new(f64::from(z.re), f64::from(z.im));
        w0.iter().zip(&w1).map(|(a, b)| wide(*a) * (1.0 - share) + wide(*b) * share).collect()
    };
    let reference = Reference::new(link, &EmulatorConfig::default(), 2, size, RATE_HZ);
    let want = reference.receive(&x, &weights, first as u64, len);
    let (mut miss, mut all) = (0.0, 0.0);
    for (y, want) in y[first..].iter().zip(&want) {
        miss += (Complex64::new(f64::from(y.re), f64::from(y.im)) - want).norm_sqr();
        all += want.norm_sqr();
    }
    (miss / all).sqrt()
}

fn tdl(profile: TdlProfile) -> LinkConfig {
    LinkConfig { profile: Some(profile), delay_spread_ns: 300.0, doppler_hz: 70.0, ..LinkConfig::default() }
}

fn rician() -> LinkConfig {
    LinkConfig {
        gain_db: -6.0,
        rician_k_db: Some(3.0),
        doppler_hz: 70.0,
        angle_deg: 20.0,
        angle_deg_per_s: 5.0,
        noise_dbfs: Some(-30.0),
        cfo_hz: 200.0,
        ..LinkConfig::default()
    }
}

#[test]
fn equals_its_formulae_within_1e_4() {
    let late = LinkConfig { delay_ns: 137.0, cfo_hz: 300.0, noise_dbfs: Some(-25.0), ..tdl(TdlProfile::TdlD) };
    let correlated = LinkConfig {
        array_correlation: 0.7,
        receive_group: Some(3),
        receive_antenna: 1,
        receive_correlation: 0.5,
        ..tdl(TdlProfile::TdlB)
    };
    let echoes = LinkConfig {
        taps: vec![TapConfig { delay_samples: 3, power_db: -1.0 }, TapConfig { delay_samples: 40, power_db: -7.0 }],
        ..rician()
    };
    let exact = LinkConfig {
        exact_taps: vec![ExactTap { delay_ns: 10.0, power_db: 0.0 }, ExactTap { delay_ns: 333.3, power_db: -3.0 }],
        ..rician()
    };
    for (name, link, size, change) in [
        ("8 antennas, Rician", rician(), (8, 1), true),
        ("Rician, 35 kHz of CFO", LinkConfig { cfo_hz: 35e3, ..rician() }, (2, 1), true),
        ("Rician, echoes, 35 kHz of CFO", LinkConfig { cfo_hz: 35e3, ..echoes.clone() }, (2, 1), false),
        ("TDL-A, −35 kHz of CFO", LinkConfig { cfo_hz: -35e3, ..tdl(TdlProfile::TdlA) }, (1, 1), false),
        ("8 antennas, Rician, echoes", echoes, (8, 2), true),
        ("8 antennas, Rician, exact echoes", exact, (8, 2), true),
        ("TDL-A", tdl(TdlProfile::TdlA), (1, 1), false),
        ("TDL-A, 4 antennas, 2 ports, new weights", tdl(TdlProfile::TdlA), (4, 2), true),
        ("TDL-D, delay, CFO, noise", late, (2, 1), true),
        ("TDL-B, correlated", correlated, (2, 1), false),
        ("TDL-E", tdl(TdlProfile::TdlE), (1, 1), false),
    ] {
        let miss = error(&link, size, change, 4700, 1500);
        println!("{name}: {miss:.2e}");
        assert!(miss < 1e-4, "{name}: {miss:e}");
    }
}

/// A link that is 1152 samples long, over which fading of 300 Hz makes 1.5 % of a turn.
fn long(doppler_hz: f64) -> LinkConfig {
    LinkConfig { delay_ns: 50_000.0, doppler_hz, ..tdl(TdlProfile::TdlA) }
}

#[test]
fn a_long_link_with_fast_fading_equals_its_formulae() {
    for doppler_hz in [300.0, 1000.0] {
        assert_eq!(long(doppler_hz).check(), Ok(()));
        // new weights from sample 5000 on arrive from 6152 on
        for (change, first) in [(false, 4700), (true, 6000)] {
            let miss = error(&long(doppler_hz), (2, 1), change, first, 600);
            println!("{doppler_hz} Hz, new weights: {change}: {miss:.2e}");
            assert!(miss < 1e-4, "{doppler_hz} Hz, new weights: {change}: {miss:e}");
        }
    }
    let whole = run(&long(300.0), (2, 1), &[9000], false);
    assert!(whole == run(&long(300.0), (2, 1), &[1, 999, 33, 4067, 900, 1500, 1500], false));
    let whole = run(&long(300.0), (2, 1), &[9000], true);
    let cut = run(&long(300.0), (2, 1), &[4999, 1, 60, 61, 1000, 2879], true);
    for (n, (a, b)) in whole.iter().zip(&cut).enumerate() {
        assert!((a - b).norm() < 3e-5, "{n}: {a} {b}");
        assert!((5000..6600).contains(&n) || a == b, "{n}: {a} {b}");
    }
}

/// The uplink of a link over messages of the given sizes: the ports' streams.
fn send(link: &LinkConfig, (antennas, ports): (usize, usize), cuts: &[usize], change: bool) -> Vec<Vec<Complex32>> {
    let total: usize = cuts.iter().sum();
    let mut channel = UplinkChannel::new(link, &EmulatorConfig::default(), 2, (antennas, ports), RATE_HZ);
    let grid = ProtectedSlots { boundary: 0, slot_samples: SLOT as u32, spans: Vec::new() };
    let mut front_end = FrontEnd::new(antennas, ports, &beam(antennas, ports, 0.3), grid, RAMP).unwrap();
    if change {
        front_end.arm(Some(5000), Change::Weights(beam(antennas, ports, -1.1))).unwrap();
    }
    let mut plan = Plan::new(antennas * ports, 64);
    let x = stream(total, 0);
    let mut y = vec![vec![Complex32::ZERO; total]; ports];
    let mut at = 0;
    for len in cuts {
        front_end.plan(*len, &mut plan);
        let mut to: Vec<&mut [Complex32]> = y.iter_mut().map(|y| &mut y[at..at + len]).collect();
        channel.process_add(&plan, &x[at..at + len], &mut to);
        at += len;
    }
    y
}

#[test]
fn the_uplink_equals_its_formulae_and_does_not_depend_on_the_cut() {
    let (first, len) = (4700, 1000);
    for (name, link, size, change) in [
        ("Rician, 8 antennas", rician(), (8, 2), true),
        ("TDL-A", tdl(TdlProfile::TdlA), (1, 1), false),
        ("TDL-A, 35 kHz of CFO", LinkConfig { cfo_hz: 35e3, ..tdl(TdlProfile::TdlA) }, (1, 1), false),
        ("TDL-D, 2 antennas, CFO", LinkConfig { cfo_hz: 300.0, ..tdl(TdlProfile::TdlD) }, (2, 2), true),
    ] {
        let y = send(&link, size, &[4096, first + len - 4096], change);
        let (w0, w1) = (beam(size.0, size.1, 0.3), beam(size.0, size.1, -1.1));
        let weights = |i: u64| -> Vec<Complex64> {
            let share = if change { ((i as f64 - 5000.0) / f64::from(RAMP)).clamp(0.0, 1.0) } else { 0.0 };
            let wide = |z: Complex32| Complex64::new(f64::from(z.re), f64::from(z.im));
            w0.iter().zip(&w1).map(|(a, b)| wide(*a) * (1.0 - share) + wide(*b) * share).collect()
        };
        let reference = Reference::uplink(&link, &EmulatorConfig::default(), 2, size, RATE_HZ);
        for (port, y) in y.iter().enumerate() {
            let want = reference.send(&stream(first + len, 0), &weights, port, first as u64, len);
            let (mut miss, mut all) = (0.0, 0.0);
            for (y, want) in y[first..].iter().zip(&want) {
                miss += (Complex64::new(f64::from(y.re), f64::from(y.im)) - want).norm_sqr();
                all += want.norm_sqr();
            }
            let miss = (miss / all).sqrt();
            println!("uplink, {name}, port {port}: {miss:.2e}");
            assert!(miss < 1e-4, "{name}: {miss:e}");
        }
        assert!(send(&link, size, &[6000], false) == send(&link, size, &[1, 999, 33, 4067, 900], false), "{name}");
    }
}

#[test]
fn the_uplink_is_another_draw_and_a_cable_changes_nothing() {
    let y = send(&LinkConfig::default(), (1, 1), &[700, 300], false);
    assert!(y[0] == stream(1000, 0));
    let emulator = EmulatorConfig::default();
    let up = Reference::uplink(&tdl(TdlProfile::TdlA), &emulator, 0, (1, 1), RATE_HZ);
    let down = Reference::new(&tdl(TdlProfile::TdlA), &emulator, 0, (1, 1), RATE_HZ);
    let of = |link: &Reference| (0..23).map(|t| link.channel(5, t, 0)).collect::<Vec<_>>();
    let (a, b) = (of(&up), of(&down));
    let alike: Complex64 = a.iter().zip(&b).map(|(a, b)| a * b.conj()).sum();
    let power = |h: &[Complex64]| h.iter().map(Complex64::norm_sqr).sum::<f64>();
    assert!(alike.norm() < 0.8 * (power(&a) * power(&b)).sqrt(), "{alike}");
}

fn any_link() -> impl Strategy<Value = LinkConfig> {
    let model = prop_oneof![
        (prop::sample::select(TdlProfile::ALL.to_vec()), 1.0..500.0_f64).prop_map(|(profile, spread)| LinkConfig {
            profile: Some(profile),
            delay_spread_ns: spread,
            ..LinkConfig::default()
        }),
        (-10.0..20.0_f32, prop::collection::vec((0.0..3000.0_f64, -20.0..0.0_f64), 1..5)).prop_map(|(k, taps)| {
            LinkConfig {
                rician_k_db: Some(k),
                exact_taps: taps.into_iter().map(|(delay_ns, power_db)| ExactTap { delay_ns, power_db }).collect(),
                ..LinkConfig::default()
            }
        }),
    ];
    (
        model,
        -30.0..0.0_f32,
        0.0..500.0_f64,
        -60.0..60.0_f64,
        prop::option::of(-60.0..-20.0_f32),
        0.0..2000.0_f64,
        0.0..0.9_f64,
    )
        .prop_map(|(model, gain_db, doppler_hz, angle_deg, noise_dbfs, delay_ns, rho)| LinkConfig {
            gain_db,
            doppler_hz,
            angle_deg,
            noise_dbfs,
            delay_ns,
            array_correlation: rho,
            ..model
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_link_is_finite_and_the_same_however_the_stream_is_cut(link in any_link(), cut in prop::collection::vec(1..900_usize, 8), ports in 1..3_usize) {
        prop_assert_eq!(link.check(), Ok(()));
        let total: usize = cut.iter().sum();
        let whole = run(&link, (2, ports), &[total], false);
        prop_assert!(whole.iter().all(|z| z.re.is_finite() && z.im.is_finite()));
        let pieces = run(&link, (2, ports), &cut, false);
        prop_assert!(whole == pieces);
    }
}

#[test]
fn new_weights_do_not_depend_on_the_cut_either() {
    for link in [tdl(TdlProfile::TdlA), LinkConfig { cfo_hz: 99.0, ..tdl(TdlProfile::TdlE) }] {
        let whole = run(&link, (4, 2), &[9000], true);
        let cut = run(&link, (4, 2), &[4999, 1, 60, 61, 1000, 2879], true);
        for (n, (a, b)) in whole.iter().zip(&cut).enumerate() {
            // the ramp of the weights is cut at 5060, and with it one piece in which weights times channel count as a straight line:
            // before the ramp and after its echoes nothing differs
            assert!((a - b).norm() < 3e-5, "{n}: {a} {b}");
            assert!((5000..5400).contains(&n) || a == b, "{n}: {a} {b}");
        }
    }
}

#[test]
fn every_profile_has_unit_mean_power_at_the_receiver() {
    for profile in TdlProfile::ALL {
        let (mut power, seeds) = (0.0, 400);
        for seed in 0..seeds {
            let emulator = EmulatorConfig { seed, ..EmulatorConfig::default() };
            let noise = NoiseTable::new(1);
            let channel = ReceiverChannel::new(&tdl(profile), &emulator, &noise, 0, (1, 1), RATE_HZ, 1);
            let mut h = vec![Complex32::ZERO; channel.truth_len()];
            channel.truth(0, &mut h);
            power += h.iter().map(Complex32::norm_sqr).sum::<f32>() / seeds as f32;
        }
        assert!((power - 1.0).abs() < 0.06, "{}: {power}", profile.name());
    }
}

#[test]
fn a_receiver_that_walks_equals_its_formulae_and_keeps_the_path_loss() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("walk.csv");
    std::fs::write(&path, "t_s,x_m,y_m\n0,50,-5\n10,80,150\n").unwrap();
    let loss = PathLoss { model: PathLossModel::UmiLos, distance_m: 1.0, carrier_hz: 3.5e9 };
    let link = LinkConfig {
        gain_db: 80.0,
        rician_k_db: Some(6.0),
        doppler_hz: 70.0,
        path_loss: Some(loss),
        trace: Some(TraceConfig { path, carrier_hz: 3.5e9 }),
        ..LinkConfig::default()
    };
    assert_eq!(link.check(), Ok(()));
    let miss = error(&link, (8, 1), true, 4700, 1500);
    assert!(miss < 1e-4, "{miss:e}");
    let noise = NoiseTable::new(1);
    let direct = LinkConfig { rician_k_db: None, ..link.clone() };
    let channel = ReceiverChannel::new(&direct, &EmulatorConfig::default(), &noise, 0, (1, 1), RATE_HZ, 1);
    let mut h = [Complex32::ZERO];
    channel.truth(0, &mut h);
    let want_db = 80.0 - PathLossModel::UmiLos.loss_db(50.0_f64.hypot(5.0), 3.5e9);
    assert!((20.0 * f64::from(h[0].norm()).log10() - want_db).abs() < 1e-3);
    let still =
        LinkConfig { trace: None, path_loss: Some(PathLoss { distance_m: 100.0, ..loss }), ..LinkConfig::default() };
    assert!((still.mean_gain_db() + 85.31).abs() < 0.02 && !still.has_exact_delays());
    let lost = TraceConfig { path: folder.path().join("none.csv"), carrier_hz: 1e9 };
    assert!(LinkConfig { trace: Some(lost), ..LinkConfig::default() }.check().unwrap_err().contains("none.csv"));
}

#[test]
fn bad_numbers_are_refused_in_words() {
    let base = tdl(TdlProfile::TdlA);
    for (link, word) in [
        (LinkConfig { gain_db: f32::NAN, ..base.clone() }, "gain_db"),
        (LinkConfig { delay_ns: -1.0, ..base.clone() }, "delay_ns"),
        (LinkConfig { delay_ns: 1e6, ..base.clone() }, "delay_ns"),
        (LinkConfig { delay_spread_ns: 0.0, ..base.clone() }, "delay_spread_ns"),
        (LinkConfig { delay_spread_ns: 1e5, ..base.clone() }, "delay_spread_ns"),
        (LinkConfig { doppler_hz: 1e9, ..base.clone() }, "doppler_hz"),
        (LinkConfig { cfo_hz: -2e6, ..base.clone() }, "cfo_hz"),
        (LinkConfig { angle_deg: -40.0, angle_limit_deg: 30.0, ..base.clone() }, "angle_limit_deg"),
        (LinkConfig { array_correlation: 1.0, ..base.clone() }, "array_correlation"),
        (LinkConfig { receive_antenna: 1, ..base.clone() }, "receive_group"),
        (LinkConfig { receive_group: Some(1), receive_antenna: 9, ..base.clone() }, "receive_antenna"),
        (LinkConfig { rician_k_db: Some(3.0), ..base.clone() }, "rician_k_db"),
        (LinkConfig { taps: vec![TapConfig { delay_samples: 1, power_db: 0.0 }], ..base.clone() }, "taps"),
        (LinkConfig { profile: None, ..base.clone() }, "delay_spread_ns"),
        (
            LinkConfig { exact_taps: vec![ExactTap { delay_ns: f64::NAN, power_db: 0.0 }], ..LinkConfig::default() },
            "exact delays",
        ),
        (LinkConfig { taps: vec![TapConfig { delay_samples: 5000, power_db: 0.0 }], ..LinkConfig::default() }, "1023"),
    ] {
        let error = link.check().expect_err(word);
        assert!(error.contains(word), "{error} does not say {word}");
    }
    assert!(serde_json::from_str::<TdlProfile>("\"tdl-f\"").is_err());
    assert_eq!(serde_json::from_str::<TdlProfile>("\"tdl-c\"").unwrap(), TdlProfile::TdlC);
}
