//! Faults on purpose, done again to what is recomputed.

use crate::air::{Direction, FaultKind, FaultStatus};
use num_complex::Complex64;
use std::f64::consts::TAU;

/// Samples that are not compared: the fault is not done again.
pub const LEFT_OUT: Complex64 = Complex64::new(f64::NAN, f64::NAN);

/// The faults of what one receiver gets, in the order in which they were done.
#[derive(Debug)]
pub struct Faults<'a> {
    list: Vec<&'a FaultStatus>,
    rate_hz: f64,
}

impl<'a> Faults<'a> {
    /// Those of a receiver.
    pub fn of(all: &'a [FaultStatus], stream: u32, rate_hz: f64) -> Self {
        let of = |f: &&FaultStatus| f.spec.stream == stream && f.spec.direction == Direction::Downlink;
        Self { list: all.iter().filter(of).collect(), rate_hz }
    }

    /// Does them to samples from `first` on; those of noise and echoes become [`LEFT_OUT`]. Gives how many samples were touched.
    pub fn apply(&self, first: u64, y: &mut [Complex64]) -> u64 {
        let mut touched = 0;
        let end = first + y.len() as u64;
        for fault in &self.list {
            let Some(start) = fault.first else { continue };
            let until = start.saturating_add(fault.span_samples());
            let (from, to) = (start.clamp(first, end), until.clamp(first, end));
            touched += to - from;
            let turn = |n: u64, hz: f64| Complex64::cis(TAU * ((n - start) as f64 * hz / self.rate_hz).fract());
            for (n, y) in (from..to).zip(&mut y[(from - first) as usize..(to - first) as usize]) {
                match &fault.spec.kind {
                    FaultKind::Blank => *y = Complex64::ZERO,
                    FaultKind::Attenuate { db } => *y *= amplitude(-db),
                    FaultKind::Tone { frequency_hz, dbfs } => *y += turn(n, *frequency_hz) * amplitude(*dbfs),
                    FaultKind::Cfo { offset_hz } => *y *= turn(n, *offset_hz),
                    FaultKind::Noise { .. } | FaultKind::Tdl { .. } => *y = LEFT_OUT,
                }
            }
        }
        touched
    }
}

fn amplitude(db: f32) -> f64 {
    10.0_f64.powf(f64::from(db) / 20.0)
}
