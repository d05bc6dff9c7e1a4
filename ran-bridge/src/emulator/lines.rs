//! Paths, antennas and weights collapsed to straight lines: the coefficients of one filter a port.

use super::fir::{GROUP, Line};
use super::paths::{PathSpec, Paths};
use super::response::Response;
use num_complex::Complex32;

/// Longest piece for which weights and channel, both changing, are one straight line: what lies between them is bent.
pub const STEP: usize = 32;

/// Weights M×P at the two ends of a segment, and the two places between them (0 … 1) that count.
#[derive(Debug, Clone, Copy)]
pub struct Ends<'a> {
    pub w0: &'a [Complex32],
    pub w1: &'a [Complex32],
    pub from: f32,
    pub to: f32,
}

impl<'a> Ends<'a> {
    /// Weights that stay as they are.
    pub const fn constant(w: &'a [Complex32]) -> Self {
        Self { w0: w, w1: w, from: 0.0, to: 0.0 }
    }
}

/// Which sample's time counts for a coefficient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// That of the sample it is multiplied with, as in the downlink: weights and channel at the time of transmission.
    Sample,
    /// That of the output, as in the uplink.
    Output,
}

/// A link's paths with the coefficients that they make.
#[derive(Debug)]
pub struct Lines {
    antennas: usize,
    ports: usize,
    time: Time,
    /// By how many samples the time that counts is before the output's, for the bulk of the power: the lines of an output are those of the
    /// interval in which this time lies, and coefficients of earlier and later paths go beyond it by what their delay differs from the mean.
    lag: u64,
    /// Ports that get coefficients; the others have no weight.
    heard: usize,
    paths: Paths,
    response: Response,
    lines: Vec<Line>,
    /// First sample of the lines, and the interval that they were made for.
    origin: u64,
    made_for: Option<u64>,
    gains: Vec<Complex32>,
    parts: [Vec<f32>; 4],
}

impl Lines {
    /// The coefficients of these paths.
    #[must_use]
    pub fn new(mut paths: Paths, (antennas, ports): (usize, usize), time: Time) -> Self {
        let response = Response::new(paths.specs());
        let coefficients = response.back().len();
        let lag = match time {
            Time::Sample => {
                paths.keep(response.longest() as u64);
                let late = PathSpec::mean_delay_samples(paths.specs()).round() as u64;
                whole_groups(late + PathSpec::latency_samples(paths.specs()) as u64, paths.update_samples())
            }
            Time::Output => 0,
        };
        Self {
            antennas,
            ports,
            time,
            lag,
            heard: ports,
            lines: vec![Line::default(); ports * coefficients],
            origin: 0,
            made_for: None,
            gains: vec![Complex32::ZERO; paths.specs().len()],
            parts: std::array::from_fn(|_| vec![0.0; response.width()]),
            paths,
            response,
        }
    }

    /// The paths.
    #[must_use]
    pub const fn paths(&self) -> &Paths {
        &self.paths
    }

    /// The filter that the paths make.
    #[must_use]
    pub const fn response(&self) -> &Response {
        &self.response
    }

    /// The coefficients: ports × samples back, without the last ports that have no weight.
    #[must_use]
    pub fn all(&self) -> &[Line] {
        &self.lines[..self.heard * self.response.back().len()]
    }

    /// New weights: the coefficients must be made anew, for the ports up to the last one that has a weight.
    pub fn weigh(&mut self, w0: &[Complex32], w1: &[Complex32]) {
        let used = |w: &[Complex32]| {
            let places = w.iter().enumerate().filter(|(_, w)| **w != Complex32::ZERO);
            places.map(|(i, _)| i % self.ports + 1).max().unwrap_or(0)
        };
        self.heard = used(w0).max(used(w1));
        self.made_for = None;
    }

    /// The coefficients of one port.
    #[must_use]
    pub fn of_port(&self, port: usize) -> &[Line] {
        let n = self.response.back().len();
        &self.lines[port * n..(port + 1) * n]
    }

    /// The sample that a line's count begins with.
    #[must_use]
    pub const fn origin(&self) -> u64 {
        self.origin
    }

    /// New weights: the coefficients must be made anew.
    pub const fn forget(&mut self) {
        self.made_for = None;
    }

    /// How many of `len` outputs from `n` on have the same lines, with constant weights.
    #[must_use]
    pub fn within(&self, n: u64, len: usize) -> usize {
        let update = self.paths.update_samples();
        if self.paths.moves() { len.min(((self.interval(n) + 1) * update + self.lag - n) as usize) } else { len }
    }

    /// How many of `len` samples from `n` on lie in the update interval of `n`.
    #[must_use]
    pub fn within_interval(&self, n: u64, len: usize) -> usize {
        let update = self.paths.update_samples();
        if self.paths.moves() { len.min((update - n % update) as usize) } else { len }
    }

    /// The update interval whose lines the output `n` has.
    fn interval(&self, n: u64) -> u64 {
        if self.paths.moves() { n.saturating_sub(self.lag) / self.paths.update_samples() } else { 0 }
    }

    /// Makes the coefficients of output `n` and its neighbours ([`Lines::within`]) for constant weights, where they are not there yet.
    pub fn still(&mut self, n: u64, w: &[Complex32], place: impl Fn(usize, u32) -> i32) {
        let update = self.paths.update_samples();
        let interval = self.interval(n);
        if self.made_for != Some(interval) {
            self.paths.update(interval);
            // with one port the end of the interval before is still there
            let follows = self.heard == 1 && interval > 0 && self.made_for == Some(interval - 1);
            self.make((0.0, 1.0), Ends::constant(w), (interval * update, update), follows, place);
            self.made_for = Some(interval);
        }
    }

    /// Makes the coefficients for `len` samples from `n` on, within one update interval, in which the weights change. No other samples count
    /// with them, so that nothing lies beyond the lines.
    pub fn changing(&mut self, n: u64, len: usize, w: Ends<'_>, place: impl Fn(usize, u32) -> i32) {
        let update = self.paths.update_samples();
        let moves = self.paths.moves();
        let interval = if moves { n / update } else { 0 };
        self.paths.update(interval);
        let into = |n: u64| if moves { (n - interval * update) as f32 / update as f32 } else { 0.0 };
        self.make((into(n), into(n + len as u64)), w, (n, len as u64), false, place);
        self.made_for = None;
    }

    /// The coefficients as straight lines from `origin` on: the channel at two places of its interval times the weights at two
    /// places of their segment. `follows`: they begin where the ones before end.
    fn make(
        &mut self,
        (h_from, h_to): (f32, f32),
        w: Ends<'_>,
        (origin, len): (u64, u64),
        follows: bool,
        place: impl Fn(usize, u32) -> i32,
    ) {
        let Self { antennas, ports, time, heard, paths, response, lines, gains, parts, .. } = self;
        let [re0, im0, re1, im1] = parts;
        let scale = 1.0 / len as f32;
        let still = !paths.moves() && w.from == w.to;
        for port in 0..*heard {
            if follows {
                std::mem::swap(re0, re1);
                std::mem::swap(im0, im1);
            } else {
                collapse(paths, *antennas, (*ports, port), w, (h_from, w.from), gains);
                response.dense(gains, re0, im0);
            }
            if !still {
                collapse(paths, *antennas, (*ports, port), w, (h_to, w.to), gains);
                response.dense(gains, re1, im1);
            }
            let back = response.back();
            for (k, (line, back)) in lines[port * back.len()..].iter_mut().zip(back).enumerate() {
                let from = Complex32::new(re0[k], im0[k]);
                let step = if still { Complex32::ZERO } else { (Complex32::new(re1[k], im1[k]) - from) * scale };
                // the line runs over outputs: a sample's time is `back` before
                let first = if *time == Time::Sample { from - step * *back as f32 } else { from };
                *line = Line::new(first, step, place(port, *back));
            }
        }
        self.origin = origin;
    }
}

/// The lag in whole groups of the filter's outputs, so that none is computed twice, where the intervals are so long that what is left of it does not
/// count: a chord over T that is used b < 64 samples beyond its end misses by `b(T + b)/2·|h''|` there, which over all of T ≥ 512 is a sixth of
/// the `T²·√(1/120)·|h''|` that it misses by within, in the root mean square.
fn whole_groups(lag: u64, update: u64) -> u64 {
    let group = GROUP as u64;
    if update >= 8 * group { lag - lag % group } else { lag }
}

/// `g_t = Σ_m h_{t,m}·w_{m,p}` at one place of interval and segment.
fn collapse(
    paths: &Paths,
    antennas: usize,
    (ports, port): (usize, usize),
    w: Ends<'_>,
    (into, share): (f32, f32),
    gains: &mut [Complex32],
) {
    let rows = paths.h0().chunks_exact(antennas).zip(paths.h1().chunks_exact(antennas));
    for (g, (h0, h1)) in gains.iter_mut().zip(rows) {
        let mut sum = Complex32::ZERO;
        for m in 0..antennas {
            let i = m * ports + port;
            let h = match into {
                0.0 => h0[m],
                1.0 => h1[m],
                _ => h0[m] + (h1[m] - h0[m]) * into,
            };
            let w = if share == 0.0 || w.w0[i] == w.w1[i] { w.w0[i] } else { w.w0[i] + (w.w1[i] - w.w0[i]) * share };
            sum += h * w;
        }
        *g = sum;
    }
}
