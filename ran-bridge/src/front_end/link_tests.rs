//! The plans with streams of their own, through links with exact delays.

use super::harness::*;
use super::*;
use crate::emulator::{EmulatorConfig, LinkConfig, NoiseTable, ReceiverChannel};
use num_complex::Complex32;

const RATE_HZ: f64 = 7.68e6;
const SLOT: u32 = 7680;

fn received(fe: &mut FrontEnd, inputs: usize, x: &[Complex32]) -> Vec<Complex32> {
    let link = LinkConfig { delay_ns: 310.0, rician_k_db: Some(3.0), doppler_hz: 50.0, ..LinkConfig::default() };
    let emulator = EmulatorConfig::default();
    let mut channel = ReceiverChannel::new(&link, &emulator, &NoiseTable::new(1), 0, (3, inputs), RATE_HZ, 4096);
    let mut plan = Plan::new(fe.width(), 64);
    let (mut y, mut from) = (Vec::new(), 0);
    while from < x.len() {
        let ports = [&x[from..(from + 1000).min(x.len())]];
        from += fe.step(&ports, &mut plan);
        let mut streams: [&[Complex32]; MAX_INPUTS] = [&[]; MAX_INPUTS];
        let count = fe.streams(&ports, &plan, &mut streams);
        let at = y.len();
        y.resize(at + plan.len, Complex32::ZERO);
        channel.process(&plan, &streams[..count], &mut y[at..]);
    }
    y
}

#[test]
fn inputs_that_are_not_in_use_change_nothing() {
    let x = samples(0, 3 * SLOT as usize);
    let change = |fe: &mut FrontEnd| {
        fe.arm(Some(9000), Change::Weights(weights(3, 1, 5))).unwrap();
    };
    let mut plain = FrontEnd::new(3, 1, &weights(3, 1, 1), grid(0, SLOT, &[]), 40).unwrap();
    change(&mut plain);
    let mut with = front_end(3, 1, RATE_HZ, grid(0, SLOT, &[]));
    change(&mut with);
    assert_eq!(received(&mut plain, 1, &x), received(&mut with, inputs(3, 1), &x));
}

#[test]
fn echoes_go_on_when_the_inputs_become_antennas() {
    // the same weights for all subcarriers: but for the ramp and prefixes, nothing may be seen of the change
    let x: Vec<_> =
        (0..3 * SLOT as usize).map(|i| Complex32::cis((i % 64) as f32 * std::f32::consts::TAU / 64.0)).collect();
    let w = weights(3, 1, 1);
    let mut plain = front_end(3, 1, RATE_HZ, grid(0, SLOT, &[]));
    let mut there_and_back = front_end(3, 1, RATE_HZ, grid(0, SLOT, &[]));
    let band = SubBand { first_prb: 0, prbs: 20, weights: w.clone() };
    let bands = SubBands { scs_hz: 15_000, carrier_prbs: 20, bands: vec![band] };
    there_and_back.arm(Some(u64::from(SLOT)), Change::SubBands(bands)).unwrap();
    there_and_back.arm(Some(2 * u64::from(SLOT)), Change::Weights(w)).unwrap();
    let (a, b) = (received(&mut plain, inputs(3, 1), &x), received(&mut there_and_back, inputs(3, 1), &x));
    assert!(difference(&a, &b) < 1e-4, "{}", difference(&a, &b));
}
