//! The downlink through a link with exact delays: one filter of straight lines for all paths and antennas.

use super::fir::{Filter, GROUP, Line};
use super::paths::Paths;
use super::response::Response;
use super::stream::{BLOCK, Streams};
use crate::front_end::{Plan, Segment};
use crate::simd::widest;
use num_complex::Complex32;

/// Paths with exact delays, collapsed over antennas to one coefficient for each port and sample back.
///
/// # What it does
/// `y[n] = Σ_p Σ_t Σ_k s(k − τ_t)·u_{t,p}[n − 15 − k]` with `u_{t,p}[i] = Σ_m h_{t,m}(i)·w_{m,p}(i)·x_p[i]` and
/// `s` = [`super::fractional_delay`]. Weights and channel count at the time of transmission, as everywhere in the downlink.
/// Where the weights change, what came before is finished separately with its own weights, so that they never mix.
pub struct Dispersive {
    antennas: usize,
    ports: usize,
    paths: Paths,
    response: Response,
    streams: Streams,
    lines: Vec<Line>,
    /// Sample after the last one processed.
    next: u64,
    /// First sample of the lines, and the interval that they were made for.
    origin: u64,
    made_for: Option<u64>,
    /// Weights in force, and whether they stay as they are.
    w0: Vec<Complex32>,
    constant: bool,
    gains: Vec<Complex32>,
    parts: [Vec<f32>; 4],
    /// What earlier weights still give to the next samples, and how much of it is used.
    carry: Vec<Complex32>,
    carried: usize,
    flushed: Vec<Complex32>,
}

impl Dispersive {
    /// The link of these paths.
    #[must_use]
    pub fn new(paths: Paths, (antennas, ports): (usize, usize)) -> Self {
        let response = Response::new(paths.specs());
        let (longest, coefficients) = (response.longest(), response.back().len());
        Self {
            antennas,
            ports,
            streams: Streams::new(ports, longest),
            lines: vec![Line::default(); ports * coefficients],
            next: 0,
            origin: 0,
            made_for: None,
            w0: Vec::with_capacity(antennas * ports),
            constant: false,
            gains: vec![Complex32::ZERO; paths.specs().len()],
            parts: std::array::from_fn(|_| vec![0.0; coefficients]),
            carry: vec![Complex32::ZERO; longest],
            carried: longest,
            flushed: vec![Complex32::ZERO; longest],
            paths,
            response,
        }
    }

    /// The paths.
    #[must_use]
    pub const fn paths(&self) -> &Paths {
        &self.paths
    }

    /// Forgets the samples of the past.
    pub fn restart(&mut self) {
        self.streams.clear();
        self.carry.fill(Complex32::ZERO);
        self.carried = self.carry.len();
        self.w0.clear();
    }

    /// Computes what arrives for a plan.
    ///
    /// # Shapes
    /// As [`super::ReceiverChannel::process`].
    pub fn process(&mut self, plan: &Plan, x: &[&[Complex32]], y: &mut [Complex32]) {
        for (segment, w0, w1) in plan.pieces() {
            let first = plan.start + segment.offset as u64;
            let constant = w0 == w1;
            if !(constant && self.constant && self.w0 == w0) {
                self.finish();
                self.w0.clear();
                self.w0.extend_from_slice(w0);
                self.constant = constant;
                self.made_for = None;
            }
            self.segment(first, segment, (w0, w1), x, y);
        }
    }

    fn segment(
        &mut self,
        first: u64,
        segment: &Segment,
        (w0, w1): (&[Complex32], &[Complex32]),
        x: &[&[Complex32]],
        y: &mut [Complex32],
    ) {
        let update = self.paths.update_samples();
        let mut at = 0;
        while at < segment.len {
            let n = first + at as u64;
            let mut len = (segment.len - at).min(BLOCK);
            if self.paths.moves() {
                len = len.min((update - n % update) as usize);
            }
            if !self.constant {
                // weights and channel both change, and so does the slope of their product: short pieces, each finished on its own
                len = len.min(GROUP - (n % GROUP as u64) as usize);
                if at > 0 {
                    self.finish();
                }
            }
            let interval = if self.paths.moves() { n / update } else { 0 };
            self.paths.update(interval);
            if self.constant {
                if self.made_for != Some(interval) {
                    self.lines_between((0.0, 1.0), (w0, w0, 0.0, 0.0), interval * update, update);
                    self.made_for = Some(interval);
                }
            } else {
                let into =
                    |n: u64| if self.paths.moves() { (n - interval * update) as f32 / update as f32 } else { 0.0 };
                let share = |i: usize| i as f32 / segment.len as f32;
                let ends = (into(n), into(n + len as u64));
                self.lines_between(ends, (w0, w1, share(at), share(at + len)), n, len as u64);
            }
            let offset = segment.offset + at;
            let ports = x.iter().take(self.ports).map(|x| x.get(offset..).unwrap_or(&[]));
            let cursor = self.streams.push(ports, len);
            let to = &mut y[offset..offset + len];
            let (x_re, x_im) = self.streams.parts();
            widest(Filter { x_re, x_im, cursor, lines: &self.lines, into: n - self.origin, y: to, add: false });
            let left = &self.carry[self.carried..];
            for (y, z) in to.iter_mut().zip(left) {
                *y += z;
            }
            self.carried += left.len().min(len);
            at += len;
            self.next = n + len as u64;
        }
    }

    /// The coefficients as straight lines over `len` samples from `origin` on: the channel at two places of its interval times
    /// the weights at two places of their segment.
    fn lines_between(
        &mut self,
        (h_from, h_to): (f32, f32),
        (w0, w1, w_from, w_to): (&[Complex32], &[Complex32], f32, f32),
        origin: u64,
        len: u64,
    ) {
        let coefficients = self.response.back().len();
        let step_scale = 1.0 / len as f32;
        let still = !self.paths.moves() && (w_from == w_to || w0 == w1);
        for port in 0..self.ports {
            let Self { paths, gains, response, parts, .. } = self;
            let [re0, im0, re1, im1] = parts;
            collapse(paths, self.antennas, (self.ports, port), (w0, w1), (h_from, w_from), gains);
            response.dense(gains, re0, im0);
            if !still {
                collapse(paths, self.antennas, (self.ports, port), (w0, w1), (h_to, w_to), gains);
                response.dense(gains, re1, im1);
            }
            for (k, back) in self.response.back().iter().enumerate() {
                let [re0, im0, re1, im1] = &self.parts;
                let from = Complex32::new(re0[k], im0[k]);
                let step = if still { Complex32::ZERO } else { (Complex32::new(re1[k], im1[k]) - from) * step_scale };
                // the sample that the coefficient meets is `back` older than the output: its own time counts
                self.lines[port * coefficients + k] =
                    Line::new(from - step * *back as f32, step, self.streams.place(port, *back));
            }
        }
        self.origin = origin;
    }

    /// What the samples so far still give to the next ones is put aside, and zeros take their place.
    fn finish(&mut self) {
        if self.w0.is_empty() || self.carry.is_empty() {
            return;
        }
        let longest = self.carry.len();
        let left = longest - self.carried;
        self.carry.copy_within(self.carried.., 0);
        self.carry[left..].fill(Complex32::ZERO);
        self.carried = 0;
        let into = self.next - self.origin;
        let mut done = 0;
        while done < longest {
            let len = (longest - done).min(BLOCK);
            let cursor = self.streams.push(std::iter::empty(), len);
            let (x_re, x_im) = self.streams.parts();
            let y = &mut self.flushed[done..done + len];
            widest(Filter { x_re, x_im, cursor, lines: &self.lines, into: into + done as u64, y, add: false });
            done += len;
        }
        for (z, y) in self.carry.iter_mut().zip(&self.flushed) {
            *z += y;
        }
    }
}

/// `g_t = Σ_m h_{t,m}·w_{m,p}` at one place of interval and segment.
fn collapse(
    paths: &Paths,
    antennas: usize,
    (ports, port): (usize, usize),
    (w0, w1): (&[Complex32], &[Complex32]),
    (into, share): (f32, f32),
    gains: &mut [Complex32],
) {
    let rows = paths.h0().chunks_exact(antennas).zip(paths.h1().chunks_exact(antennas));
    for (g, (h0, h1)) in gains.iter_mut().zip(rows) {
        let mut sum = Complex32::ZERO;
        for m in 0..antennas {
            let i = m * ports + port;
            let h = if into == 0.0 { h0[m] } else { h0[m] + (h1[m] - h0[m]) * into };
            let w = if share == 0.0 || w0[i] == w1[i] { w0[i] } else { w0[i] + (w1[i] - w0[i]) * share };
            sum += h * w;
        }
        *g = sum;
    }
}
