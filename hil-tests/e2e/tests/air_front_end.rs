//! Weights by sub-band and several changes at once, through the sockets of `air`.

mod air_support;

use air_support::{Lab, RATE_HZ, SLOT, until};
use num_complex::Complex32;
use ran_bridge::air::{At, Command, Event, NoiseSetting, Setting};
use ran_bridge::front_end::{SubBand, SubBands};

fn c(re: f32, im: f32) -> Complex32 {
    Complex32::new(re, im)
}

/// Samples of a tone on subcarrier `k` of 15 kHz: every symbol of it has the prefix it must have.
fn tone(k: i64, first: usize, n: usize) -> Vec<Complex32> {
    let step = std::f64::consts::TAU * k as f64 * 15e3 / RATE_HZ;
    (first..first + n).map(|i| Complex32::from_polar(0.4, (step * (i % 512) as f64) as f32)).collect()
}

/// Two antennas that are heard alike: the lower half adds up, the upper half cancels out.
fn halves() -> SubBands {
    let band = |first_prb, w| SubBand { first_prb, prbs: 10, weights: vec![c(0.5, 0.0), w] };
    SubBands { scs_hz: 15_000, carrier_prbs: 20, bands: vec![band(0, c(0.5, 0.0)), band(10, c(-0.5, 0.0))] }
}

#[test]
fn each_sub_band_has_its_own_beam() {
    let mut lab = Lab::start(2, 1, |config| config.slot_boundary = 300);
    let (mut gnb_tx, _gnb_rx) = lab.gnb();
    let (mut ue_rx, _ue_tx) = lab.ue(0);
    ue_rx.ask();
    until("the UE joined", || lab.stats.counters().joins == 1);
    let told = lab.command(Command::SubBands { at: At::NextSlot, sub_bands: halves(), cause: 3 });
    assert!(matches!(told, Event::Applied { sample: 300, cause: 3, ref what, .. } if what == "sub_bands"), "{told:?}");
    let refused = lab.command(Command::Slots {
        boundary: 0,
        slot_samples: SLOT as u32 / 2,
        protected: vec![],
        uplink_boundary: None,
    });
    assert!(matches!(refused, Event::Refused { .. }), "{refused:?}");
    let mut got = Vec::new();
    for n in [5000, 3, 7677, 10_000] {
        let sum: Vec<_> = tone(-30, gnb_tx.next as usize, n)
            .iter()
            .zip(tone(30, gnb_tx.next as usize, n))
            .map(|(a, b)| a + b)
            .collect();
        gnb_tx.send(&sum);
        if n > 548 {
            got.extend(ue_rx.take());
            ue_rx.ask();
        }
    }
    // 22 680 samples: two slots from 300 on, then 552 + 11·548 + … of the third
    while got.len() < 22_680 - 552 {
        got.extend(ue_rx.take());
        ue_rx.ask();
    }
    assert!(got.len() <= 22_680);
    let want = tone(-30, 0, got.len());
    for (n, (a, b)) in got.iter().zip(&want).enumerate().skip(300) {
        assert!((a - b).norm() < 1e-5, "{n}: {a} {b}");
    }
    lab.stop();
}

#[test]
fn several_changes_take_effect_together_or_not_at_all() {
    let mut lab = Lab::start(2, 1, |_| {});
    let (mut gnb_tx, _gnb_rx) = lab.gnb();
    let (mut ue_rx, _ue_tx) = lab.ue(0);
    ue_rx.ask();
    until("the UE joined", || lab.stats.counters().joins == 1);
    let new = vec![c(0.5, 0.0), c(0.5, 0.0)];
    let batch = |uplink: Vec<Complex32>| Command::Batch {
        at: At::Sample(100),
        changes: vec![
            Setting::Weights { weights: new.clone() },
            Setting::Power { power_db: -20.0 },
            Setting::UplinkWeights { weights: uplink },
            Setting::ArtificialNoise(NoiseSetting::default()),
        ],
        cause: 0,
    };
    let refused = lab.command(batch(vec![c(2.0, 0.0), c(0.0, 0.0)]));
    let Event::Refused { reason, .. } = refused else { panic!("{refused:?}") };
    assert!(reason.starts_with("change 2 (uplink_weights)"), "{reason}");
    gnb_tx.send(&vec![c(1.0, 0.0); 200]);
    assert_eq!(ue_rx.take(), vec![c(1.0, 0.0); 200]);
    let Command::Batch { changes, .. } = batch(new.clone()) else { panic!() };
    let first = lab.command(Command::Batch { at: At::Sample(1000), changes, cause: 9 });
    let rest = (0..3).map(|_| lab.event(|e| matches!(e, Event::Applied { .. })));
    let all: Vec<_> = std::iter::once(first).chain(rest).collect();
    let mut names = Vec::new();
    for event in &all {
        let Event::Applied { seq, what, sample, old, new, cause, .. } = event else { panic!("{event:?}") };
        assert_eq!((*seq, *sample, *cause), (2, 1000, 9));
        assert_ne!((what.as_str(), old), ("power", new));
        names.push(what.as_str());
    }
    assert_eq!(names, ["weights", "power", "uplink_weights", "artificial_noise"]);
    ue_rx.ask();
    gnb_tx.send(&vec![c(1.0, 0.0); 1800]);
    let got = ue_rx.take();
    assert_eq!(got[..800], vec![c(1.0, 0.0); 800]);
    // 0.5 + 0.5 at a tenth, after a ramp of 40 samples
    assert!(
        (got[820] - c(0.55, 0.0)).norm() < 1e-5 && (got[840] - c(0.1, 0.0)).norm() < 1e-6,
        "{} {}",
        got[820],
        got[840]
    );
    lab.stop();
}
