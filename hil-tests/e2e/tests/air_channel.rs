//! What `air` does to the samples: `y = Σ w·h·x` recomputed, weights at the slot boundary, snippets, playing a recording.

mod air_support;

use air_support::{Lab, RATE_HZ, SLOT, tags, until};
use num_complex::Complex32;
use ran_bridge::air::{At, Command, Event, GnbEnd, NoiseSetting, SlotSpan, SoundingPlan, UeEnd, Window};
use ran_bridge::emulator::{LinkConfig, TapConfig};
use ran_bridge::iq::{self, Recording};
use std::time::Duration;

fn c(re: f32, im: f32) -> Complex32 {
    Complex32::new(re, im)
}

/// Half a wavelength apart, direct path at 30°: each antenna is turned by 90° against the one before.
fn steering(m: usize, gain: f32) -> Complex32 {
    [c(1.0, 0.0), c(0.0, 1.0), c(-1.0, 0.0), c(0.0, -1.0)][m % 4] * gain
}

fn noise(dbfs: f32) -> NoiseSetting {
    NoiseSetting { dbfs: Some(dbfs), ..NoiseSetting::default() }
}

fn close(a: &[Complex32], b: &[Complex32], tolerance: f32) {
    assert_eq!(a.len(), b.len());
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).norm() < tolerance, "sample {i}: {a} instead of {b}");
    }
}

fn at_thirty_degrees(config: &mut ran_bridge::air::AirConfig) {
    config.start_wait_ms = 5000;
    config.ues[0].link = LinkConfig { angle_deg: 30.0, gain_db: -6.020_6, ..LinkConfig::default() };
}

#[test]
fn weights_change_at_the_slot_boundary_along_a_straight_line() {
    let w0 = [c(0.5, 0.0), c(0.5, 0.0), c(0.5, 0.0), c(0.5, 0.0)];
    let w1: Vec<_> = (0..4).map(|m| steering(m, 0.5).conj()).collect();
    let mut lab = Lab::start(4, 1, |config| {
        at_thirty_degrees(config);
        config.slot_boundary = 100;
        config.weights = w0.to_vec();
    });
    let (mut gnb_tx, _gnb_rx) = lab.gnb();
    let (mut ue_rx, _ue_tx) = lab.ue(0);
    ue_rx.ask();
    gnb_tx.send_tags(1000);
    let mut got = ue_rx.take();
    let event = lab.command(Command::Weights { at: At::NextSlot, weights: w1.clone(), cause: 42 });
    let Event::Applied { sample, cause, received_mono_ns, armed_mono_ns, .. } = event else { panic!("{event:?}") };
    assert_eq!((sample, cause), (100 + SLOT as u64, 42), "the first boundary after what is already sent");
    assert!(armed_mono_ns >= received_mono_ns);
    for n in [3000, 3777, 3, 5000] {
        ue_rx.ask();
        gnb_tx.send_tags(n);
        got.extend(ue_rx.take());
    }
    let g0: Complex32 = (0..4).map(|m| steering(m, 0.5) * w0[m]).sum();
    let g1: Complex32 = (0..4).map(|m| steering(m, 0.5) * w1[m]).sum();
    assert!((g1 - c(1.0, 0.0)).norm() < 1e-3 && g0.norm() < 1e-3, "served at full gain against a null: {g0} {g1}");
    let ramp = 40.0;
    let x = tags(0, got.len());
    let want: Vec<_> = (0..got.len())
        .map(|n| {
            let share = ((n as f32 - (100 + SLOT) as f32) / ramp).clamp(0.0, 1.0);
            (g0 + (g1 - g0) * share) * x[n]
        })
        .collect();
    close(&got, &want, 1e-4);
    lab.stop();
}

#[test]
fn echoes_and_power_are_what_they_should_be() {
    let mut lab = Lab::start(4, 1, |config| {
        at_thirty_degrees(config);
        config.weights = vec![c(0.5, 0.0), c(0.0, -0.5), c(-0.5, 0.0), c(0.0, 0.5)];
        config.ues[0].link.taps = vec![TapConfig { delay_samples: 2, power_db: 0.0 }];
    });
    let (mut gnb_tx, _gnb_rx) = lab.gnb();
    let (mut ue_rx, _ue_tx) = lab.ue(0);
    let power = lab.command(Command::Power { at: At::Sample(SLOT as u64), power_db: -20.0 });
    assert!(matches!(power, Event::Applied { sample: 7680, .. }), "{power:?}");
    let mut got = Vec::new();
    for n in [1000, 6680, 500] {
        ue_rx.ask();
        gnb_tx.send_tags(n);
        got.extend(ue_rx.take());
    }
    let x = tags(0, got.len());
    let want: Vec<_> = (0..got.len())
        .map(|n| {
            let share = ((n as f32 - 2.0 - SLOT as f32) / 40.0).clamp(0.0, 1.0);
            if n < 2 { Complex32::ZERO } else { x[n - 2] * (1.0 + (0.1 - 1.0) * share) }
        })
        .collect();
    close(&got, &want, 1e-3);
    lab.stop();
}

#[test]
fn snippets_come_as_soon_as_complete_with_what_was_in_force() {
    let mut lab = Lab::start(2, 1, |config| {
        config.start_wait_ms = 5000;
        config.ramp_samples = 36;
    });
    let r = std::f32::consts::FRAC_1_SQRT_2;
    let (mut gnb_tx, _gnb_rx) = lab.gnb();
    let (mut ue_rx, _ue_tx) = lab.ue(0);
    let protected = vec![SlotSpan { period_slots: 10, offset_slot: 0, slots: 1 }];
    lab.command(Command::Slots { boundary: 0, slot_samples: SLOT as u32, protected, uplink_boundary: None });
    lab.command(Command::Wide { weights: vec![c(0.5, 0.0), c(0.5, 0.0)] });
    let unitary = vec![c(r, 0.0), c(r, 0.0), c(r, 0.0), c(-r, 0.0)];
    let first = SLOT as u64 + 1000;
    let plan = SoundingPlan { first, period_samples: 500, len: 100, unitary };
    lab.command(Command::Sounding { plan: Some(plan) });
    let windows = vec![
        Window { id: 7, stream: 0, first: 10, period: 0, len: 300 },
        Window { id: 8, stream: 0, first: first + 40, period: 500, len: 50 },
    ];
    let told = lab.command(Command::Windows { windows });
    assert!(matches!(told, Event::Applied { .. }), "{told:?}");
    let mut got = Vec::new();
    for n in [100, 209, 1, SLOT, 2000] {
        ue_rx.ask();
        gnb_tx.send_tags(n);
        let part = ue_rx.take();
        // part of a message may be given before the rest of it has come
        let rest = n - part.len();
        got.extend(part);
        got.extend(ue_rx.collect(rest));
    }
    let (meta, samples) = lab.snippets.recv_timeout(Duration::from_secs(5)).unwrap();
    assert_eq!((meta.seq, meta.window, meta.start, meta.wide, meta.sounding), (1, 7, 10, true, None));
    assert_eq!(samples, got[10..310]);
    let x = tags(0, got.len());
    // Direct path at 0°: h = [1, 1]. Column 0 gives 2r, column 1 gives 0.
    for (k, gain) in [(0, 2.0 * r), (1, 0.0), (2, 2.0 * r)] {
        let (meta, samples) = lab.snippets.recv_timeout(Duration::from_secs(5)).unwrap();
        let start = first + 40 + 500 * k;
        assert_eq!((meta.window, meta.start, meta.wide), (8, start, false));
        assert_eq!(meta.sounding, Some((k % 2) as u16));
        let want: Vec<_> = (0..50).map(|i| x[start as usize + i] * gain).collect();
        close(&samples, &want, 1e-4);
    }
    assert!(lab.stats.counters().snippets >= 4);
    lab.stop();
}

#[test]
fn bad_commands_are_refused_and_nothing_changes() {
    let mut lab = Lab::start(2, 1, |_| {});
    let (mut gnb_tx, _gnb_rx) = lab.gnb();
    let (mut ue_rx, _ue_tx) = lab.ue(0);
    ue_rx.ask();
    until("the UE joined", || lab.stats.counters().joins == 1);
    let weights = |weights| Command::Weights { at: At::NextSlot, weights, cause: 0 };
    let bad = [
        weights(vec![c(1.0, 0.0)]),
        weights(vec![c(f32::NAN, 0.0), c(0.0, 0.0)]),
        weights(vec![c(1.0, 0.0), c(1.0, 0.0)]),
        Command::Power { at: At::NextSlot, power_db: 1.0 },
        Command::Power { at: At::NextSlot, power_db: f32::NAN },
        Command::ArtificialNoise { at: At::NextSlot, noise: noise(3.0) },
        Command::Slots { boundary: 0, slot_samples: 0, protected: vec![], uplink_boundary: None },
        Command::Windows { windows: vec![Window { id: 1, stream: 9, first: 0, period: 0, len: 1 }] },
        Command::Windows { windows: vec![Window { id: 1, stream: 0, first: 0, period: 5, len: 10 }] },
        Command::Sounding {
            plan: Some(SoundingPlan { first: 0, period_samples: 0, len: 1, unitary: vec![Complex32::ZERO; 4] }),
        },
    ];
    for command in bad {
        let event = lab.command(command.clone());
        assert!(matches!(event, Event::Refused { .. }), "{command:?} gave {event:?}");
    }
    gnb_tx.send_tags(2 * SLOT);
    assert!(ue_rx.take() == tags(0, 2 * SLOT));
    assert_eq!(lab.stop().counters.commands_refused, 10);
}

#[test]
fn a_recording_is_played_as_if_it_were_a_gnb() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gnb.sigmf-meta");
    let samples = tags(5, 10_000);
    let recording = Recording { samples, ..Recording::empty(RATE_HZ, Some(1.8425e9), "test") };
    iq::write(&path, &recording).unwrap();
    assert_eq!(iq::read(&path).unwrap(), recording);
    let lab = Lab::start(1, 1, |config| {
        config.gnb = GnbEnd::Recording { path: path.clone(), repeat: true };
        config.start_wait_ms = 5000;
    });
    let (mut ue_rx, _ue_tx) = lab.ue(0);
    let mut got = Vec::new();
    while got.len() < 25_000 {
        ue_rx.ask();
        got.extend(ue_rx.take());
    }
    let want: Vec<_> = recording.samples.iter().cycle().take(got.len()).copied().collect();
    assert!(got == want);
    lab.stop();
    let lab = Lab::start(1, 0, |config| {
        config.gnb = GnbEnd::Recording { path, repeat: false };
        config.ues = vec![UeEnd::cable("monitor", None, None)];
    });
    until("it was played to its end", || lab.stats.counters().dl_samples == 10_000);
    assert_eq!(lab.stop().dl_sample, 10_000);
}

#[test]
fn artificial_noise_spares_the_served_direction() {
    let mut lab = Lab::start(4, 2, |config| {
        at_thirty_degrees(config);
        config.ues[1].link = LinkConfig { angle_deg: -40.0, gain_db: -6.020_6, ..LinkConfig::default() };
        config.weights = (0..4).map(|m| steering(m, 0.5).conj()).collect();
    });
    let (mut gnb_tx, _gnb_rx) = lab.gnb();
    let (mut served, _t0) = lab.ue(0);
    let (mut other, _t1) = lab.ue(1);
    lab.command(Command::ArtificialNoise { at: At::Sample(0), noise: noise(0.0) });
    served.ask();
    other.ask();
    gnb_tx.send(&vec![Complex32::ZERO; 2 * SLOT]);
    let power = |y: &[Complex32]| y[100..].iter().map(Complex32::norm_sqr).sum::<f32>() / (y.len() - 100) as f32;
    let (p0, p1) = (power(&served.take()), power(&other.take()));
    // 0 dBFS over 4 antennas, 3 directions orthogonal to the beam, ‖h‖² = 1: what does not fall on the beam is 1/3 of it.
    assert!(p0 < 1e-6, "{p0}");
    assert!((0.2..0.35).contains(&p1), "{p1}");
    lab.stop();
}
