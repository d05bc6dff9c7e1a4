//! Over 100 000 policies and commands at random, most of them wrong somewhere: every sample that is let through is one that the policy, read here
//! once more from what was written into it, allows.

mod common;

use common::{feed, key, logged, sign, wall};
use governor::{ArmRequest, Band, Burst, Governor, Heard, Mode, Policy, Purpose, Token};
use num_complex::Complex32;
use proptest::prelude::*;
use std::cell::Cell;

/// What goes into the one grant of a policy.
#[derive(Debug, Clone)]
struct Written {
    mode: &'static str,
    numbers: [f64; 8],
    jams: bool,
    relays: bool,
    days: (u32, u32),
    /// A byte that is changed after the signature.
    flip: Option<usize>,
}

/// Usual values, and now and then one that is none.
fn number(usual: [f64; 3]) -> impl Strategy<Value = f64> {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 1e300];
    prop_oneof![80 => proptest::sample::select(usual.to_vec()), 1 => proptest::sample::select(odd.to_vec())]
}

fn written() -> impl Strategy<Value = Written> {
    let mode = proptest::sample::select(vec![
        "conducted",
        "conducted",
        "conducted",
        "licensed",
        "licensed",
        "zmq",
        "shielded",
        "none",
    ]);
    let numbers = (
        number([3.4e9, 3.4e9, 3.52e9]),
        number([3.6e9, 3.7e9, 3.5e9]),
        number([-10.0, 0.0, 20.0]),
        number([0.1, 0.5, 1.0]),
        number([1.0, 10.0, 100.0]),
        number([0.01, 0.5, 1.0]),
        number([10.0, 100.0, 1000.0]),
        // of the tests' pieces, which have one sample that is not zero, many are beyond the second
        prop_oneof![80 => Just(1e3), 8 => Just(1e-7), 1 => Just(f64::NAN)],
    );
    let flip = proptest::option::weighted(0.05, 0..300_usize);
    let (jams, relays) = (proptest::bool::weighted(0.2), proptest::bool::weighted(0.5));
    (mode, numbers, (1..25_u32, 20..30_u32), flip, jams, relays).prop_map(|(mode, n, days, flip, jams, relays)| {
        Written { mode, jams, relays, numbers: [n.0, n.1, n.2, n.3, n.4, n.5, n.6, n.7], days, flip }
    })
}

impl Written {
    fn text(&self) -> String {
        let [low, high, gain, amplitude, burst, duty, window, energy] =
            self.numbers.map(|n| if n.is_finite() { format!("{n:e}") } else { format!(".{n}").to_lowercase() });
        let (from, until) = self.days;
        format!(
            "version: 1\nperson: A\nstop_contact: B\nlicence: C\nfrom: 2026-11-{from:02}T00:00:00Z\nuntil: 2026-11-{until:02}T00:00:00Z\ngrants:\n  - {{mode: {}, radios: [R], low_hz: {low}, high_hz: {high}, max_gain_db: {gain}, max_amplitude: {amplitude}, max_burst_ms: {burst}, max_duty: {duty}, duty_window_ms: {window}, max_energy_s_per_h: {energy}, victims: [{}], relay: {}}}\n",
            self.mode,
            if self.jams { "1" } else { "" },
            self.relays
        )
    }

    /// Whether it allows this, by the words of the format.
    fn allows(&self, ask: &ArmRequest, burst: &Burst, largest: f64, air_ms: f64, energy_s: f64) -> bool {
        let [low, high, gain, amplitude, longest, duty, window, energy] = self.numbers;
        let mode = match ask.mode {
            Mode::Zmq => "zmq",
            Mode::Conducted => "conducted",
            Mode::Shielded => "shielded",
            Mode::Licensed => "licensed",
        };
        let jams_well = match &ask.purpose {
            Purpose::Own => !self.jams,
            Purpose::Relay => self.relays && !self.jams,
            Purpose::Jam { victim, heard } => {
                self.jams && *victim == 1 && heard.as_ref().is_some_and(|h| h.cells == [1])
            }
        };
        // 22 November, noon
        self.flip.is_none()
            && self.days.0 <= 22
            && self.days.1 > 22
            && self.mode == mode
            && ask.serial == "R"
            && (ask.mode != Mode::Licensed || ask.phrase == "I transmit under C")
            && jams_well
            && burst.band.low_hz >= low
            && burst.band.high_hz <= high
            && burst.gain_db <= gain
            && largest <= amplitude * (1.0 + 1e-6)
            && amplitude <= 1.0
            && air_ms <= longest
            && air_ms <= duty * window
            && energy_s <= energy * (1.0 + 1e-6)
    }
}

fn command() -> impl Strategy<Value = (ArmRequest, Burst, Vec<f32>)> {
    let mode =
        proptest::sample::select(vec![Mode::Conducted, Mode::Conducted, Mode::Licensed, Mode::Zmq, Mode::Shielded]);
    let cells = proptest::sample::select(vec![vec![], vec![1], vec![1], vec![1], vec![1, 2]]);
    let heard = proptest::option::weighted(0.9, cells).prop_map(|c| c.map(|cells| Heard { at_ns: 0, cells }));
    let jam = (1..3_u16, heard).prop_map(|(victim, heard)| Purpose::Jam { victim, heard });
    let purpose = prop_oneof![6 => Just(Purpose::Own), 2 => Just(Purpose::Relay), 1 => jam];
    let phrase = proptest::sample::select(vec!["", "I transmit under C", "I transmit under D"]);
    let serial = prop_oneof![9 => Just("R"), 1 => Just("S")];
    let low = number([3.4e9, 3.5e9, 3.53e9]);
    let high = number([3.54e9, 3.56e9, 3.65e9]);
    let wide = proptest::sample::select(vec![0.0, 0.0, 1e3, -1e3]);
    let ask =
        (mode, serial, low, high, purpose, phrase).prop_map(|(mode, serial, low_hz, high_hz, purpose, phrase)| {
            ArmRequest {
                mode,
                serial: serial.into(),
                band: Band { low_hz, high_hz },
                purpose,
                for_ns: 1_000_000_000,
                phrase: phrase.into(),
            }
        });
    let samples = proptest::sample::select(vec![1_u64, 500, 500, 500, 5000, 5000, 50_000, 0, u64::MAX]);
    let rate = number([1e6, 1e7, 23.04e6]);
    let gain = number([-20.0, 5.0, 19.0]);
    let amplitude = prop_oneof![9 => 0.0..0.7_f32, 1 => Just(f32::NAN)];
    // one a channel: beside the first up to two that are mostly within the caps, in any order
    let beside = prop_oneof![20 => 0.0..0.12_f32, 1 => 0.0..0.7_f32, 1 => Just(f32::NAN)];
    let amplitudes =
        (amplitude, proptest::collection::vec(beside, 0..3), 0..3_usize).prop_map(|(first, mut all, at)| {
            all.insert(at.min(all.len()), first);
            all
        });
    (ask, samples, rate, gain, wide, proptest::bool::weighted(0.9), amplitudes).prop_map(
        |(ask, samples, rate_hz, gain_db, wide, good, amplitudes)| {
            let token = Token(if good { [1; 16] } else { [2; 16] });
            let band = Band { low_hz: ask.band.low_hz - wide, high_hz: ask.band.high_hz + wide };
            (ask, Burst { token, samples, rate_hz, band, gain_db }, amplitudes)
        },
    )
}

#[test]
fn no_policy_and_no_command_lets_a_sample_through_that_is_not_allowed() {
    let (tried, sent, chains) = (Cell::new(0_u32), Cell::new(0_u32), Cell::new(0_u32));
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 140_000,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(4),
        ..ProptestConfig::default()
    });
    let verdict = runner.run(&(written(), command()), |(written, (ask, burst, amplitudes))| {
        tried.set(tried.get() + 1);
        let mut bytes = written.text().into_bytes();
        let signature = sign(&bytes);
        if let Some(at) = written.flip {
            let at = at % bytes.len();
            bytes[at] ^= 1;
        }
        let policy = Policy::load(&bytes, &signature, &key().verifying_key().to_bytes(), wall());
        let mut g = Governor::new(policy, 0, wall());
        feed(&mut g, 0);
        if g.arm(&ask, [1; 16], 0, wall()).is_err() {
            return Ok(());
        }
        let relays = ask.purpose == Purpose::Relay;
        let approved = if relays { g.relay(&burst, 0, wall()) } else { g.fire(&burst, 0, wall()) };
        let Ok(pending) = approved else { return Ok(()) };
        let permit = logged(pending);
        let n = 1 + (burst.samples as usize).min(1000) / 2;
        let of = |amplitude: &f32| {
            let mut piece = vec![Complex32::ZERO; n];
            // the last sample is looked at, too
            piece[n - 1].re = *amplitude;
            piece
        };
        let channels: Vec<Vec<Complex32>> = amplitudes.iter().map(of).collect();
        let mut pieces: Vec<&[Complex32]> = channels.iter().map(Vec::as_slice).collect();
        let is_number = amplitudes.iter().all(|a| !a.is_nan());
        let largest = if is_number { amplitudes.iter().fold(0.0, |m: f64, a| m.max((*a).into())) } else { f64::NAN };
        let mut all = 0_u64;
        for _ in 0..4 {
            if g.take(&permit, &pieces, 0, 0).is_ok() {
                all += n as u64;
            }
        }
        // a channel that is shorter than the first is refused, whatever else is right
        if let [_, shorter, ..] = &mut pieces[..] {
            *shorter = &shorter[1..];
            prop_assert!(g.take(&permit, &pieces, 0, 0).is_err());
        }
        if all > 0 {
            sent.set(sent.get() + 1);
            let air_ms = burst.samples as f64 / burst.rate_hz * 1e3;
            let times = all as f64 / n as f64;
            let energy_s = times * amplitudes.iter().map(|a| f64::from(*a).powi(2)).sum::<f64>() / burst.rate_hz;
            prop_assert!(
                written.allows(&ask, &burst, largest, air_ms, energy_s),
                "{written:?} {ask:?} {burst:?} {amplitudes:?}"
            );
            // a chain's pieces are bursts of their own, and all of them are time on air
            let [.., duty, window, _] = written.numbers;
            let all_ms = all as f64 / burst.rate_hz * 1e3;
            let is_within = if relays { all_ms <= duty * window * (1.0 + 1e-9) } else { all <= burst.samples };
            prop_assert!(is_within, "{all} samples");
            prop_assert!(n as u64 <= burst.samples);
            chains.set(chains.get() + u32::from(relays));
        }
        Ok(())
    });
    verdict.unwrap();
    println!("{} policies and commands, {} of them sent, {} chains", tried.get(), sent.get(), chains.get());
    assert!(tried.get() >= 100_000 && sent.get() >= 400, "{} sent: the test must reach the samples", sent.get());
    assert!(chains.get() >= 20, "{} chains: the test must reach them", chains.get());
}
