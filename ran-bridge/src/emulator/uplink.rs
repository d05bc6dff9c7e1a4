//! The uplink from one UE to the gNB's ports.

use super::fir::Filter;
use super::lines::{Ends, Lines, STEP, Time};
use super::offset::Offset;
use super::paths::{Paths, Side, seed_of};
use super::stream::{BLOCK, Streams};
use super::{EmulatorConfig, LinkConfig};
use crate::front_end::{Plan, multiply_add};
use crate::simd::full_width;
use num_complex::Complex32;

/// The uplink channel of one UE: its stream to the M antennas, and with their weights to the gNB's P ports.
///
/// # Input
/// A [`Plan`] of combining weights M×P over a range of uplink samples, and the UE's samples of that range.
/// # Output
/// `y_p[n] += Σ_t Σ_m v_{m,p}(n)·h_{t,m}(n)·Σ_k s(k−τ_t)·e^{j2πΔf i/f_s}·x[i]` with `i = n−L−k`: time of arrival counts for channel and weights,
/// which lie at the antennas, and the UE's frequency offset turns what it sends. `L` and `s` as in the downlink.
/// # Units
/// As [`super::ReceiverChannel`]; `noise_dbfs` of the link is not used: the gNB's receiver has its own.
/// # What it does
/// The draw of the scattered paths is another one than the downlink's, with the same statistics, as in FDD. A link with one direct
/// path, gain 0 dB and the weight 1 gives back the same samples, bit for bit.
/// # Errors
/// None: sizes are fixed at construction.
pub struct UplinkChannel {
    ports: usize,
    lines: Lines,
    streams: Streams,
    offset: Offset,
    turned: Vec<Complex32>,
    w0: Vec<Complex32>,
    constant: bool,
}

impl UplinkChannel {
    /// The uplink of UE `stream`.
    #[must_use]
    pub fn new(
        link: &LinkConfig,
        emulator: &EmulatorConfig,
        stream: usize,
        (antennas, ports): (usize, usize),
        rate_hz: f64,
    ) -> Self {
        let seed = seed_of(link, emulator, stream, Side::Uplink);
        let paths = Paths::new(link, emulator, seed, antennas, rate_hz);
        let lines = Lines::new(paths, (antennas, ports), Time::Output);
        Self {
            ports,
            streams: Streams::new(1, lines.response().longest()),
            lines,
            offset: Offset::new(link.cfo_hz, rate_hz),
            turned: vec![Complex32::ZERO; BLOCK],
            w0: Vec::with_capacity(antennas * ports),
            constant: false,
        }
    }

    /// Forgets the samples of the past, for a UE that begins anew.
    pub fn restart(&mut self) {
        self.streams.clear();
        self.w0.clear();
    }

    /// Adds what the gNB's ports get from this UE.
    ///
    /// # Shapes
    /// `x`: `plan.len` samples of the UE, missing ones count as zero; `y`: one slice a port, each of `plan.len` samples.
    pub fn process_add(&mut self, plan: &Plan, x: &[Complex32], y: &mut [&mut [Complex32]]) {
        for (segment, w0, w1) in plan.pieces() {
            let constant = w0 == w1;
            if !(constant && self.constant && self.w0 == w0) {
                self.w0.clear();
                self.w0.extend_from_slice(w0);
                self.constant = constant;
                self.lines.forget();
            }
            let mut at = 0;
            while at < segment.len {
                let n = plan.start + (segment.offset + at) as u64;
                let mut len = self.lines.within(n, (segment.len - at).min(BLOCK));
                let place = |_: usize, back: u32| -(back as i32);
                if constant {
                    self.lines.still(n, w0, place);
                } else {
                    len = len.min(STEP - (n % STEP as u64) as usize);
                    let share = |i: usize| i as f32 / segment.len as f32;
                    self.lines.changing(n, len, Ends { w0, w1, from: share(at), to: share(at + len) }, place);
                }
                let offset = segment.offset + at;
                let from = x.get(offset..).unwrap_or(&[]);
                self.piece(n, &from[..from.len().min(len)], len, offset, y);
                at += len;
            }
        }
    }

    fn piece(&mut self, n: u64, x: &[Complex32], len: usize, offset: usize, y: &mut [&mut [Complex32]]) {
        if self.offset.is_none() && self.lines.response().longest() == 0 && !self.lines.paths().moves() && self.constant
        {
            for (port, y) in y.iter_mut().enumerate().take(self.ports) {
                let gain = self.lines.of_port(port).first().map_or(Complex32::ZERO, |l| l.first());
                multiply_add(&mut y[offset..offset + x.len()], x, gain);
            }
            return;
        }
        let x = if self.offset.is_none() {
            x
        } else {
            self.offset.turn(n, x, &mut self.turned[..x.len()]);
            &self.turned[..x.len()]
        };
        let cursor = self.streams.push(std::iter::once(x), len);
        let (x_re, x_im) = self.streams.parts();
        let into = n - self.lines.origin();
        for (port, y) in y.iter_mut().enumerate().take(self.ports) {
            let lines = self.lines.of_port(port);
            full_width(Filter { x_re, x_im, cursor, lines, into, y: &mut y[offset..offset + len], add: true });
        }
    }
}
