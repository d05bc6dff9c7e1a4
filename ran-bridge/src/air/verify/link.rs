//! One link in either direction, block after block.

use super::filter::Filter;
use super::gains::Gains;
use super::pieces::Pieces;
use crate::emulator::reference::Reference;
use num_complex::{Complex32, Complex64};
use std::f64::consts::TAU;

/// Samples of a block.
pub const BLOCK: usize = 4096;

/// Of a link all that goes on from block to block.
#[derive(Debug)]
pub struct Link<'a> {
    reference: &'a Reference,
    pieces: &'a Pieces,
    gains: Gains<'a>,
    filters: Vec<Filter>,
    cfo_turns: f64,
    /// The UE's stream after each delay.
    late: Vec<Vec<Complex64>>,
}

impl<'a> Link<'a> {
    /// A link whose samples before the first are zero.
    pub fn new(reference: &'a Reference, pieces: &'a Pieces, antennas: usize, rate_hz: f64) -> Self {
        let filters: Vec<_> =
            reference.paths().iter().map(|p| Filter::new(reference, p.delay_samples, BLOCK)).collect();
        Self {
            reference,
            pieces,
            gains: Gains::new(reference, pieces, antennas, rate_hz),
            late: vec![vec![Complex64::ZERO; BLOCK]; filters.len()],
            filters,
            cfo_turns: reference.link().cfo_hz / rate_hz,
        }
    }

    /// Samples from the first on whose echoes lie before it.
    pub fn past(&self) -> usize {
        self.filters.iter().map(Filter::past).max().unwrap_or(0)
    }

    /// Largest distance of the gains from the formulae, see [`Gains::distance`].
    pub const fn distance(&self) -> f64 {
        self.gains.distance
    }

    /// What arrives at the receiver, without its noise; `false` where weights are missing.
    ///
    /// # Shapes
    /// `x`: one slice an input, empty where it has no weight; `y`: as many, at most [`BLOCK`], overwritten.
    pub fn receive(&mut self, x: &[&[Complex32]], first: u64, y: &mut [Complex64]) -> bool {
        let len = y.len();
        y.fill(Complex64::ZERO);
        let mut streams: Vec<_> = self.filters.iter_mut().map(|f| f.next(len)).collect();
        let mut at = 0;
        while at < len {
            let n = first + at as u64;
            let count = self.gains.seek(n).min((len - at) as u64) as usize;
            if count == 0 {
                return false;
            }
            for (t, to) in streams.iter_mut().enumerate() {
                for (c, x) in x.iter().enumerate().filter(|(c, x)| !x.is_empty() && self.pieces.used[*c]) {
                    let x = x[at..at + count].iter().map(wide);
                    self.gains.multiply_add(t, c, n, x, &mut to[at..at + count]);
                }
            }
            at += count;
        }
        self.filters.iter_mut().for_each(|f| f.add_to(y));
        if self.cfo_turns != 0.0 {
            (first..).zip(y).for_each(|(n, y)| *y *= turn(self.cfo_turns, n));
        }
        true
    }

    /// Adds what the gNB's ports get of a UE's samples; `false` where weights are missing.
    ///
    /// # Shapes
    /// `x`: at most [`BLOCK`] samples; `y`: one vector a port, of at least as many.
    pub fn send(&mut self, x: &[Complex32], first: u64, y: &mut [Vec<Complex64>]) -> bool {
        let len = x.len();
        for (filter, late) in self.filters.iter_mut().zip(&mut self.late) {
            for ((n, x), to) in (first..).zip(x).zip(filter.next(len)) {
                *to = if self.cfo_turns == 0.0 { wide(x) } else { wide(x) * turn(self.cfo_turns, n) };
            }
            late[..len].fill(Complex64::ZERO);
            filter.add_to(&mut late[..len]);
        }
        let mut at = 0;
        while at < len {
            let n = first + at as u64;
            let count = self.gains.seek(n).min((len - at) as u64) as usize;
            if count == 0 {
                return false;
            }
            for (port, y) in y.iter_mut().enumerate().filter(|(p, _)| self.pieces.used.get(*p) == Some(&true)) {
                for (t, late) in self.late.iter().enumerate() {
                    self.gains.multiply_add(t, port, n, late[at..at + count].iter().copied(), &mut y[at..at + count]);
                }
            }
            at += count;
        }
        true
    }

    /// Adds the receiver's noise.
    pub fn add_noise(&self, first: u64, y: &mut [Complex64]) {
        if self.reference.link().noise_dbfs.is_some() {
            let mut noise = vec![Complex32::ZERO; y.len()];
            self.reference.noise(first, &mut noise);
            y.iter_mut().zip(&noise).for_each(|(y, n)| *y += wide(n));
        }
    }
}

fn turn(turns: f64, n: u64) -> Complex64 {
    Complex64::cis(TAU * (n as f64 * turns).fract())
}

/// In double precision.
pub fn wide(z: &Complex32) -> Complex64 {
    Complex64::new(f64::from(z.re), f64::from(z.im))
}
