//! Noise, frequency offset and a dispersive channel, seeded.

use num_complex::{Complex32, Complex64};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A static channel with taps a sample apart.
#[derive(Debug, Clone)]
pub(super) struct Taps {
    taps: Vec<Complex32>,
    rate_hz: f64,
}

impl Taps {
    /// One tap of gain 1.
    pub fn flat(rate_hz: f64) -> Self {
        Self { taps: vec![Complex32::new(1.0, 0.0)], rate_hz }
    }

    /// Rayleigh taps with an exponential power-delay profile of `rms_s` delay spread, cut at 7 times that; the first tap lies at delay 0.
    pub fn exponential(rate_hz: f64, rms_s: f64, seed: u64) -> Self {
        let mut normal = Normal::new(seed ^ 0x7a9);
        let count = (7.0 * rms_s * rate_hz).ceil() as usize + 1;
        let taps = (0..count).map(|i| normal.sample() * (-(i as f64) / (rms_s * rate_hz) / 2.0).exp() as f32).collect();
        Self { taps, rate_hz }
    }

    /// Frequency response `hz` above the carrier centre.
    pub fn response(&self, hz: f64) -> Complex32 {
        let sum: Complex64 = (0..)
            .zip(&self.taps)
            .map(|(n, t)| {
                let turns = -hz * f64::from(n) / self.rate_hz;
                Complex64::new(t.re.into(), t.im.into()) * Complex64::cis(std::f64::consts::TAU * turns)
            })
            .sum();
        Complex32::new(sum.re as f32, sum.im as f32)
    }

    /// Scales the channel so that its mean power on `hz` is 1.
    pub fn normalise(&mut self, hz: impl Iterator<Item = f64> + Clone) {
        let power: f32 = hz.clone().map(|f| self.response(f).norm_sqr()).sum::<f32>() / hz.count().max(1) as f32;
        let scale = 1.0 / power.sqrt().max(f32::MIN_POSITIVE);
        self.taps.iter_mut().for_each(|t| *t *= scale);
    }

    fn apply(&self, x: &[Complex32]) -> Vec<Complex32> {
        if self.taps.len() == 1 {
            return x.iter().map(|v| v * self.taps[0]).collect();
        }
        let mut y = vec![Complex32::new(0.0, 0.0); x.len()];
        for (delay, tap) in self.taps.iter().enumerate() {
            for (y, x) in y.iter_mut().skip(delay).zip(x) {
                *y += x * tap;
            }
        }
        y
    }
}

/// What is done to a recording.
#[derive(Debug, Clone)]
pub(super) struct Impairment {
    pub channel: Taps,
    pub cfo_hz: f64,
    /// Variance of the noise on a sample.
    pub noise_var: f32,
    pub seed: u64,
}

impl Impairment {
    pub fn apply(&self, x: &[Complex32], rate_hz: f64) -> Vec<Complex32> {
        let mut y = self.channel.apply(x);
        let mut normal = Normal::new(self.seed);
        let sigma = self.noise_var.sqrt();
        for (n, v) in y.iter_mut().enumerate() {
            *v = *v * phase(self.cfo_hz, n, rate_hz) + normal.sample() * sigma;
        }
        y
    }
}

/// `exp(j 2π cfo n / rate)`.
pub(super) fn phase(cfo_hz: f64, n: usize, rate_hz: f64) -> Complex32 {
    if cfo_hz == 0.0 {
        return Complex32::new(1.0, 0.0);
    }
    let turns = (cfo_hz * n as f64 / rate_hz).fract();
    Complex32::cis((std::f64::consts::TAU * turns) as f32)
}

/// Complex normal numbers of variance 1 (Box-Muller).
struct Normal(ChaCha8Rng);

impl Normal {
    fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    fn sample(&mut self) -> Complex32 {
        use rand::Rng;
        let word = self.0.next_u64();
        let uniform = ((word >> 40) as f32 + 0.5) / 16_777_216.0;
        let angle = (word & 0xff_ffff) as f32 / 16_777_216.0;
        Complex32::cis(std::f32::consts::TAU * angle) * (-uniform.ln()).sqrt()
    }
}
