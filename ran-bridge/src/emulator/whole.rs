//! Links whose delays are whole samples: one multiplication a tap and port.

use super::lines::STEP;
use super::{EmulatorConfig, Fading, LinkConfig, TapConfig};
use crate::front_end::{Plan, multiply, multiply_add, multiply_add_ramp, multiply_ramp};
use num_complex::Complex32;

struct Tap {
    delay: usize,
    fading: Fading,
    /// Channel at the start and the end of the current update interval.
    h0: Vec<Complex32>,
    h1: Vec<Complex32>,
}

/// Taps of whole samples: `y[n] = Σ_t Σ_p g_{t,p}(n−d_t)·x_p[n−d_t]` with `g_{t,p}(i) = Σ_m h_{t,m}(i)·w_{m,p}(i)`.
pub struct WholeTaps {
    antennas: usize,
    ports: usize,
    update: u64,
    interval: Option<u64>,
    moves: bool,
    taps: Vec<Tap>,
    /// What the echoes of earlier samples give to the next ones.
    tail: Vec<Complex32>,
    work: Vec<Complex32>,
}

impl WholeTaps {
    /// The taps of a link, for plans of at most `max_len` samples.
    #[must_use]
    pub fn new(
        link: &LinkConfig,
        emulator: &EmulatorConfig,
        seed: u64,
        (antennas, ports): (usize, usize),
        rate_hz: f64,
        max_len: usize,
    ) -> Self {
        let one = [TapConfig { delay_samples: 0, power_db: 0.0 }];
        let configs = if link.taps.is_empty() { &one[..] } else { &link.taps[..] };
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
        Self {
            antennas,
            ports,
            update: emulator.update_for(link.doppler_hz, rate_hz),
            interval: None,
            moves: taps.iter().any(|t| t.fading.moves()),
            tail: vec![Complex32::ZERO; longest],
            work: vec![Complex32::ZERO; if longest > 0 { max_len + longest } else { 0 }],
            taps,
        }
    }

    /// The true channel at a sample: taps × antennas, row-major.
    pub fn truth(&self, sample: u64, h: &mut [Complex32]) {
        for (tap, h) in self.taps.iter().zip(h.chunks_exact_mut(self.antennas)) {
            tap.fading.at(sample, h);
        }
    }

    /// Number of taps.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.taps.len()
    }

    /// Forgets the echoes.
    pub fn restart(&mut self) {
        self.tail.fill(Complex32::ZERO);
    }

    /// Computes what arrives.
    ///
    /// # Shapes
    /// As [`super::ReceiverChannel::process`].
    pub fn process(&mut self, plan: &Plan, x: &[&[Complex32]], y: &mut [Complex32]) {
        if self.tail.is_empty() {
            self.spread(plan, x, y);
            return;
        }
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

    /// Walks over pieces on which weights and channel are straight lines.
    fn spread(&mut self, plan: &Plan, x: &[&[Complex32]], y: &mut [Complex32]) {
        let overwrite_first = self.tail.is_empty();
        for (segment, w0, w1) in plan.pieces() {
            let mut at = 0;
            while at < segment.len {
                let n = plan.start + (segment.offset + at) as u64;
                let mut len = segment.len - at;
                if self.moves {
                    len = len.min((self.update - n % self.update) as usize);
                    if w0 != w1 {
                        len = len.min(STEP - (n % STEP as u64) as usize);
                    }
                    self.update_channel(n);
                }
                let (s0, s1) = (at as f32 / segment.len as f32, (at + len) as f32 / segment.len as f32);
                let offset = segment.offset + at;
                let mut overwrite = overwrite_first;
                for tap in &self.taps {
                    for (port, x) in x.iter().enumerate().take(self.ports) {
                        let c0 = self.effective(tap, port, w0, w1, s0, n);
                        let c1 = self.effective(tap, port, w0, w1, s1, n + len as u64);
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
}
