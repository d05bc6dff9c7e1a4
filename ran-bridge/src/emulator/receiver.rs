//! The link to one receiver: applies a plan of the front end and the channel to the ports' samples.

use super::{EmulatorConfig, Fading, LinkConfig, NoiseTable, TapConfig};
use crate::front_end::{Plan, multiply, multiply_add, multiply_add_ramp, multiply_ramp};
use num_complex::Complex32;
use std::f64::consts::TAU;

/// Samples over which the rotation of a carrier offset is a straight line (64 samples of 1 kHz at 7.68 MS/s: error −75 dB).
const CFO_BLOCK: u64 = 64;

struct Tap {
    delay: usize,
    fading: Fading,
    /// Channel at the start and the end of the current update interval.
    h0: Vec<Complex32>,
    h1: Vec<Complex32>,
}

/// `y[n] = e^{j2πΔf n/f_s} Σ_t Σ_p g_{t,p}(n−d_t)·x_p[n−d_t] + noise[n]` with `g_{t,p}(n) = Σ_m h_{t,m}(n)·w_{m,p}(n)`.
///
/// # Input
/// A [`Plan`] (weights M×P as straight lines) and the ports' samples for its range.
/// # Output
/// As many samples as the plan has, at the receiver.
/// # Units
/// Full scale 1; noise in dBFS of the whole sampled bandwidth.
/// # What it does
/// Weights and channel count at the time of transmission. Channel values are exact every `update_samples` and straight
/// lines between. Artificial noise lies in the M−1 directions orthogonal to each port-0 weight vector; what of it
/// reaches the receiver is drawn with exactly its power, `σ²/(M−1)·(‖h‖² − |hᵀw|²/‖w‖²)` (all of it, `σ²|h|²`, when M = 1).
/// # Errors
/// None: sizes are fixed at construction, missing ports count as zero.
pub struct ReceiverChannel {
    antennas: usize,
    ports: usize,
    rate_hz: f64,
    cfo_hz: f64,
    update: u64,
    interval: Option<u64>,
    moves: bool,
    taps: Vec<Tap>,
    sigma: f32,
    noise: NoiseTable,
    /// What the echoes of earlier samples give to the next ones.
    tail: Vec<Complex32>,
    work: Vec<Complex32>,
}

impl ReceiverChannel {
    /// The link of receiver `stream`, for plans of at most `max_len` samples.
    #[must_use]
    pub fn new(
        link: &LinkConfig,
        emulator: &EmulatorConfig,
        noise: &NoiseTable,
        stream: usize,
        (antennas, ports): (usize, usize),
        rate_hz: f64,
        max_len: usize,
    ) -> Self {
        let one = [TapConfig { delay_samples: 0, power_db: 0.0 }];
        let configs = if link.taps.is_empty() { &one[..] } else { &link.taps[..] };
        let seed = emulator.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(stream as u64);
        let taps: Vec<Tap> = configs
            .iter()
            .enumerate()
            .map(|(i, tap)| {
                let fading = Fading::new(link, *tap, i, antennas, rate_hz, seed);
                let mut h0 = vec![Complex32::ZERO; antennas];
                fading.at(0, &mut h0);
                Tap { delay: tap.delay_samples as usize, fading, h1: h0.clone(), h0 }
            })
            .collect();
        let longest = taps.iter().map(|t| t.delay).max().unwrap_or(0);
        let update = match emulator.update_samples {
            0 => ((rate_hz * 1e-4).round() as u64).max(1),
            n => u64::from(n),
        };
        Self {
            antennas,
            ports,
            rate_hz,
            cfo_hz: link.cfo_hz,
            update,
            interval: None,
            moves: taps.iter().any(|t| t.fading.moves()),
            sigma: link.noise_dbfs.map_or(0.0, |db| 10.0_f32.powf(db / 20.0)),
            noise: noise.stream(stream as u64),
            tail: vec![Complex32::ZERO; longest],
            work: vec![Complex32::ZERO; if longest > 0 { max_len + longest } else { 0 }],
            taps,
        }
    }

    /// The true channel at a sample: taps × antennas, row-major.
    ///
    /// # Shapes
    /// `h`: `taps·antennas` values; see [`ReceiverChannel::truth_len`].
    pub fn truth(&self, sample: u64, h: &mut [Complex32]) {
        for (tap, h) in self.taps.iter().zip(h.chunks_exact_mut(self.antennas)) {
            tap.fading.at(sample, h);
        }
    }

    /// Values of a truth: taps × antennas.
    #[must_use]
    pub const fn truth_len(&self) -> usize {
        self.taps.len() * self.antennas
    }

    /// Forgets the echoes, for a receiver that begins anew.
    pub fn restart(&mut self) {
        self.tail.fill(Complex32::ZERO);
    }

    /// Computes what the receiver gets.
    ///
    /// # Shapes
    /// `x`: one slice a port, each of `plan.len` samples; `y`: `plan.len` samples, overwritten.
    pub fn process(&mut self, plan: &Plan, x: &[&[Complex32]], y: &mut [Complex32]) {
        if self.tail.is_empty() {
            self.spread(plan, x, y);
        } else {
            let mut work = std::mem::take(&mut self.work);
            let longest = self.tail.len();
            let all = &mut work[..plan.len + longest];
            all[..longest].copy_from_slice(&self.tail);
            all[longest..].fill(Complex32::ZERO);
            self.spread(plan, x, all);
            y[..plan.len].copy_from_slice(&all[..plan.len]);
            self.tail.copy_from_slice(&all[plan.len..]);
            self.work = work;
        }
        self.add_noise(plan, y);
    }

    /// Walks over pieces on which weights, channel and rotation are straight lines.
    fn spread(&mut self, plan: &Plan, x: &[&[Complex32]], y: &mut [Complex32]) {
        let overwrite_first = self.tail.is_empty();
        for (segment, w0, w1) in plan.pieces() {
            let mut at = 0;
            while at < segment.len {
                let n = plan.start + (segment.offset + at) as u64;
                let mut len = segment.len - at;
                if self.moves {
                    len = len.min((self.update - n % self.update) as usize);
                    self.update_channel(n);
                }
                if self.cfo_hz != 0.0 {
                    len = len.min((CFO_BLOCK - n % CFO_BLOCK) as usize);
                }
                let (s0, s1) = (at as f32 / segment.len as f32, (at + len) as f32 / segment.len as f32);
                let (r0, r1) = (self.rotation(n), self.rotation(n + len as u64));
                let offset = segment.offset + at;
                let mut overwrite = overwrite_first;
                for tap in &self.taps {
                    for (port, x) in x.iter().enumerate().take(self.ports) {
                        let c0 = self.effective(tap, port, w0, w1, s0, n) * r0;
                        let c1 = self.effective(tap, port, w0, w1, s1, n + len as u64) * r1;
                        let to = &mut y[offset + tap.delay..offset + tap.delay + len];
                        let from = &x[offset..offset + len];
                        let step = (c1 - c0) / len as f32;
                        match (overwrite, step == Complex32::ZERO) {
                            (true, true) => multiply(to, from, c0),
                            (true, false) => multiply_ramp(to, from, c0, step),
                            (false, true) => multiply_add(to, from, c0),
                            (false, false) => multiply_add_ramp(to, from, c0, step),
                        }
                        overwrite = false;
                    }
                }
                at += len;
            }
        }
    }

    /// The effective channel g = hᵀw of one tap and port at sample `n`.
    fn effective(&self, tap: &Tap, port: usize, w0: &[Complex32], w1: &[Complex32], share: f32, n: u64) -> Complex32 {
        let into = if self.moves {
            let begin = self.interval.unwrap_or(0) * self.update;
            (n - begin) as f32 / self.update as f32
        } else {
            0.0
        };
        let mut sum = Complex32::ZERO;
        for m in 0..self.antennas {
            let i = m * self.ports + port;
            let h = if into == 0.0 { tap.h0[m] } else { tap.h0[m] + (tap.h1[m] - tap.h0[m]) * into };
            let w = if share == 0.0 || w0[i] == w1[i] { w0[i] } else { w0[i] + (w1[i] - w0[i]) * share };
            sum += h * w;
        }
        sum
    }

    fn update_channel(&mut self, n: u64) {
        let interval = n / self.update;
        if self.interval == Some(interval) {
            return;
        }
        let next = self.interval.is_some_and(|i| i + 1 == interval);
        for tap in &mut self.taps {
            if next {
                std::mem::swap(&mut tap.h0, &mut tap.h1);
            } else {
                tap.fading.at(interval * self.update, &mut tap.h0);
            }
            tap.fading.at((interval + 1) * self.update, &mut tap.h1);
        }
        self.interval = Some(interval);
    }

    fn rotation(&self, n: u64) -> Complex32 {
        if self.cfo_hz == 0.0 {
            return Complex32::ONE;
        }
        let (im, re) = (TAU * (n as f64 * (self.cfo_hz / self.rate_hz)).fract()).sin_cos();
        Complex32::new(re as f32, im as f32)
    }

    fn add_noise(&self, plan: &Plan, y: &mut [Complex32]) {
        let quiet = plan.pieces().all(|(s, _, _)| s.noise_from == 0.0 && s.noise_to == 0.0);
        if quiet {
            if self.sigma > 0.0 {
                self.noise.add(&mut y[..plan.len], plan.start, self.sigma);
            }
            return;
        }
        for (s, w0, _) in plan.pieces() {
            let sent = 0.5 * (s.noise_from + s.noise_to);
            let variance = self.sigma * self.sigma + sent * sent * self.noise_gain(w0);
            if variance > 0.0 {
                let first = plan.start + s.offset as u64;
                self.noise.add(&mut y[s.offset..s.offset + s.len], first, variance.sqrt());
            }
        }
    }

    /// Power gain of the artificial noise to this receiver.
    fn noise_gain(&self, w: &[Complex32]) -> f32 {
        self.taps
            .iter()
            .map(|tap| {
                let h2: f32 = tap.h0.iter().map(Complex32::norm_sqr).sum();
                if self.antennas == 1 {
                    return h2;
                }
                let w2: f32 = w.iter().step_by(self.ports).map(Complex32::norm_sqr).sum();
                let hw: Complex32 = tap.h0.iter().zip(w.iter().step_by(self.ports)).map(|(h, w)| h * w).sum();
                let beam = if w2 > 0.0 { hw.norm_sqr() / w2 } else { 0.0 };
                (h2 - beam).max(0.0) / (self.antennas - 1) as f32
            })
            .sum()
    }
}
