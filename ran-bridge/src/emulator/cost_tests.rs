//! What the link of one receiver costs for a slot: minima, for a person to read.

use super::*;
use crate::clock::{mono_ns, thread_ns};
use crate::front_end::{Change, FrontEnd, Plan, ProtectedSlots};
use num_complex::Complex32;

/// Samples of a slot of 1 ms.
const SLOT: usize = 23_040;
const RATE_HZ: f64 = 23.04e6;
/// Samples that `air` processes at once.
const PIECE: usize = 4096;

/// The link of `sidecar bench air`.
fn moving(noise_dbfs: Option<f32>) -> LinkConfig {
    LinkConfig {
        gain_db: -6.0,
        rician_k_db: Some(6.0),
        doppler_hz: 30.0,
        angle_deg: 20.0,
        angle_deg_per_s: 5.0,
        angle_limit_deg: 60.0,
        noise_dbfs,
        ..LinkConfig::default()
    }
}

/// TDL-A of 300 ns at 70 Hz.
fn tdl_a() -> LinkConfig {
    LinkConfig {
        gain_db: -6.0,
        profile: Some(TdlProfile::TdlA),
        delay_spread_ns: 300.0,
        doppler_hz: 70.0,
        ..LinkConfig::default()
    }
}

/// One link with its front end, ready to be timed.
struct Timed {
    channel: ReceiverChannel,
    front_end: FrontEnd,
    plan: Plan,
    x: Vec<Complex32>,
    y: Vec<Complex32>,
    times_us: Vec<f64>,
    cpu_us: Vec<f64>,
    /// New weights at every slot.
    restless: bool,
}

impl Timed {
    fn new(link: &LinkConfig, antennas: usize) -> Self {
        let emulator = EmulatorConfig::default();
        let weights = vec![Complex32::new(1.0 / (antennas as f32).sqrt(), 0.0); antennas];
        let grid = ProtectedSlots { boundary: 0, slot_samples: SLOT as u32, spans: Vec::new() };
        Self {
            channel: ReceiverChannel::new(link, &emulator, &NoiseTable::new(1), 0, (antennas, 1), RATE_HZ, SLOT),
            front_end: FrontEnd::new(antennas, 1, &weights, grid, 120).unwrap(),
            plan: Plan::new(antennas, 64),
            x: (0..SLOT).map(|i| Complex32::cis(i as f32 * 0.1)).collect(),
            y: vec![Complex32::ZERO; SLOT],
            times_us: Vec::new(),
            cpu_us: Vec::new(),
            restless: false,
        }
    }

    fn slot(&mut self) {
        if self.restless {
            let antennas = self.front_end.width();
            let turn = Complex32::cis(self.times_us.len() as f32) / (antennas as f32).sqrt();
            let _ = self.front_end.arm(None, Change::Weights(vec![turn; antennas]));
        }
        let (begin_ns, begin_cpu_ns) = (mono_ns(), thread_ns());
        for (x, y) in self.x.chunks(PIECE).zip(self.y.chunks_mut(PIECE)) {
            self.front_end.plan(x.len(), &mut self.plan);
            self.channel.process(&self.plan, &[x], y);
        }
        self.cpu_us.push((thread_ns() - begin_cpu_ns) as f64 * 1e-3);
        self.times_us.push((mono_ns() - begin_ns) as f64 * 1e-3);
        assert!(self.y.iter().all(|z| z.norm() < 8.0));
    }
}

fn share(times_us: &[f64], share: f64) -> f64 {
    let mut sorted = times_us.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * share) as usize]
}

#[test]
#[ignore = "prints times, for a person; SLOTS says how many slots, few under callgrind"]
fn cost_of_a_slot() {
    let slots = std::env::var("SLOTS").ok().and_then(|v| v.parse().ok()).unwrap_or(3000);
    let mut cases = [
        ("cable", Timed::new(&LinkConfig::default(), 1)),
        ("single tap, 4 antennas", Timed::new(&moving(None), 4)),
        ("single tap, 4 antennas, noise", Timed::new(&moving(Some(-40.0)), 4)),
        ("single tap, 1 antenna", Timed::new(&moving(None), 1)),
        ("TDL-A 300 ns, 1 antenna", Timed::new(&tdl_a(), 1)),
        ("TDL-A 300 ns, 8 antennas", Timed::new(&tdl_a(), 8)),
        ("single tap, 8 antennas, new weights", Timed::new(&moving(None), 8)),
        ("TDL-A 300 ns, 8 antennas, new weights", Timed::new(&tdl_a(), 8)),
    ];
    cases[6].1.restless = true;
    cases[7].1.restless = true;
    for _ in 0..slots {
        for (_, case) in &mut cases {
            case.slot();
        }
    }
    for (name, case) in &cases {
        let at = |times: &[f64]| format!("{:.1} {:.1} {:.1}", share(times, 0.0), share(times, 0.5), share(times, 0.99));
        println!("{name}: least, p50, p99: {} µs; on the CPU {} µs", at(&case.times_us), at(&case.cpu_us));
    }
    let more = |times: fn(&Timed) -> &Vec<f64>, part| share(times(&cases[4].1), part) - share(times(&cases[3].1), part);
    for (name, times) in [("", (|t| &t.times_us) as fn(&Timed) -> &Vec<f64>), (" on the CPU", |t| &t.cpu_us)] {
        println!(
            "TDL-A over a single tap{name}: p50 {:.1} p99 {:.1} µs (bar: 300)",
            more(times, 0.5),
            more(times, 0.99)
        );
    }
}
