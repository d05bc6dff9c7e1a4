//! What the streams of the front end cost for a slot: minima, for a person to read.

use super::harness::*;
use super::*;
use crate::clock::mono_ns;
use crate::emulator::{EmulatorConfig, LinkConfig, NoiseTable, ReceiverChannel};
use num_complex::Complex32;

const RATE_HZ: f64 = 23.04e6;
const SLOT: usize = 23_040;
/// Samples that `air` processes at once.
const PIECE: usize = 4096;

/// Least time of a slot of [`FrontEnd::step`], in µs.
fn cost_us(fe: &mut FrontEnd, ports: usize) -> f64 {
    let x: Vec<_> = (0..ports as u64).map(|p| samples(p, SLOT)).collect();
    let mut plan = Plan::new(fe.width(), 512);
    let mut least = f64::INFINITY;
    let slots = std::env::var("SLOTS").ok().and_then(|v| v.parse().ok()).unwrap_or(1000);
    for _ in 0..slots {
        let begin_ns = mono_ns();
        for piece in 0..SLOT.div_ceil(PIECE) {
            let mut from = piece * PIECE;
            let to = (from + PIECE).min(SLOT);
            while from < to || fe.has_output() {
                let ports: Vec<&[Complex32]> = x.iter().map(|x| &x[from..to]).collect();
                from += fe.step(&ports, &mut plan);
            }
        }
        least = least.min((mono_ns() - begin_ns) as f64 * 1e-3);
    }
    least
}

/// Least time of a slot of planning and one receiver on a still channel of one path, in µs.
fn through_a_channel_us(mut fe: FrontEnd, antennas: usize, inputs: usize) -> f64 {
    let emulator = EmulatorConfig::default();
    let link = LinkConfig { gain_db: -6.0, rician_k_db: Some(6.0), doppler_hz: 30.0, ..LinkConfig::default() };
    let noise = NoiseTable::new(1);
    let mut channel = ReceiverChannel::new(&link, &emulator, &noise, 0, (antennas, inputs), RATE_HZ, SLOT);
    let (x, mut y) = (samples(0, SLOT), vec![Complex32::ZERO; SLOT]);
    let mut plan = Plan::new(fe.width(), 512);
    let mut least = f64::INFINITY;
    for _ in 0..1000 {
        let begin_ns = mono_ns();
        let mut from = 0;
        while from < SLOT || fe.has_output() {
            let to = (from + PIECE).min(SLOT);
            let ports = [&x[from..to]];
            from += fe.step(&ports, &mut plan);
            let mut streams: [&[Complex32]; MAX_INPUTS] = [&[]; MAX_INPUTS];
            let count = fe.streams(&ports, &plan, &mut streams);
            channel.process(&plan, &streams[..count], &mut y[..plan.len]);
        }
        least = least.min((mono_ns() - begin_ns) as f64 * 1e-3);
    }
    least
}

#[test]
#[ignore = "prints times, for a person"]
fn cost_of_a_slot_with_a_receiver() {
    for antennas in [4, 8] {
        let grid = || grid(0, SLOT as u32, &[]);
        let plain = FrontEnd::new(antennas, 1, &weights(antennas, 1, 1), grid(), 120).unwrap();
        println!("M {antennas}, whole band, no streams: {:.1} µs", through_a_channel_us(plain, antennas, 1));
        let new = || front_end(antennas, 1, RATE_HZ, grid());
        let all = inputs(antennas, 1);
        println!("M {antennas}, whole band, with streams: {:.1} µs", through_a_channel_us(new(), antennas, all));
        let mut fe = new();
        let noise = Noise { dbfs: -20.0, band: None, channels: None };
        fe.arm(Some(0), Change::Noise(Some(noise))).unwrap();
        println!("M {antennas}, with noise: {:.1} µs", through_a_channel_us(fe, antennas, all));
        let mut fe = new();
        fe.arm(Some(0), Change::SubBands(bands(antennas, 1, 4))).unwrap();
        println!("M {antennas}, sub-bands: {:.1} µs", through_a_channel_us(fe, antennas, all));
    }
}

fn bands(antennas: usize, ports: usize, prbs: u16) -> SubBands {
    let band = |i: u16| SubBand {
        first_prb: i * prbs,
        prbs: prbs.min(106 - i * prbs),
        weights: weights(antennas, ports, u64::from(i)),
    };
    SubBands { scs_hz: 15_000, carrier_prbs: 106, bands: (0..106_u16.div_ceil(prbs)).map(band).collect() }
}

#[test]
#[ignore = "prints times, for a person; SLOTS says how many slots"]
fn cost_of_a_slot() {
    let new = |antennas, ports| front_end(antennas, ports, RATE_HZ, grid(0, SLOT as u32, &[]));
    println!("plan alone, M 4: {:.1} µs", cost_us(&mut new(4, 1), 1));
    for (antennas, ports, prbs) in [(4, 1, 4), (4, 1, 16), (4, 2, 4), (8, 1, 4), (8, 1, 16), (8, 2, 4)] {
        let mut fe = new(antennas, ports);
        fe.arm(Some(0), Change::SubBands(bands(antennas, ports, prbs))).unwrap();
        println!("sub-bands of {prbs}, M {antennas}, P {ports}: {:.1} µs", cost_us(&mut fe, ports));
    }
    let band = PrbRange { scs_hz: 15_000, carrier_prbs: 106, first_prb: 20, prbs: 20 };
    for (antennas, band) in [(4, None), (8, None), (4, Some(band)), (8, Some(band))] {
        let mut fe = new(antennas, 1);
        let noise = Noise { dbfs: -20.0, band, channels: Some(weights(antennas, 1, 9)) };
        let begin_ns = mono_ns();
        fe.arm(Some(0), Change::Noise(Some(noise))).unwrap();
        let armed = (mono_ns() - begin_ns) as f64 * 1e-3;
        let kind = if band.is_some() { "in a band" } else { "white" };
        println!("noise {kind}, M {antennas}: {:.1} µs; to arm {armed:.0} µs", cost_us(&mut fe, 1));
    }
}
