//! What the streams of the front end cost for a slot: minima, for a person to read.

use super::harness::*;
use super::*;
use crate::clock::mono_ns;
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
