//! The link to one receiver: applies a plan of the front end and the channel to the ports' samples.

use super::dispersive::Dispersive;
use super::offset::Offset;
use super::paths::{Paths, Side, seed_of};
use super::whole::WholeTaps;
use super::{EmulatorConfig, LinkConfig, NoiseTable};
use crate::front_end::Plan;
use num_complex::Complex32;

enum Kind {
    /// Delays of whole samples.
    Whole(WholeTaps),
    /// Exact delays.
    Exact(Box<Dispersive>),
}

impl Kind {
    fn process(&mut self, plan: &Plan, x: &[&[Complex32]], y: &mut [Complex32]) {
        match self {
            Self::Whole(taps) => taps.process(plan, x, y),
            Self::Exact(link) => link.process(plan, x, y),
        }
    }
}

/// The link to one receiver, with noise.
///
/// # Input
/// A [`Plan`] (weights M×P as straight lines) and the ports' samples for its range.
/// # Output
/// As many samples as the plan has, at the receiver.
/// # Units
/// Full scale 1; noise in dBFS of the whole sampled bandwidth.
/// # What it does
/// With delays of whole samples: `y[n] = e^{j2πΔf n/f_s} Σ_t Σ_p u_{t,p}[n−d_t] + noise[n]`, where
/// `u_{t,p}[i] = Σ_m h_{t,m}(i)·w_{m,p}(i)·x_p[i]`: weights and channel count at the time of transmission, the receiver's
/// frequency offset at the time of arrival. With exact delays ([`LinkConfig::has_exact_delays`]):
/// `y[n] = e^{j2πΔf n/f_s} Σ_t Σ_p Σ_k s(k−τ_t)·u_{t,p}[n−L−k] + noise[n]` with `s` = [`super::fractional_delay`] and
/// `L` = [`super::PathSpec::latency_samples`].
///
/// `h` is exact at the multiples of [`EmulatorConfig::update_for`] samples with straight lines between. Artificial noise is among the
/// inputs `x_p`, with weights of its own. [`super::reference`] computes the same from the formulae, slowly.
/// # Errors
/// None: sizes are fixed at construction, missing ports count as zero.
pub struct ReceiverChannel {
    antennas: usize,
    kind: Kind,
    offset: Offset,
    sigma: f32,
    noise: NoiseTable,
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
        let seed = seed_of(link, emulator, stream, Side::Downlink);
        let exact = link.has_exact_delays();
        let kind = if exact {
            let paths = Paths::new(link, emulator, seed, antennas, rate_hz);
            Kind::Exact(Box::new(Dispersive::new(paths, (antennas, ports))))
        } else {
            Kind::Whole(WholeTaps::new(link, emulator, seed, (antennas, ports), rate_hz, max_len))
        };
        Self {
            antennas,
            kind,
            offset: Offset::new(link.cfo_hz, rate_hz),
            sigma: link.noise_dbfs.map_or(0.0, |db| 10.0_f32.powf(db / 20.0)),
            noise: noise.stream(stream as u64),
            work: vec![Complex32::ZERO; if link.cfo_hz == 0.0 { 0 } else { max_len }],
        }
    }

    /// The true channel at a sample: taps × antennas, row-major.
    ///
    /// # Shapes
    /// `h`: `taps·antennas` values; see [`ReceiverChannel::truth_len`].
    pub fn truth(&self, sample: u64, h: &mut [Complex32]) {
        match &self.kind {
            Kind::Whole(taps) => taps.truth(sample, h),
            Kind::Exact(link) => link.paths().truth(sample, h),
        }
    }

    /// Values of a truth: taps × antennas.
    #[must_use]
    pub fn truth_len(&self) -> usize {
        self.antennas
            * match &self.kind {
                Kind::Whole(taps) => taps.len(),
                Kind::Exact(link) => link.paths().specs().len(),
            }
    }

    /// Forgets the echoes, for a receiver that begins anew.
    pub fn restart(&mut self) {
        match &mut self.kind {
            Kind::Whole(taps) => taps.restart(),
            Kind::Exact(link) => link.restart(),
        }
    }

    /// Computes what the receiver gets.
    ///
    /// # Shapes
    /// `x`: one slice a port, each of `plan.len` samples; `y`: `plan.len` samples, overwritten.
    pub fn process(&mut self, plan: &Plan, x: &[&[Complex32]], y: &mut [Complex32]) {
        if self.offset.is_none() {
            self.kind.process(plan, x, y);
        } else {
            // the receiver's oscillator turns what arrives
            let work = &mut self.work[..plan.len];
            self.kind.process(plan, x, work);
            self.offset.turn(plan.start, work, y);
        }
        self.add_noise(plan, y);
    }

    fn add_noise(&self, plan: &Plan, y: &mut [Complex32]) {
        if self.sigma > 0.0 {
            self.noise.add(&mut y[..plan.len], plan.start, self.sigma);
        }
    }
}
