//! The channel computed straight from its formulae in double precision: slow, for whoever verifies the emulator.
//!
//! It shares with the fast path the random numbers, which are drawn as written here, the table of the noise and the constants of a link
//! ([`LinkConfig`], [`TdlProfile::rows`](super::TdlProfile::rows), [`fractional_delay`]); nothing else. The channel is that of every
//! sample, without straight lines between updates.

use super::csi_trace::CsiTrace;
use super::direction::Direction;
use super::motion::Motion;
use super::paths::{PathSpec, Side, correlation_row, receive_shares, seed_of};
use super::profile::DIRECT_SHIFT;
use super::{EmulatorConfig, LATENCY_SAMPLES, LinkConfig, NoiseTable, fractional_delay};
use num_complex::{Complex32, Complex64};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::{PI, TAU};

/// Shift over largest shift, and phase in turns, of each sinusoid of one scattered path.
type Sinusoids = Vec<(f64, f64)>;

/// The link of one receiver, by its formulae.
#[derive(Debug)]
pub struct Reference {
    link: LinkConfig,
    rate_hz: f64,
    antennas: usize,
    ports: usize,
    paths: Vec<PathSpec>,
    /// For each receive share: its factor, and sinusoids `[path][antenna]`.
    scattered: Vec<(f64, Vec<Vec<Sinusoids>>)>,
    noise: NoiseTable,
    motion: Option<Motion>,
    csi: Option<CsiTrace>,
}

impl Reference {
    /// The link of receiver `stream`; arguments as for [`super::ReceiverChannel::new`].
    #[must_use]
    pub fn new(
        link: &LinkConfig,
        emulator: &EmulatorConfig,
        stream: usize,
        (antennas, ports): (usize, usize),
        rate_hz: f64,
    ) -> Self {
        Self::of_side(link, emulator, stream, (antennas, ports), rate_hz, Side::Downlink)
    }

    /// The uplink from the same UE; arguments as for [`super::UplinkChannel::new`].
    #[must_use]
    pub fn uplink(
        link: &LinkConfig,
        emulator: &EmulatorConfig,
        stream: usize,
        (antennas, ports): (usize, usize),
        rate_hz: f64,
    ) -> Self {
        Self::of_side(link, emulator, stream, (antennas, ports), rate_hz, Side::Uplink)
    }

    fn of_side(
        link: &LinkConfig,
        emulator: &EmulatorConfig,
        stream: usize,
        (antennas, ports): (usize, usize),
        rate_hz: f64,
        side: Side,
    ) -> Self {
        let seed = seed_of(link, emulator, stream, side);
        let exact = link.has_exact_delays() || side == Side::Uplink;
        let paths = PathSpec::of(link, rate_hz);
        let scattered = if exact {
            let draw = |q: u64| (0..paths.len() as u64).map(|t| exact_draw(seed, q, t, antennas)).collect();
            receive_shares(link).into_iter().map(|(q, share)| (share, draw(q))).collect()
        } else {
            vec![(1.0, (0..paths.len() as u64).map(|t| whole_draw(seed, t, antennas)).collect())]
        };
        let motion = link.trace.as_ref().and_then(|t| Motion::load(t).ok());
        let csi = link.csi.as_ref().and_then(|path| CsiTrace::load(path).ok());
        let noise = NoiseTable::new(emulator.seed).stream(stream as u64);
        Self { link: link.clone(), rate_hz, antennas, ports, paths, scattered, noise, motion, csi }
    }

    /// Delays and amplitudes of the paths.
    #[must_use]
    pub fn paths(&self) -> &[PathSpec] {
        &self.paths
    }

    /// Amplitude at a sample relative to that of [`Reference::paths`]: the path loss along recorded positions.
    #[must_use]
    pub fn factor(&self, sample: u64) -> f64 {
        let of = |m: &Motion| m.amplitude(&m.at(sample as f64 / self.rate_hz), self.link.path_loss);
        self.motion.as_ref().map_or(1.0, of)
    }

    /// `h_{t,m}` at a sample.
    #[must_use]
    pub fn channel(&self, sample: u64, t: usize, m: usize) -> Complex64 {
        let t_s = sample as f64 / self.rate_hz;
        if let Some(csi) = &self.csi {
            return csi.at(t_s, t, m) * 10.0_f64.powf(self.link.mean_gain_db() / 20.0);
        }
        let path = &self.paths[t];
        let direct_hz = if self.link.profile.is_some() { DIRECT_SHIFT * self.link.doppler_hz } else { 0.0 };
        let (sine, turns, factor) = match &self.motion {
            Some(motion) => {
                let place = motion.at(t_s);
                (place.sine, place.phase_turns, motion.amplitude(&place, self.link.path_loss))
            }
            None => (Direction::new(&self.link).at(t_s).to_radians().sin(), direct_hz * t_s, 1.0),
        };
        let mut h = Complex64::cis(PI * m as f64 * sine + TAU * turns) * path.direct;
        if path.scattered == 0.0 {
            return h * factor;
        }
        let array = correlation_row(self.link.array_correlation, m);
        for (share, draws) in &self.scattered {
            for (antenna, row) in array.iter().enumerate().filter(|(_, row)| **row != 0.0) {
                let sinusoids = &draws[t][antenna];
                let sum: Complex64 = sinusoids
                    .iter()
                    .map(|(shift, turns)| Complex64::cis(TAU * (self.link.doppler_hz * shift * t_s + turns)))
                    .sum();
                h += sum / (sinusoids.len() as f64).sqrt() * (row * share * path.scattered);
            }
        }
        h * factor
    }

    /// The downlink at the receiver for samples `first .. first + len`.
    ///
    /// # Shapes
    /// `x`: the ports' streams from sample 0 on; `weights(i)`: M×P at sample `i`.
    #[must_use]
    pub fn receive(
        &self,
        x: &[&[Complex32]],
        weights: &dyn Fn(u64) -> Vec<Complex64>,
        first: u64,
        len: usize,
    ) -> Vec<Complex64> {
        let mut y = vec![Complex64::ZERO; len];
        for (t, path) in self.paths.iter().enumerate() {
            let (latest, filter) = self.filter(path.delay_samples);
            // u[i] for every sample that the filter reaches
            let from = first.saturating_sub(latest as u64);
            let sent: Vec<Complex64> = (from..first + len as u64)
                .map(|i| {
                    let w = weights(i);
                    let h: Vec<_> = (0..self.antennas).map(|m| self.channel(i, t, m)).collect();
                    (0..self.ports)
                        .map(|p| {
                            let g: Complex64 = (0..self.antennas).map(|m| h[m] * w[m * self.ports + p]).sum();
                            g * wide(x[p][i as usize])
                        })
                        .sum()
                })
                .collect();
            for (n, y) in y.iter_mut().enumerate() {
                for (back, s) in &filter {
                    if let Some(i) = (first + n as u64).checked_sub(*back as u64)
                        && i >= from
                    {
                        *y += sent[(i - from) as usize] * s;
                    }
                }
            }
        }
        self.turned_and_noisy(y, first)
    }

    /// The uplink at port `port` for samples `first .. first + len`, without noise.
    ///
    /// # Shapes
    /// `x`: the UE's stream from sample 0 on; `weights(n)`: combining weights M×P at sample `n`.
    #[cfg(test)]
    pub(crate) fn send(
        &self,
        x: &[Complex32],
        weights: &dyn Fn(u64) -> Vec<Complex64>,
        port: usize,
        first: u64,
        len: usize,
    ) -> Vec<Complex64> {
        let turned =
            |i: u64| Complex64::cis(TAU * (i as f64 * self.link.cfo_hz / self.rate_hz).fract()) * wide(x[i as usize]);
        let filters: Vec<_> = self.paths.iter().map(|p| self.filter(p.delay_samples).1).collect();
        (first..first + len as u64)
            .map(|n| {
                let v = weights(n);
                let one = |(t, filter): (usize, &Vec<(usize, f64)>)| {
                    let g: Complex64 =
                        (0..self.antennas).map(|m| v[m * self.ports + port] * self.channel(n, t, m)).sum();
                    let late: Complex64 =
                        filter.iter().filter_map(|(k, s)| n.checked_sub(*k as u64).map(|i| turned(i) * s)).sum();
                    g * late
                };
                filters.iter().enumerate().map(one).sum()
            })
            .collect()
    }

    /// The filter of one delay: the latest sample it reaches back to, and `(how many samples back, factor)`.
    #[must_use]
    pub fn filter(&self, delay_samples: f64) -> (usize, Vec<(usize, f64)>) {
        let latency = PathSpec::latency_samples(&self.paths);
        let latest = delay_samples.ceil() as usize + 2 * LATENCY_SAMPLES + 2;
        let taps = (0..=latest).map(|back| (back, fractional_delay(back as f64 - latency as f64 - delay_samples)));
        (latest, taps.filter(|(_, s)| *s != 0.0).collect())
    }

    /// The receiver's noise for samples from `first` on.
    pub fn noise(&self, first: u64, noise: &mut [Complex32]) {
        noise.fill(Complex32::ZERO);
        if let Some(dbfs) = self.link.noise_dbfs {
            self.noise.add(noise, first, 10.0_f32.powf(dbfs / 20.0));
        }
    }

    /// The link it is of.
    #[must_use]
    pub const fn link(&self) -> &LinkConfig {
        &self.link
    }

    fn turned_and_noisy(&self, mut y: Vec<Complex64>, first: u64) -> Vec<Complex64> {
        for (n, y) in (first..).zip(&mut y) {
            *y *= Complex64::cis(TAU * (n as f64 * self.link.cfo_hz / self.rate_hz).fract());
        }
        if let Some(dbfs) = self.link.noise_dbfs {
            let mut noise = vec![Complex32::ZERO; y.len()];
            self.noise.add(&mut noise, first, 10.0_f32.powf(dbfs / 20.0));
            y.iter_mut().zip(noise).for_each(|(y, n)| *y += wide(n));
        }
        y
    }
}

fn wide(z: Complex32) -> Complex64 {
    Complex64::new(f64::from(z.re), f64::from(z.im))
}

/// Links with exact delays: 32 sinusoids, `α_i = 2π(i + u)/32`; for each antenna and each i first `u`, then the phase.
fn exact_draw(seed: u64, receive: u64, path: u64, antennas: usize) -> Vec<Sinusoids> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream((1 << 32) + (receive << 16) + path);
    let mut one = |i: i32| {
        let u: f64 = rng.random();
        ((TAU * (f64::from(i) + u) / 32.0).cos(), rng.random())
    };
    (0..antennas).map(|_| (0..32).map(&mut one).collect()).collect()
}

/// Links with delays of whole samples: 8 sinusoids, `α` uniform; for each antenna and each i first `α/2π`, then the phase.
fn whole_draw(seed: u64, path: u64, antennas: usize) -> Vec<Sinusoids> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(path);
    let mut one = |_: i32| {
        let arrival: f64 = rng.random();
        ((TAU * arrival).cos(), rng.random())
    };
    (0..antennas).map(|_| (0..8).map(&mut one).collect()).collect()
}
