//! Gains `g_{t,c}(n) = Σ_m h_{t,m}(n)·w_{m,c}(n)` at every sample of a stretch, from few exact values.
//!
//! Over a stretch a gain is the polynomial of degree 5 through 6 exact values. For a gain that turns with `f` over nodes `D` apart its
//! distance is at most `16.9·(2πfD)⁶/720`, and stretches are so short that this is 1e-9; two samples between nodes are computed exactly, and where
//! one is further than [`CLOSE`] away (a bend in a movement), the stretch is halved, at last computed sample by sample.

use super::pieces::{Piece, Pieces};
use crate::emulator::reference::Reference;
use num_complex::Complex64;

/// Values that a polynomial goes through.
const NODES: usize = 6;
/// Largest distance of a polynomial from the formulae, relative to the link's amplitude.
pub const CLOSE: f64 = 1e-7;
/// Turns of the largest shift within a stretch: 5·D with `16.9·(2πfD)⁶/720 = 1e-9`.
const TURNS: f64 = 0.047;
/// Longest stretch.
const LONGEST: u64 = 16_384;
/// From this length on samples are computed one by one.
const SHORT: u64 = 32;

/// A gain over a stretch.
#[derive(Debug)]
enum Form {
    /// Newton's form: nodes as samples after the first, and for each gain its divided differences.
    Polynomial([f64; NODES], Vec<[Complex64; NODES]>),
    /// For each gain every sample.
    Exact(Vec<Vec<Complex64>>),
}

/// All gains of one link over one stretch at a time.
#[derive(Debug)]
pub struct Gains<'a> {
    link: &'a Reference,
    pieces: &'a Pieces,
    antennas: usize,
    longest: u64,
    first: u64,
    end: u64,
    form: Form,
    /// Largest distance from the formulae that was met between nodes, relative to the link's amplitude.
    pub distance: f64,
}

impl<'a> Gains<'a> {
    /// Gains of a link.
    pub fn new(link: &'a Reference, pieces: &'a Pieces, antennas: usize, rate_hz: f64) -> Self {
        let fastest_hz = link.link().doppler_hz.abs().max(1.0);
        let longest = ((TURNS / fastest_hz * rate_hz) as u64).clamp(SHORT, LONGEST);
        Self { link, pieces, antennas, longest, first: 0, end: 0, form: Form::Exact(Vec::new()), distance: 0.0 }
    }

    /// Paths.
    pub fn paths(&self) -> usize {
        self.link.paths().len()
    }

    /// Goes to the stretch of a sample; gives how many samples it has from there on, 0 where the weights are not known.
    pub fn seek(&mut self, n: u64) -> u64 {
        if !(self.first..self.end).contains(&n) {
            let Some(piece) = self.pieces.of(n) else { return 0 };
            let mut end = piece.end.min(n + self.longest);
            loop {
                if end - n <= SHORT {
                    self.exact(piece, n, end);
                    break;
                }
                let distance = self.polynomial(piece, n, end);
                if distance <= CLOSE {
                    self.distance = self.distance.max(distance);
                    break;
                }
                end = n + (end - n) / 2;
            }
            (self.first, self.end) = (n, end);
        }
        self.end - n
    }

    /// Adds `g_{t,c}(n)·x` for samples from `n` on, which must be of the stretch.
    ///
    /// # Shapes
    /// `x`, `y`: equally many samples.
    pub fn multiply_add(&self, t: usize, c: usize, n: u64, x: impl Iterator<Item = Complex64>, y: &mut [Complex64]) {
        let gain = t * self.pieces.used.len() + c;
        let from = (n - self.first) as usize;
        match &self.form {
            Form::Polynomial(nodes, differences) => {
                let d = &differences[gain];
                for ((y, x), i) in y.iter_mut().zip(x).zip(from..) {
                    let at = i as f64;
                    let g = (1..NODES).rev().fold(Complex64::ZERO, |g, k| (g + d[k]) * (at - nodes[k - 1])) + d[0];
                    *y += g * x;
                }
            }
            Form::Exact(values) => {
                y.iter_mut().zip(x).zip(&values[gain][from..]).for_each(|((y, x), g)| *y += g * x);
            }
        }
    }

    /// Every gain at a sample: paths × inputs.
    fn at(&self, piece: &Piece, n: u64) -> Vec<Complex64> {
        let columns = self.pieces.used.len();
        let weights: Vec<Complex64> = piece.at(n).collect();
        let mut gains = vec![Complex64::ZERO; self.paths() * columns];
        for (t, gains) in gains.chunks_exact_mut(columns).enumerate() {
            for (m, weights) in weights.chunks_exact(weights.len() / self.antennas).enumerate() {
                let h = self.link.channel(n, t, m);
                gains.iter_mut().zip(weights).for_each(|(g, w)| *g += h * w);
            }
        }
        gains
    }

    fn exact(&mut self, piece: &Piece, first: u64, end: u64) {
        let samples: Vec<Vec<Complex64>> = (first..end).map(|n| self.at(piece, n)).collect();
        let gains = samples.first().map_or(0, Vec::len);
        self.form = Form::Exact((0..gains).map(|g| samples.iter().map(|s| s[g]).collect()).collect());
    }

    /// Lays polynomials through `[first, end)` and gives their distance from the formulae between nodes.
    fn polynomial(&mut self, piece: &Piece, first: u64, end: u64) -> f64 {
        let last = end - first - 1;
        let node = |k: usize| last * k as u64 / (NODES as u64 - 1);
        let values: [Vec<Complex64>; NODES] = std::array::from_fn(|k| self.at(piece, first + node(k)));
        let nodes: [f64; NODES] = std::array::from_fn(|k| node(k) as f64);
        let differences: Vec<_> = (0..values[0].len())
            .map(|g| {
                let mut d: [Complex64; NODES] = std::array::from_fn(|k| values[k][g]);
                for order in 1..NODES {
                    for k in (order..NODES).rev() {
                        d[k] = (d[k] - d[k - 1]) / (nodes[k] - nodes[k - order]);
                    }
                }
                d
            })
            .collect();
        self.form = Form::Polynomial(nodes, differences);
        self.first = first;
        let columns = self.pieces.used.len();
        let mean = self.link.paths().iter().map(crate::emulator::PathSpec::power).sum::<f64>();
        // where it is weaker, along a recorded movement
        let factor = self.link.factor(first).min(self.link.factor(end - 1));
        let amplitude = factor * (mean * piece.power()).sqrt();
        if amplitude == 0.0 {
            return 0.0;
        }
        // near the ends of a stretch, where such a polynomial is worst
        let mut worst = 0.0_f64;
        for between in [(node(0) + node(1)) / 2, (node(NODES - 2) + node(NODES - 1)) / 2] {
            let n = first + between;
            let error: f64 = self
                .at(piece, n)
                .iter()
                .enumerate()
                .map(|(g, exact)| {
                    let mut y = [-exact];
                    self.multiply_add(g / columns, g % columns, n, std::iter::once(Complex64::ONE), &mut y);
                    y[0].norm_sqr()
                })
                .sum();
            worst = worst.max(error.sqrt() / amplitude);
        }
        worst
    }
}
