//! Captures made by the data plane's own stages, and what must be found in those that are not as they should be.

use super::gains::{CLOSE, Gains};
use super::pieces::Pieces;
use super::*;
use crate::air::{
    AirConfig, CaptureOrder, CaptureStatus, Direction, FaultKind, FaultSpec, FaultState, FaultStatus, GnbEnd, Tap,
    TruthPiece, UeEnd,
};
use crate::emulator::reference::Reference;
use crate::emulator::{
    EmulatorConfig, LinkConfig, NoiseTable, PathLoss, PathLossModel, ReceiverChannel, TapConfig, TdlProfile,
    TraceConfig, UplinkChannel,
};
use crate::front_end::{Change, FrontEnd, Plan, ProtectedSlots, inputs};
use num_complex::{Complex32, Complex64};
use std::path::Path;

const RATE_HZ: f64 = 7.68e6;
const SLOT: usize = 7680;
const FIRST: u64 = 5 * SLOT as u64;

fn stream(first: u64, n: usize, seed: u64) -> Vec<Complex32> {
    // within ± 0.4 of the rate, as any carrier is
    (first..first + n as u64)
        .map(|i| {
            (0..9_u64)
                .map(|k| {
                    let f = -0.39 + 0.086 * k as f64 + 0.003 * seed as f64;
                    Complex32::cis(
                        (std::f64::consts::TAU * (f * i as f64 + 0.37 * (k * k + seed) as f64).fract()) as f32,
                    ) * 0.07
                })
                .sum()
        })
        .collect()
}

fn beam(antennas: usize, turns: f32) -> Vec<Complex32> {
    (0..antennas).map(|m| Complex32::cis(turns * m as f32) / (antennas as f32).sqrt()).collect()
}

fn save(folder: &Path, tap: Tap, samples: &[Complex32]) {
    std::fs::write(folder.join(tap.file() + ".sigmf-data"), bytemuck::cast_slice::<Complex32, u8>(samples)).unwrap();
}

fn load(folder: &Path, tap: Tap) -> Vec<Complex32> {
    let bytes = std::fs::read(folder.join(tap.file() + ".sigmf-data")).unwrap();
    bytes.as_chunks::<8>().0.iter().map(|b| bytemuck::pod_read_unaligned(b)).collect()
}

fn status(folder: &Path, taps: Vec<Tap>, samples: usize) -> CaptureStatus {
    CaptureStatus {
        written: vec![samples as u64; taps.len()],
        order: CaptureOrder { folder: folder.into(), taps, samples: samples as u64 },
        first_dl: FIRST,
        first_ul: FIRST,
        is_complete: true,
        fault: None,
        speakers: vec![],
        faults: vec![],
    }
}

fn note(text: &mut String, direction: Direction, plan: &Plan) {
    for (segment, from, to) in plan.pieces() {
        let piece = TruthPiece {
            direction,
            first: plan.start + segment.offset as u64,
            len: segment.len as u64,
            from: from.to_vec(),
            to: to.to_vec(),
            by_antenna: false,
        };
        *text += &(serde_json::to_string(&piece).unwrap() + "\n");
    }
}

fn config(link: LinkConfig, antennas: usize) -> AirConfig {
    let ue = UeEnd { link, ..UeEnd::cable("ue0", None, None) };
    let gnb = GnbEnd::Zmq { tx: vec!["ipc://a".into()], rx: vec!["ipc://b".into()] };
    AirConfig::lab(RATE_HZ, antennas, gnb, vec![ue])
}

const PORT: Tap = Tap::GnbTx { port: 0 };
const UE: Tap = Tap::UeRx { stream: 0 };

/// A capture of one receiver; weights change at one sample, artificial noise where told.
fn capture(folder: &Path, config: &AirConfig, samples: usize, noise: bool) -> CaptureStatus {
    let (rate_hz, antennas) = (config.rate_hz, config.antennas);
    let slot = (rate_hz / 1000.0) as usize;
    let columns = inputs(antennas, 1);
    let slots = ProtectedSlots { boundary: 0, slot_samples: slot as u32, spans: Vec::new() };
    let mut stage = FrontEnd::new(antennas, 1, &beam(antennas, 0.3), slots, config.ramp_samples)
        .unwrap()
        .with_streams(rate_hz, config.emulator.seed)
        .unwrap();
    stage.seek(FIRST);
    for (k, turns) in [-1.1_f32, 0.8, 2.0].into_iter().enumerate() {
        let at = FIRST + ((k + 1) * samples / 4) as u64;
        stage.arm(Some(at), Change::Weights(beam(antennas, turns))).unwrap();
    }
    if noise {
        stage
            .arm(None, Change::Noise(Some(crate::front_end::Noise { dbfs: -20.0, band: None, channels: None })))
            .unwrap();
    }
    let table = NoiseTable::new(config.emulator.seed);
    let mut channel =
        ReceiverChannel::new(&config.ues[0].link, &config.emulator, &table, 0, (antennas, columns), rate_hz, slot);
    let (mut x, mut y, mut truth) = (Vec::new(), Vec::new(), String::new());
    let mut ins = vec![Vec::new(); columns];
    let mut plan = Plan::new(stage.width(), 64);
    while y.len() < samples {
        let piece = stream(FIRST + y.len() as u64, (samples - y.len()).min(slot), 0);
        let taken = stage.step(&[&piece], &mut plan);
        let mut given: [&[Complex32]; 31] = [&[]; 31];
        let count = stage.streams(&[&piece], &plan, &mut given);
        for (c, all) in ins.iter_mut().enumerate() {
            match given[..count].get(c) {
                Some(x) => all.extend_from_slice(&x[..plan.len]),
                None => all.extend(vec![Complex32::ZERO; plan.len]),
            }
        }
        let mut out = vec![Complex32::ZERO; plan.len];
        channel.process(&plan, &given[..count], &mut out);
        x.extend_from_slice(&piece[..taken]);
        y.extend(out);
        note(&mut truth, Direction::Downlink, &plan);
    }
    save(folder, PORT, &x);
    save(folder, UE, &y);
    std::fs::write(folder.join("truth.jsonl"), truth).unwrap();
    let mut taps = vec![PORT, UE];
    if noise {
        for (column, x) in (0..).zip(&ins) {
            save(folder, Tap::Input { column }, x);
            taps.push(Tap::Input { column });
        }
    }
    status(folder, taps, samples)
}

fn mimo() -> LinkConfig {
    LinkConfig {
        gain_db: -6.0,
        rician_k_db: Some(6.0),
        doppler_hz: 70.0,
        angle_deg: 20.0,
        angle_deg_per_s: 40.0,
        angle_limit_deg: 21.0,
        taps: vec![TapConfig { delay_samples: 0, power_db: 0.0 }, TapConfig { delay_samples: 9, power_db: -6.0 }],
        noise_dbfs: Some(-40.0),
        cfo_hz: 150.0,
        ..LinkConfig::default()
    }
}

fn tdl() -> LinkConfig {
    LinkConfig {
        gain_db: -6.0,
        doppler_hz: 70.0,
        profile: Some(TdlProfile::TdlA),
        delay_spread_ns: 300.0,
        noise_dbfs: Some(-40.0),
        ..LinkConfig::default()
    }
}

/// Two paths of two antennas that turn at 40 and −25 Hz, every millisecond.
fn traced(folder: &Path) -> LinkConfig {
    use std::fmt::Write as _;
    let mut text = String::from("t_s,path,antenna,delay_s,re,im\n");
    for k in 0..40 {
        for (path, antenna) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let (hz, size) = if path == 0 { (40.0, 0.8) } else { (-25.0, 0.4) };
            let t_s = f64::from(k) * 1e-3;
            let h = num_complex::Complex64::cis(std::f64::consts::TAU * hz * t_s + f64::from(antenna)) * size;
            writeln!(text, "{t_s},{path},{antenna},{},{},{}", 410e-9 * f64::from(path), h.re, h.im).unwrap();
        }
    }
    let path = folder.join("csi.csv");
    std::fs::write(&path, text).unwrap();
    LinkConfig { gain_db: -3.0, csi: Some(path), ..LinkConfig::default() }
}

#[test]
fn a_link_follows_channel_state_from_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(traced(dir.path()), 2);
    config.check().unwrap();
    let status = capture(dir.path(), &config, 8 * SLOT, false);
    let report = one(dir.path(), &status, &config);
    assert!(report.is_right && report.relative_rms < 5e-5, "{report:?}");
    let other = AirConfig { antennas: 3, ..config };
    assert!(other.check().unwrap_err().to_string().contains("has 2 antennas, the lab 3"));
}

fn one(folder: &Path, status: &CaptureStatus, config: &AirConfig) -> WireReport {
    verify(folder, status, config, &mut |_, _| ()).unwrap().remove(0)
}

#[test]
fn right_captures_are_right_and_one_wrong_sample_is_found() {
    for (link, antennas) in [(mimo(), 8), (tdl(), 1), (LinkConfig { array_correlation: 0.5, ..tdl() }, 2)] {
        let dir = tempfile::tempdir().unwrap();
        let config = config(link, antennas);
        let samples = 12 * SLOT + 17;
        let status = capture(dir.path(), &config, samples, false);
        let report = one(dir.path(), &status, &config);
        assert!(report.is_right && report.relative_rms < 5e-5, "{report:?}");
        assert!(report.gain_distance <= 1e-7 && report.largest < 1e-3, "{report:?}");
        assert_eq!(report.compared_samples + report.skipped_samples, samples as u64);

        let good = load(dir.path(), UE);
        let mut bad = good.clone();
        bad[70_001] = -bad[70_001];
        save(dir.path(), UE, &bad);
        let found = one(dir.path(), &status, &config);
        assert!(!found.is_right && found.largest_at == Some(FIRST + 70_001), "{found:?}");
        // one that is no number
        bad.clone_from(&good);
        bad[70_002].re = f32::NAN;
        save(dir.path(), UE, &bad);
        let found = one(dir.path(), &status, &config);
        assert!(!found.is_right && found.largest_at == Some(FIRST + 70_002), "{found:?}");
        // everything a sample late
        bad.clone_from(&good);
        bad.rotate_right(1);
        save(dir.path(), UE, &bad);
        assert!(one(dir.path(), &status, &config).relative_rms > 0.1);
        // indices counted from elsewhere: noise and channel are others
        save(dir.path(), UE, &good);
        let shifted = CaptureStatus { first_dl: FIRST - 1, ..status.clone() };
        let found = one(dir.path(), &shifted, &config);
        assert!(!found.is_right, "{found:?}");
    }
}

#[test]
fn wrong_weights_another_seed_and_missing_truth_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(mimo(), 4);
    let status = capture(dir.path(), &config, 4 * SLOT, false);
    assert!(one(dir.path(), &status, &config).is_right);
    let mut other = config.clone();
    other.emulator.seed += 1;
    assert!(one(dir.path(), &status, &other).relative_rms > 0.1);
    let path = dir.path().join("truth.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut lines: Vec<TruthPiece> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    // 1 % more of one weight over one slot
    let at = lines.len() - 1;
    let columns = lines[at].from.len() / 4;
    lines[at].from[2 * columns] *= 1.01;
    lines[at].to[2 * columns] *= 1.01;
    let write = |lines: &[TruthPiece]| {
        let text: String = lines.iter().map(|l| serde_json::to_string(l).unwrap() + "\n").collect();
        std::fs::write(&path, text).unwrap();
    };
    write(&lines);
    let found = one(dir.path(), &status, &config);
    assert!(!found.is_right, "{found:?}");
    write(&lines[..at]);
    let found = one(dir.path(), &status, &config);
    assert!(found.not_covered.as_ref().is_some_and(|w| w.contains("no weights")), "{found:?}");
    std::fs::write(dir.path().join("ue0_rx.sigmf-data"), [0; 80]).unwrap();
    assert!(verify(dir.path(), &status, &config, &mut |_, _| ()).is_err());
}

#[test]
fn artificial_noise_needs_its_inputs() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(mimo(), 4);
    let status = capture(dir.path(), &config, 4 * SLOT, true);
    let report = one(dir.path(), &status, &config);
    assert!(report.is_right, "{report:?}");
    let without = CaptureStatus { order: CaptureOrder { taps: vec![PORT, UE], ..status.order.clone() }, ..status };
    let report = one(dir.path(), &without, &config);
    assert!(
        !report.is_right && report.not_covered.as_ref().is_some_and(|w| w.contains("artificial noise")),
        "{report:?}"
    );
}

fn fault(kind: FaultKind, first: u64, samples: u64) -> FaultStatus {
    FaultStatus {
        id: 1,
        spec: FaultSpec { stream: 0, direction: Direction::Downlink, kind, samples },
        state: FaultState::Done,
        first: Some(first),
        done_samples: samples,
        energy_before: 0.0,
        energy_after: 0.0,
        missed_samples: 0,
    }
}

#[test]
fn a_fault_is_done_again_to_the_sample() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(mimo(), 2);
    let mut status = capture(dir.path(), &config, 4 * SLOT, false);
    let good = load(dir.path(), UE);
    let mut y = good.clone();
    y[5000..15_001].fill(Complex32::ZERO);
    y[20_000..20_100].iter_mut().for_each(|z| *z *= 0.5);
    save(dir.path(), UE, &y);
    assert!(!one(dir.path(), &status, &config).is_right, "a blank that nobody tells of");
    let half = FaultKind::Attenuate { db: 6.020_6 };
    status.faults = vec![fault(FaultKind::Blank, FIRST + 5000, 10_001), fault(half.clone(), FIRST + 20_000, 100)];
    let report = one(dir.path(), &status, &config);
    assert!(report.is_right && report.fault_samples == 10_101, "{report:?}");
    // one sample short
    status.faults[0] = fault(FaultKind::Blank, FIRST + 5000, 10_000);
    let report = one(dir.path(), &status, &config);
    assert!(!report.is_right && report.largest_at == Some(FIRST + 15_000), "{report:?}");
    let noise = FaultKind::Noise { dbfs: -10.0 };
    status.faults = vec![fault(noise, FIRST + 5000, 10_001), fault(half, FIRST + 20_000, 100)];
    let report = one(dir.path(), &status, &config);
    assert!(report.is_right && (report.left_out_samples, report.fault_samples) == (10_001, 100), "{report:?}");
}

#[test]
fn the_uplink_of_two_ues_adds_up() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(LinkConfig::default(), 2);
    config.ues[0].uplink = Some(LinkConfig { noise_dbfs: None, ..tdl() });
    config.ues[0].uplink_gain_db = -3.0;
    config.ues.push(UeEnd { uplink: None, uplink_gain_db: -6.0, ..config.ues[0].clone() });
    let samples = 5 * SLOT;
    let slots = ProtectedSlots { boundary: 0, slot_samples: SLOT as u32, spans: Vec::new() };
    let mut combiner = FrontEnd::combiner(2, 1, slots, config.ramp_samples).unwrap();
    combiner.seek(FIRST);
    combiner.arm(Some(FIRST + 9000), Change::Weights(beam(2, 0.9))).unwrap();
    let mut plan = Plan::new(combiner.width(), 64);
    let mut y = vec![Complex32::ZERO; samples];
    let mut channels: Vec<_> = (0..2)
        .map(|u| UplinkChannel::new(&config.ues[u].uplink_link(), &config.emulator, u, (2, 1), RATE_HZ))
        .collect();
    let x: Vec<_> = (0..2).map(|u| stream(FIRST, samples, 3 + u)).collect();
    let (mut at, mut truth) = (0, String::new());
    while at < samples {
        combiner.plan((samples - at).min(3000), &mut plan);
        for (channel, x) in channels.iter_mut().zip(&x) {
            channel.process_add(&plan, &x[at..at + plan.len], &mut [&mut y[at..at + plan.len]]);
        }
        note(&mut truth, Direction::Uplink, &plan);
        at += plan.len;
    }
    std::fs::write(dir.path().join("truth.jsonl"), truth).unwrap();
    let taps = vec![Tap::UeTx { stream: 0 }, Tap::UeTx { stream: 1 }, Tap::GnbRx { port: 0 }];
    save(dir.path(), taps[0], &x[0]);
    save(dir.path(), taps[1], &x[1]);
    save(dir.path(), taps[2], &y);
    let mut status = status(dir.path(), taps, samples);
    status.speakers = vec![0, 1];
    let report = one(dir.path(), &status, &config);
    assert!(report.is_right && report.relative_rms < 5e-5, "{report:?}");
    config.ues[1].uplink_gain_db = -5.9;
    assert!(!one(dir.path(), &status, &config).is_right);
    status.order.taps.remove(1);
    let report = one(dir.path(), &status, &config);
    assert!(report.not_covered.as_ref().is_some_and(|w| w.contains("ue1_tx")), "{report:?}");
}

/// A second at 23.04 MS/s: `cargo test -p ran-bridge --lib a_second -- --ignored --nocapture`.
#[test]
#[ignore = "a minute of work"]
fn a_second_of_mimo_and_of_tdl() {
    for (name, link, antennas) in [("MIMO", mimo(), 8), ("TDL-A", tdl(), 1)] {
        let dir = tempfile::tempdir().unwrap();
        let mut config = config(link, antennas);
        config.rate_hz = 23.04e6;
        config.ramp_samples = 120;
        let status = capture(dir.path(), &config, 23_040_000, false);
        let from = crate::clock::mono_ns();
        let report = one(dir.path(), &status, &config);
        std::println!("{name}: {:.1} s, {report:?}", (crate::clock::mono_ns() - from) as f64 / 1e9);
        assert!(report.is_right && crate::clock::mono_ns() - from < 180_000_000_000);
    }
}

#[test]
fn gains_of_a_weak_link_are_as_near_as_those_of_a_strong_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("walk.csv");
    std::fs::write(&path, "0,100,-20\n10,250,280\n").unwrap();
    // 33.5 m/s: 350 Hz; 85 dB of path loss
    let loss = PathLoss { model: PathLossModel::UmiLos, distance_m: 1.0, carrier_hz: 3.5e9 };
    let trace = Some(TraceConfig { path, carrier_hz: 3.5e9 });
    let link = LinkConfig { path_loss: Some(loss), trace, ..LinkConfig::default() };
    let reference = Reference::new(&link, &EmulatorConfig::default(), 0, (1, 1), RATE_HZ);
    let (one, len) = (vec![Complex32::ONE], 100_000);
    let truth =
        TruthPiece { direction: Direction::Downlink, first: 0, len, from: one.clone(), to: one, by_antenna: false };
    let pieces = Pieces::parse(&serde_json::to_string(&truth).unwrap(), Direction::Downlink, 1).unwrap();
    let mut gains = Gains::new(&reference, &pieces, 1, RATE_HZ);
    for n in (0..len).step_by(97) {
        assert!(gains.seek(n) > 0);
        let (mut y, want) = ([Complex64::ZERO], reference.channel(n, 0, 0));
        gains.multiply_add(0, 0, n, std::iter::once(Complex64::ONE), &mut y);
        assert!((y[0] - want).norm() < 3e-7 * want.norm(), "{n}: {} {want}", y[0]);
    }
    assert!(gains.distance > 0.0 && gains.distance <= CLOSE);
}
