//! For tests: runs a front end over samples and applies its plans as a channel would.

use super::*;
use num_complex::Complex32;

pub(super) fn c(re: f32, im: f32) -> Complex32 {
    Complex32::new(re, im)
}

/// A value in −1 … 1 that depends on `i` only.
pub(super) fn pseudo(i: u64) -> f32 {
    let x = i.wrapping_add(0x9e37_79b9).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((x >> 40) as f32 / (1 << 23) as f32) - 1.0
}

/// Samples that are never exactly zero in both parts.
pub(super) fn samples(port: u64, n: usize) -> Vec<Complex32> {
    (0..n as u64).map(|i| c(pseudo(2 * i + 7919 * port), pseudo(2 * i + 1 + 7919 * port)) * 0.3).collect()
}

/// Weights with a squared norm of 0.9 for each port.
pub(super) fn weights(antennas: usize, ports: usize, seed: u64) -> Vec<Complex32> {
    let mut w: Vec<_> =
        (0..(antennas * ports) as u64).map(|i| c(pseudo(seed * 101 + 2 * i), pseudo(seed * 101 + 2 * i + 1))).collect();
    for p in 0..ports {
        let norm: f32 = w.iter().skip(p).step_by(ports).map(Complex32::norm_sqr).sum();
        w.iter_mut().skip(p).step_by(ports).for_each(|z| *z *= (0.9 / norm).sqrt());
    }
    w
}

pub(super) fn grid(boundary: u64, slot_samples: u32, spans: &[(u32, u32, u32)]) -> ProtectedSlots {
    let span = |&(period, offset, slots): &(u32, u32, u32)| Span { period, offset, slots };
    ProtectedSlots { boundary, slot_samples, spans: spans.iter().map(span).collect() }
}

/// A front end with streams, ramps of one long prefix.
pub(super) fn front_end(antennas: usize, ports: usize, rate_hz: f64, slots: ProtectedSlots) -> FrontEnd {
    let ramp = (rate_hz * 160.0 / 30.72e6).ceil() as u32;
    let w = weights(antennas, ports, 1);
    FrontEnd::new(antennas, ports, &w, slots, ramp).unwrap().with_streams(rate_hz, 11).unwrap()
}

/// What the antennas send when the ports' samples come in messages of the given sizes (the rest in one).
pub(super) fn run(fe: &mut FrontEnd, x: &[Vec<Complex32>], cuts: &[usize]) -> Vec<Vec<Complex32>> {
    let total = x[0].len();
    let (antennas, inputs) = (fe.antennas, fe.inputs);
    let mut plan = Plan::new(fe.width(), 64);
    let mut y = vec![Vec::new(); antennas];
    let (mut from, mut to) = (0, 0);
    for cut in cuts.iter().copied().chain([total]) {
        to = (to + cut).min(total);
        while from < to || fe.has_output() {
            let ports: Vec<&[Complex32]> = x.iter().map(|x| &x[from..to]).collect();
            from += fe.step(&ports, &mut plan);
            let mut streams: [&[Complex32]; MAX_INPUTS] = [&[]; MAX_INPUTS];
            let count = fe.streams(&ports, &plan, &mut streams);
            assert_eq!(plan.start, y[0].len() as u64);
            for (segment, w0, w1) in plan.pieces() {
                for i in 0..segment.len {
                    let share = i as f32 / segment.len as f32;
                    for (m, y) in y.iter_mut().enumerate() {
                        let mut sum = Complex32::ZERO;
                        for (j, x) in streams[..count].iter().enumerate() {
                            let k = m * inputs + j;
                            sum += (w0[k] + (w1[k] - w0[k]) * share) * x[segment.offset + i];
                        }
                        y.push(sum);
                    }
                }
            }
        }
    }
    assert_eq!(y[0].len() + fe.held_samples(), total);
    y
}

/// Largest difference, relative to the root of the mean power of `b`.
pub(super) fn difference(a: &[Complex32], b: &[Complex32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let rms = (b.iter().map(Complex32::norm_sqr).sum::<f32>() / b.len() as f32).sqrt();
    a.iter().zip(b).map(|(a, b)| (a - b).norm()).fold(0.0, f32::max) / rms.max(1e-12)
}

/// Mean power.
pub(super) fn power(y: &[Complex32]) -> f32 {
    y.iter().map(Complex32::norm_sqr).sum::<f32>() / y.len() as f32
}
