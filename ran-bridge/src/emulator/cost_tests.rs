//! What the link of one receiver costs for a slot: minima, for a person to read.

use super::*;
use crate::clock::mono_ns;
use crate::front_end::{FrontEnd, Plan, ProtectedSlots};
use num_complex::Complex32;

/// Samples of a slot of 1 ms.
const SLOT: usize = 23_040;
const RATE_HZ: f64 = 23.04e6;
/// Samples that `air` processes at once.
const PIECE: usize = 4096;

/// The link of `sidecar bench air-basic`.
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

/// Least time of a slot over `slots` of them, in µs.
fn cost_us(link: &LinkConfig, antennas: usize, slots: usize) -> f64 {
    let emulator = EmulatorConfig::default();
    let noise = NoiseTable::new(1);
    let mut channel = ReceiverChannel::new(link, &emulator, &noise, 0, (antennas, 1), RATE_HZ, SLOT);
    let weights = vec![Complex32::new(1.0 / (antennas as f32).sqrt(), 0.0); antennas];
    let grid = ProtectedSlots { boundary: 0, slot_samples: SLOT as u32, spans: Vec::new() };
    let mut front_end = FrontEnd::new(antennas, 1, &weights, grid, 256).unwrap();
    let mut plan = Plan::new(antennas, 64);
    let x: Vec<Complex32> = (0..SLOT).map(|i| Complex32::cis(i as f32 * 0.1)).collect();
    let mut y = vec![Complex32::ZERO; SLOT];
    let mut least = f64::INFINITY;
    for _ in 0..slots {
        let begin_ns = mono_ns();
        for (x, y) in x.chunks(PIECE).zip(y.chunks_mut(PIECE)) {
            front_end.plan(x.len(), &mut plan);
            channel.process(&plan, &[x], y);
        }
        least = least.min((mono_ns() - begin_ns) as f64 * 1e-3);
    }
    assert!(y.iter().all(|z| z.norm() < 4.0));
    least
}

#[test]
#[ignore = "prints times, for a person; SLOTS says how many slots, few under callgrind"]
fn cost_of_a_slot() {
    let slots = std::env::var("SLOTS").ok().and_then(|v| v.parse().ok()).unwrap_or(3000);
    println!("cable {:.1} µs", cost_us(&LinkConfig::default(), 1, slots));
    println!("moving {:.1} µs", cost_us(&moving(None), 4, slots));
    println!("moving, noise {:.1} µs", cost_us(&moving(Some(-40.0)), 4, slots));
}
