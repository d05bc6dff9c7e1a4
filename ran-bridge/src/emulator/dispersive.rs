//! The downlink through a link with exact delays: one filter of straight lines for all paths and antennas.

use super::fir::Filter;
use super::lines::{Ends, Lines, STEP, Time};
use super::paths::Paths;
use super::stream::{BLOCK, Streams};
use crate::front_end::{Plan, Segment};
use crate::simd::full_width;
use num_complex::Complex32;

/// Paths with exact delays, collapsed over antennas to one coefficient for each port and sample back.
///
/// # What it does
/// `y[n] = Σ_p Σ_t Σ_k s(k − τ_t)·u_{t,p}[n − L − k]` with `u_{t,p}[i] = Σ_m h_{t,m}(i)·w_{m,p}(i)·x_p[i]` and
/// `s` = [`super::fractional_delay`]. Weights and channel count at the time of transmission, as everywhere in the downlink.
/// Where the weights change, what came before is finished separately with its own weights, so that they never mix.
pub struct Dispersive {
    ports: usize,
    lines: Lines,
    streams: Streams,
    /// Sample after the last one processed.
    next: u64,
    /// Weights in force, and whether they stay as they are.
    w0: Vec<Complex32>,
    constant: bool,
    /// What earlier weights still give to the next samples, and how much of it is used.
    carry: Vec<Complex32>,
    carried: usize,
    flushed: Vec<Complex32>,
}

impl Dispersive {
    /// The link of these paths.
    #[must_use]
    pub fn new(paths: Paths, (antennas, ports): (usize, usize)) -> Self {
        let lines = Lines::new(paths, (antennas, ports), Time::Sample);
        let longest = lines.response().longest();
        Self {
            ports,
            streams: Streams::new(ports, longest),
            next: 0,
            w0: Vec::with_capacity(antennas * ports),
            constant: false,
            carry: vec![Complex32::ZERO; longest],
            carried: longest,
            flushed: vec![Complex32::ZERO; longest],
            lines,
        }
    }

    /// The paths.
    #[must_use]
    pub const fn paths(&self) -> &Paths {
        self.lines.paths()
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
                self.lines.weigh(w0, w1);
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
        let mut at = 0;
        while at < segment.len {
            let n = first + at as u64;
            let mut len = (segment.len - at).min(BLOCK);
            if self.constant {
                len = self.lines.within(n, len);
                self.lines.still(n, w0, |port, back| self.streams.place(port, back));
            } else {
                // weights and channel both change, and so does the slope of their product: short pieces, each finished on its own
                len = self.lines.within_interval(n, len.min(STEP - (n % STEP as u64) as usize));
                if at > 0 {
                    self.finish();
                }
                let share = |i: usize| i as f32 / segment.len as f32;
                let ends = Ends { w0, w1, from: share(at), to: share(at + len) };
                self.lines.changing(n, len, ends, |port, back| self.streams.place(port, back));
            }
            let offset = segment.offset + at;
            let ports = x.iter().take(self.ports).map(|x| x.get(offset..).unwrap_or(&[]));
            let cursor = self.streams.push(ports, len);
            let to = &mut y[offset..offset + len];
            let (x_re, x_im) = self.streams.parts();
            let into = n - self.lines.origin();
            full_width(Filter { x_re, x_im, cursor, lines: self.lines.all(), into, y: to, add: false });
            let left = &self.carry[self.carried..];
            for (y, z) in to.iter_mut().zip(left) {
                *y += z;
            }
            self.carried += left.len().min(len);
            at += len;
            self.next = n + len as u64;
        }
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
        let mut done = 0;
        while done < longest {
            let n = self.next + done as u64;
            let mut len = (longest - done).min(BLOCK);
            if self.constant {
                len = self.lines.within(n, len);
                self.lines.still(n, &self.w0, |port, back| self.streams.place(port, back));
            }
            let into = n - self.lines.origin();
            let cursor = self.streams.push(std::iter::empty(), len);
            let (x_re, x_im) = self.streams.parts();
            let y = &mut self.flushed[done..done + len];
            full_width(Filter { x_re, x_im, cursor, lines: self.lines.all(), into, y, add: false });
            done += len;
        }
        for (z, y) in self.carry.iter_mut().zip(&self.flushed) {
            *z += y;
        }
    }
}
