//! The paths of a link with exact delays: delay, and channel from each antenna over time.

use super::csi_trace::CsiTrace;
use super::direction::Direction;
use super::motion::Motion;
use super::profile::DIRECT_SHIFT;
use super::sinusoids::{Bank, Wave};
use super::{EmulatorConfig, LATENCY_SAMPLES, LinkConfig, PathLoss};
use num_complex::{Complex32, Complex64};
use std::f64::consts::{PI, TAU};

/// Delay and mean amplitudes of one path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PathSpec {
    /// Delay in samples, any real number ≥ 0.
    pub delay_samples: f64,
    /// Amplitude of the direct part.
    pub direct: f64,
    /// Root-mean-square amplitude of the scattered part.
    pub scattered: f64,
}

impl PathSpec {
    /// Mean power.
    #[must_use]
    pub fn power(&self) -> f64 {
        self.direct * self.direct + self.scattered * self.scattered
    }

    /// Mean of the delays, weighted with the paths' power.
    #[must_use]
    pub fn mean_delay_samples(paths: &[Self]) -> f64 {
        let power: f64 = paths.iter().map(Self::power).sum();
        if power == 0.0 { 0.0 } else { paths.iter().map(|p| p.power() * p.delay_samples).sum::<f64>() / power }
    }

    /// How much later everything comes: [`LATENCY_SAMPLES`] where a delay is no whole number of samples, else 0.
    #[must_use]
    pub fn latency_samples(paths: &[Self]) -> usize {
        if paths.iter().all(|p| p.delay_samples == p.delay_samples.round()) { 0 } else { LATENCY_SAMPLES }
    }

    /// The paths of a link, in the order of its table; gains included.
    #[must_use]
    pub fn of(link: &LinkConfig, rate_hz: f64) -> Vec<Self> {
        let amplitude = |db: f64| 10.0_f64.powf(db / 20.0);
        let gain = amplitude(link.mean_gain_db());
        let delay = |ns: f64| (ns + link.delay_ns) * 1e-9 * rate_hz;
        if let Some(csi) = link.csi.as_ref().and_then(|p| CsiTrace::load(p).ok()) {
            let path = |(t, delay_s): (usize, &f64)| Self {
                delay_samples: delay(delay_s * 1e9),
                direct: gain * csi.amplitude(t),
                scattered: 0.0,
            };
            return csi.delays_s().iter().enumerate().map(path).collect();
        }
        if let Some(profile) = link.profile {
            let unit = gain / profile.total().sqrt();
            let direct = |i: usize| profile.direct_db().filter(|_| i == 0).map_or(0.0, |db| unit * amplitude(db));
            let path = |(i, row): (usize, &(f64, f64))| Self {
                //= TR 38.901 §7.7.3 eq. (7.7-1): τ_scaled = τ_model · DS_desired
                delay_samples: delay(row.0 * link.delay_spread_ns),
                direct: direct(i),
                scattered: unit * amplitude(row.1),
            };
            return profile.rows().iter().enumerate().map(path).collect();
        }
        let path = |(i, (delay_samples, db)): (usize, (f64, f64))| {
            let (direct, scattered) = rician_split(link.rician_k_db, i);
            let gain = gain * amplitude(db);
            Self { delay_samples, direct: gain * direct, scattered: gain * scattered }
        };
        if !link.exact_taps.is_empty() {
            return link.exact_taps.iter().map(|t| (delay(t.delay_ns), t.power_db)).enumerate().map(path).collect();
        }
        if !link.taps.is_empty() {
            let whole = |t: &super::TapConfig| (f64::from(t.delay_samples) + delay(0.0), f64::from(t.power_db));
            return link.taps.iter().map(whole).enumerate().map(path).collect();
        }
        vec![path((0, (delay(0.0), 0.0)))]
    }
}

/// Shares of the amplitude of tap `index` in the direct and the scattered paths: only the first tap has a direct path.
#[must_use]
pub fn rician_split(k_db: Option<f32>, index: usize) -> (f64, f64) {
    match (index, k_db) {
        (0, None) => (1.0, 0.0),
        (0, Some(k_db)) => {
            let k = 10.0_f64.powf(f64::from(k_db) / 10.0);
            ((k / (k + 1.0)).sqrt(), (1.0 / (k + 1.0)).sqrt())
        }
        _ => (0.0, 1.0),
    }
}

/// Which draw a channel belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// From the antennas to the receiver.
    Downlink,
    /// From the UE to the antennas: another carrier, so another draw of the same statistics.
    Uplink,
}

/// Seed of the scattered paths of a link.
#[must_use]
pub fn seed_of(link: &LinkConfig, emulator: &EmulatorConfig, stream: usize, side: Side) -> u64 {
    let own = link.receive_group.map_or(stream as u64, |g| (1 << 32) + u64::from(g));
    let side = if side == Side::Uplink { 1 << 40 } else { 0 };
    emulator.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(own + side)
}

/// Row `i` of the lower triangular root of the matrix `ρ^|i−j|`.
#[must_use]
pub fn correlation_row(rho: f64, i: usize) -> Vec<f64> {
    let power = |n: usize| rho.powi(i32::try_from(n).unwrap_or(i32::MAX));
    (0..=i).map(|j| if j == 0 { power(i) } else { power(i - j) * (1.0 - rho * rho).sqrt() }).collect()
}

/// The scattered parts that a receive antenna is made of: `(number, share)`.
#[must_use]
pub fn receive_shares(link: &LinkConfig) -> Vec<(u64, f64)> {
    let r = link.receive_antenna as usize;
    if link.receive_correlation == 0.0 {
        return vec![(r as u64, 1.0)];
    }
    correlation_row(link.receive_correlation, r).into_iter().enumerate().map(|(q, a)| (q as u64, a)).collect()
}

/// All paths of one link: `h_{t,m}(n) = d_t·e^{jπm·sin θ}·e^{j2πf_s n/f} + s_t·Σ_m' L_{m,m'} Σ_q R_q·wave_{q,t,m'}(n)`;
/// with positions, sin θ and the direct path's phase are theirs, and all is multiplied with the amplitude of the path loss.
#[derive(Debug)]
pub struct Paths {
    specs: Vec<PathSpec>,
    antennas: usize,
    rate_hz: f64,
    direction: Direction,
    /// Shift of the direct part, Hz.
    direct_hz: f64,
    doppler_hz: f64,
    motion: Option<Motion>,
    /// Taps of a file, and the link's amplitude.
    csi: Option<(CsiTrace, f64)>,
    loss: Option<PathLoss>,
    receive: Vec<f64>,
    array: Vec<Vec<f64>>,
    /// Neither antennas nor receive antennas are correlated.
    plain: bool,
    /// Waves: receive shares × paths × antennas.
    waves: Vec<Wave>,
    bank: Bank,
    sums: Vec<Complex32>,
    update: u64,
    moves: bool,
    interval: u64,
    /// The first and the last step whose channel is kept.
    kept: Option<(u64, u64)>,
    /// The channel at each step that is kept, step `s` at `s` modulo their number; paths × antennas.
    steps: Vec<Vec<Complex32>>,
}

impl Paths {
    /// Draws the paths of a link.
    #[must_use]
    pub fn new(link: &LinkConfig, emulator: &EmulatorConfig, seed: u64, antennas: usize, rate_hz: f64) -> Self {
        let specs = PathSpec::of(link, rate_hz);
        let shares = receive_shares(link);
        let scatters = specs.iter().any(|p| p.scattered > 0.0);
        let waves: Vec<Wave> = shares
            .iter()
            .filter(|_| scatters)
            .flat_map(|(q, _)| (0..specs.len() as u64).flat_map(move |t| Wave::draw(seed, *q, t, antennas)))
            .collect();
        let direction = Direction::new(link);
        let direct_hz = if link.profile.is_some() { DIRECT_SHIFT * link.doppler_hz } else { 0.0 };
        let motion = link.trace.as_ref().and_then(|trace| match Motion::load(trace) {
            Ok(motion) => Some(motion),
            Err(error) => {
                tracing::warn!(%error, "a receiver stands still");
                None
            }
        });
        let csi = link.csi.as_ref().and_then(|path| match CsiTrace::load(path) {
            Ok(csi) => Some((csi, 10.0_f64.powf(link.mean_gain_db() / 20.0))),
            Err(error) => {
                tracing::warn!(%error, "a link without its channel state");
                None
            }
        });
        let shift_hz = csi.as_ref().map_or(0.0, |(csi, _)| csi.largest_shift_hz());
        let fastest_hz = motion.as_ref().map_or(0.0, Motion::largest_shift_hz).max(link.doppler_hz.abs()).max(shift_hz);
        let moves_direct = (direction.moves() || direct_hz != 0.0) && specs.iter().any(|p| p.direct > 0.0);
        let update = emulator.update_for(fastest_hz, rate_hz);
        let steps = vec![vec![Complex32::ZERO; specs.len() * antennas]; 2];
        let mut paths = Self {
            bank: Bank::new(waves.clone(), link.doppler_hz * update as f64 / rate_hz),
            sums: vec![Complex32::ZERO; waves.len()],
            moves: csi.as_ref().is_some_and(|(csi, _)| csi.moves())
                || moves_direct
                || motion.is_some()
                || (scatters && link.doppler_hz != 0.0),
            plain: shares.len() == 1 && link.array_correlation == 0.0,
            receive: shares.iter().map(|s| s.1).collect(),
            array: (0..antennas).map(|m| correlation_row(link.array_correlation, m)).collect(),
            doppler_hz: link.doppler_hz,
            motion,
            csi,
            loss: link.path_loss,
            interval: 0,
            kept: None,
            steps,
            specs,
            antennas,
            rate_hz,
            direction,
            direct_hz,
            waves,
            update,
        };
        paths.update(0);
        paths
    }

    /// Their delays and powers.
    #[must_use]
    pub fn specs(&self) -> &[PathSpec] {
        &self.specs
    }

    /// Whether anything changes with time.
    #[must_use]
    pub const fn moves(&self) -> bool {
        self.moves
    }

    /// Samples from one exact value to the next.
    #[must_use]
    pub const fn update_samples(&self) -> u64 {
        self.update
    }

    /// Keeps the channel of so many samples, so that [`Paths::update`] may go back by them without computing anything anew.
    pub fn keep(&mut self, samples: u64) {
        let count = if self.moves { 2 + samples.div_ceil(self.update) as usize } else { 2 };
        let zero = vec![Complex32::ZERO; self.specs.len() * self.antennas];
        self.steps.resize(count, zero);
        self.kept = None;
        self.update(0);
    }

    /// The channel at the start of the current interval, paths × antennas.
    #[must_use]
    pub fn h0(&self) -> &[Complex32] {
        &self.steps[self.place(self.interval)]
    }

    /// The channel at its end.
    #[must_use]
    pub fn h1(&self) -> &[Complex32] {
        &self.steps[self.place(self.interval + 1)]
    }

    const fn place(&self, step: u64) -> usize {
        (step % self.steps.len() as u64) as usize
    }

    /// Goes to an update interval. A channel that does not move has one only.
    pub fn update(&mut self, interval: u64) {
        if !self.moves {
            if self.kept.is_none() {
                self.step(0);
                let (first, others) = self.steps.split_at_mut(1);
                others.iter_mut().for_each(|h| h.copy_from_slice(&first[0]));
                self.kept = Some((0, 1));
            }
            return;
        }
        self.interval = interval;
        let count = self.steps.len() as u64;
        let (mut first, mut last) = match self.kept {
            Some((first, last)) if first <= interval && interval <= last + count => (first, last),
            _ => {
                self.step(interval);
                (interval, interval)
            }
        };
        while last <= interval {
            last += 1;
            self.step(last);
            first = first.max((last + 1).saturating_sub(count));
        }
        self.kept = Some((first, last));
    }

    /// Writes the channel at the start of an interval to its place.
    fn step(&mut self, interval: u64) {
        let sample = interval.wrapping_mul(self.update);
        let place = self.place(interval);
        if let Some((csi, gain)) = &self.csi {
            for (i, h) in self.steps[place].iter_mut().enumerate() {
                *h = traced(csi, *gain, sample as f64 / self.rate_hz, i / self.antennas, i % self.antennas);
            }
            return;
        }
        self.bank.at(interval, &mut self.sums);
        let Now { sine, phase_turns, factor } = self.now(sample);
        let m_all = self.antennas;
        let per_receive = self.specs.len() * m_all;
        for (t, spec) in self.specs.iter().enumerate() {
            for m in 0..m_all {
                let mut z = Complex32::ZERO;
                if self.plain && spec.scattered > 0.0 {
                    z = self.sums[t * m_all + m] * spec.scattered as f32;
                } else if spec.scattered > 0.0 {
                    for (q, share) in self.receive.iter().enumerate() {
                        let from = q * per_receive + t * m_all;
                        for (row, wave) in self.array[m].iter().zip(&self.sums[from..from + m_all]) {
                            z += wave * (row * share * spec.scattered) as f32;
                        }
                    }
                }
                if spec.direct > 0.0 {
                    let d = direct_part(spec.direct, sine, phase_turns, m);
                    z += Complex32::new(d.re as f32, d.im as f32);
                }
                self.steps[place][t * m_all + m] = z * factor as f32;
            }
        }
    }

    /// What a sample's time makes of the direct path and the gain.
    fn now(&self, sample: u64) -> Now {
        let t_s = sample as f64 / self.rate_hz;
        let phase_turns = (self.direct_hz * t_s).fract();
        match &self.motion {
            Some(motion) => {
                let place = motion.at(t_s);
                let factor = motion.amplitude(&place, self.loss);
                // the movement's own shift takes the place of 0.7 f_D
                Now { sine: place.sine, phase_turns: place.phase_turns, factor }
            }
            None => Now { sine: self.direction.at(t_s).to_radians().sin(), phase_turns, factor: 1.0 },
        }
    }

    /// The channel at any sample, exactly: paths × antennas.
    ///
    /// # Shapes
    /// `h`: `paths·antennas` values.
    pub fn truth(&self, sample: u64, h: &mut [Complex32]) {
        if let Some((csi, gain)) = &self.csi {
            for (i, h) in h.iter_mut().enumerate().take(self.specs.len() * self.antennas) {
                *h = traced(csi, *gain, sample as f64 / self.rate_hz, i / self.antennas, i % self.antennas);
            }
            return;
        }
        let turns = self.doppler_hz * (sample as f64 / self.rate_hz);
        let Now { sine, phase_turns, factor } = self.now(sample);
        let m_all = self.antennas;
        let per_receive = self.specs.len() * m_all;
        for (t, spec) in self.specs.iter().enumerate() {
            for m in 0..m_all {
                let mut z = direct_part(spec.direct, sine, phase_turns, m);
                if spec.scattered > 0.0 {
                    for (q, share) in self.receive.iter().enumerate() {
                        let from = q * per_receive + t * m_all;
                        for (row, wave) in self.array[m].iter().zip(&self.waves[from..from + m_all]) {
                            if *row != 0.0 {
                                z += wave.at(turns) * (row * share * spec.scattered);
                            }
                        }
                    }
                }
                z *= factor;
                if let Some(to) = h.get_mut(t * m_all + m) {
                    *to = Complex32::new(z.re as f32, z.im as f32);
                }
            }
        }
    }
}

/// Sine of the direct path's angle, its phase, and what is multiplied with every path.
struct Now {
    sine: f64,
    phase_turns: f64,
    factor: f64,
}

fn traced(csi: &CsiTrace, gain: f64, t_s: f64, path: usize, antenna: usize) -> Complex32 {
    let h = csi.at(t_s, path, antenna) * gain;
    Complex32::new(h.re as f32, h.im as f32)
}

fn direct_part(amplitude: f64, sine: f64, phase_turns: f64, m: usize) -> Complex64 {
    Complex64::cis(PI * m as f64 * sine + TAU * phase_turns) * amplitude
}
