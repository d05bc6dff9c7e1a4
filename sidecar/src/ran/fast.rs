//! What the fast loop knows and decides: scalar soundings in, one weight vector out. Pure; no clock, no socket.

use super::beam::max_min;
use super::track::{ChannelTracker, dft_columns};
use num_complex::Complex32;
use std::f64::consts::TAU;

/// A receiver whose SSB was not heard for this long of radio time is silent, s: its SNR, offset and channel are no longer observed. 50 SSB
/// periods of the demo cell; [`FastConfig::silent_s`] where SSBs are further apart.
pub const SNR_SILENT_S: f64 = 0.5;

/// Settings of the fast loop.
#[derive(Debug, Clone, PartialEq)]
pub struct FastConfig {
    /// Antennas of `air`.
    pub antennas: usize,
    /// Receivers to serve.
    pub served: Vec<u32>,
    /// Receiver of the eavesdropper, where one is monitored.
    pub eavesdropper: Option<u32>,
    /// Part of the eavesdropper's direction that is taken out of the beam, 0…1, where it costs the worst UE little.
    pub null_part: f32,
    /// How fast channels move: variance gained a second relative to power.
    pub drift_per_s: f32,
    /// A channel that was not sounded for this long is not used, s.
    pub fresh_s: f64,
    /// A receiver without an SSB for this long of radio time is silent, s.
    pub silent_s: f64,
}

impl FastConfig {
    /// Settings for an array and its receivers.
    #[must_use]
    pub fn new(antennas: usize, served: Vec<u32>, eavesdropper: Option<u32>) -> Self {
        Self { antennas, served, eavesdropper, null_part: 0.7, drift_per_s: 4.0, fresh_s: 0.2, silent_s: SNR_SILENT_S }
    }
}

/// What was on air when a sounding was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InForce {
    /// The wide beam.
    Wide,
    /// A column of the sounding unitary.
    Column(u16),
    /// The beam that the loop commanded.
    Beam,
}

/// A scalar sounding of one receiver.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scalar {
    /// Receiver.
    pub stream: u32,
    /// Channel through what was in force, mean over the subcarriers, delay taken out.
    pub y: Complex32,
    /// Mean power of the channel over the subcarriers (larger than |y|² where it is selective).
    pub power: f32,
    /// Noise variance of one resource element.
    pub noise_re: f32,
    /// Resource elements in the mean.
    pub elements: usize,
    /// Radio time, s.
    pub at_s: f64,
}

#[derive(Debug, Clone)]
struct Receiver {
    stream: u32,
    tracker: ChannelTracker,
    cfo_hz: Option<f64>,
    phase_turns: f64,
    phase_at_s: f64,
    last_ssb: Option<(f64, Complex32)>,
    ssbs: u32,
    cross: Complex32,
    model_power: f32,
    noise_re: f32,
    ssb_snr: Option<(f32, f64)>,
    beam_snr: Option<(f32, f64)>,
}

/// The fast loop.
#[derive(Debug, Clone)]
pub struct FastLoop {
    config: FastConfig,
    receivers: Vec<Receiver>,
    columns: Vec<Vec<Complex32>>,
    wide: Vec<Complex32>,
    beam: Vec<Complex32>,
    now_s: f64,
}

/// One antenna alone: as wide as the element itself.
#[must_use]
pub fn wide_beam(antennas: usize) -> Vec<Complex32> {
    let mut w = vec![Complex32::ZERO; antennas];
    if let Some(first) = w.first_mut() {
        *first = Complex32::ONE;
    }
    w
}

impl FastLoop {
    /// A loop that knows nothing yet.
    #[must_use]
    pub fn new(config: FastConfig) -> Self {
        let m = config.antennas;
        let receivers =
            config.served.iter().copied().chain(config.eavesdropper).map(|s| Receiver::new(s, m, config.drift_per_s));
        Self {
            receivers: receivers.collect(),
            columns: dft_columns(m),
            wide: wide_beam(m),
            beam: wide_beam(m),
            now_s: 0.0,
            config,
        }
    }

    /// The sounding unitary, row-major `[antennas × columns]`, as the plan of `air` takes it.
    #[must_use]
    pub fn unitary(&self) -> Vec<Complex32> {
        let m = self.config.antennas;
        (0..m * m).map(|k| self.columns[k % m][k / m]).collect()
    }

    /// The wide beam.
    #[must_use]
    pub fn wide(&self) -> &[Complex32] {
        &self.wide
    }

    /// Radio time is `now_s`, whether anything is heard or not: what is silent grows old by it.
    pub fn advance(&mut self, now_s: f64) {
        if now_s.is_finite() {
            self.now_s = self.now_s.max(now_s);
        }
    }

    /// An SSB: always through the wide beam, with a coarse frequency offset where the receiver gave one.
    pub fn ssb(&mut self, scalar: &Scalar, cfo_hz: Option<f64>) -> bool {
        self.now_s = self.now_s.max(scalar.at_s);
        let Some(r) = self.receivers.iter_mut().find(|r| r.stream == scalar.stream) else { return false };
        r.ssb_snr = blend(r.ssb_snr, scalar, self.config.silent_s);
        r.ssb(scalar, cfo_hz, &self.wide)
    }

    /// A CSI-RS through whatever was in force. Where no SSB was heard lately it is noise, for all that its estimate tells, and is left out.
    pub fn csi_rs(&mut self, scalar: &Scalar, in_force: InForce) -> bool {
        self.now_s = self.now_s.max(scalar.at_s);
        if !self.present(scalar.stream) {
            return false;
        }
        let Some(r) = self.receivers.iter_mut().find(|r| r.stream == scalar.stream) else { return false };
        let silent_s = self.config.silent_s;
        let w = match in_force {
            InForce::Wide => &self.wide,
            InForce::Column(c) => match self.columns.get(usize::from(c)) {
                Some(w) => w,
                None => return false,
            },
            // the power is taken from it; the weights it went through may have changed meanwhile, so no channel is
            InForce::Beam => {
                r.beam_snr = blend(r.beam_snr, scalar, silent_s);
                return true;
            }
        };
        let y = r.turn_back(scalar.y, scalar.at_s);
        r.noise_re = scalar.noise_re;
        r.tracker.push(w, y, scalar.noise_re / scalar.elements.max(1) as f32, scalar.at_s)
    }

    /// The weights for now: the best worst UE, with less toward the eavesdropper. `None` before every served UE's channel is known.
    pub fn weights(&mut self) -> Option<&[Complex32]> {
        let (mut h, mut noise) = (Vec::with_capacity(8), Vec::with_capacity(8));
        for stream in &self.config.served {
            let r = self.receivers.iter().find(|r| r.stream == *stream)?;
            // a UE that went silent is no longer served; the others are
            if let Some(channel) = r.tracker.channel().filter(|_| self.fresh(r)) {
                h.push(channel.to_vec());
                noise.push(r.noise_re.max(1e-12));
            } else if r.tracker.channel().is_none() && r.ssbs > 0 {
                return None;
            }
        }
        if h.is_empty() {
            return None;
        }
        let eve = self.config.eavesdropper.and_then(|e| self.receivers.iter().find(|r| r.stream == e));
        let avoid = eve.filter(|r| self.fresh(r)).and_then(|r| r.tracker.channel());
        let avoid = avoid.map(|a| (a, self.config.null_part));
        self.beam = max_min(&h, &noise, Some(&self.beam), avoid);
        Some(&self.beam)
    }

    fn receiver(&self, stream: u32) -> Option<&Receiver> {
        self.receivers.iter().find(|r| r.stream == stream)
    }

    fn heard(&self, at_s: f64) -> bool {
        self.now_s - at_s <= self.config.silent_s
    }

    /// Whether an SSB of a receiver was heard within [`FastConfig::silent_s`].
    #[must_use]
    pub fn present(&self, stream: u32) -> bool {
        self.receiver(stream).is_some_and(|r| r.last_ssb.is_some_and(|(at_s, _)| self.heard(at_s)))
    }

    /// SNR of a receiver's SSB, linear; `None` once it is silent for [`FastConfig::silent_s`].
    #[must_use]
    pub fn ssb_snr(&self, stream: u32) -> Option<f32> {
        self.receiver(stream)?.ssb_snr.filter(|(_, at_s)| self.heard(*at_s)).map(|(snr, _)| snr)
    }

    /// SNR of a receiver through the beam in force, linear; `None` once it or its SSB is silent for [`FastConfig::silent_s`].
    #[must_use]
    pub fn beam_snr(&self, stream: u32) -> Option<f32> {
        if !self.present(stream) {
            return None;
        }
        self.receiver(stream)?.beam_snr.filter(|(_, at_s)| self.heard(*at_s)).map(|(snr, _)| snr)
    }

    /// Frequency offset of a receiver, Hz; `None` once it is silent for [`FastConfig::silent_s`].
    #[must_use]
    pub fn cfo_hz(&self, stream: u32) -> Option<f64> {
        self.receiver(stream)?.cfo_hz.filter(|_| self.present(stream))
    }

    /// Whether a receiver was heard once and is silent now.
    #[must_use]
    pub fn silent(&self, stream: u32) -> bool {
        self.receiver(stream).is_some_and(|r| r.last_ssb.is_some_and(|(at_s, _)| !self.heard(at_s)))
    }

    /// Whether a receiver's M-antenna channel is known, not older than [`FastConfig::fresh_s`], and its SSB is heard.
    #[must_use]
    pub fn tracked(&self, stream: u32) -> bool {
        self.channel(stream).is_some()
    }

    /// The channel of a receiver as now believed; `None` where it was not sounded for [`FastConfig::fresh_s`], or its SSB is silent.
    ///
    /// # Shapes
    /// `[antennas]`.
    #[must_use]
    pub fn channel(&self, stream: u32) -> Option<&[Complex32]> {
        let r = self.receiver(stream)?;
        r.tracker.channel().filter(|_| self.fresh(r))
    }

    fn fresh(&self, r: &Receiver) -> bool {
        self.present(r.stream) && r.tracker.at_s().is_some_and(|t| self.now_s - t <= self.config.fresh_s)
    }

    /// Forgets every channel, as after a loss of the cell.
    pub fn reset(&mut self) {
        *self = Self::new(self.config.clone());
    }
}

impl Scalar {
    /// Power over noise of one resource element, linear.
    #[must_use]
    pub fn snr(&self) -> f32 {
        self.power / self.noise_re.max(1e-12)
    }
}

impl Receiver {
    fn new(stream: u32, antennas: usize, drift_per_s: f32) -> Self {
        Self {
            stream,
            tracker: ChannelTracker::new(antennas, drift_per_s),
            cfo_hz: None,
            phase_turns: 0.0,
            phase_at_s: 0.0,
            last_ssb: None,
            ssbs: 0,
            cross: Complex32::ZERO,
            model_power: 0.0,
            noise_re: 0.0,
            ssb_snr: None,
            beam_snr: None,
        }
    }

    fn ssb(&mut self, s: &Scalar, cfo_hz: Option<f64>, wide: &[Complex32]) -> bool {
        self.ssbs = self.ssbs.saturating_add(1);
        if let Some(coarse) = cfo_hz.filter(|c| c.is_finite()) {
            // the first ones settle the coarse value, later ones only catch jumps that the phase cannot show
            let now = self.cfo_hz.unwrap_or(coarse);
            let gain = if self.ssbs < 10 {
                1.0 / f64::from(self.ssbs)
            } else if (coarse - now).abs() > 200.0 {
                0.3
            } else {
                0.0
            };
            self.cfo_hz = Some(now + gain * (coarse - now));
        }
        let y = self.turn_back(s.y, s.at_s);
        if let Some((at, before)) = self.last_ssb.filter(|_| self.ssbs >= 10) {
            let dt = s.at_s - at;
            if dt > 0.0 && dt < 0.1 {
                let turns = f64::from((y * before.conj()).arg()) / TAU;
                self.cfo_hz = self.cfo_hz.map(|c| c + 0.1 * turns / dt);
            }
        }
        self.last_ssb = Some((s.at_s, y));
        // SSB and CSI-RS differ by a constant: power offset and the phase of their symbols. It is learned, not assumed.
        if self.tracker.channel().is_some() {
            let model = self.tracker.through(wide);
            self.cross = self.cross * 0.95 + y * model.conj() * 0.05;
            self.model_power = self.model_power.mul_add(0.95, 0.05 * model.norm_sqr());
            if self.model_power > 0.0 && self.ssbs > 40 {
                let constant = self.cross / self.model_power;
                let size = constant.norm_sqr();
                if size > 1e-6 {
                    // the constant is known to some per cent only: that is noise too
                    let noise = s.noise_re / s.elements.max(1) as f32 / size + 0.02 * y.norm_sqr() / size;
                    return self.tracker.push(wide, y / constant, noise, s.at_s);
                }
            }
        }
        true
    }

    /// Takes the turn of the carrier offset out, continuously also when the offset is corrected.
    fn turn_back(&mut self, y: Complex32, at_s: f64) -> Complex32 {
        let cfo = self.cfo_hz.unwrap_or(0.0);
        self.phase_turns = (self.phase_turns + cfo * (at_s - self.phase_at_s)).fract();
        self.phase_at_s = at_s;
        let (im, re) = (-TAU * self.phase_turns).sin_cos();
        y * Complex32::new(re as f32, im as f32)
    }
}

/// A running SNR and when it was heard last; it begins anew after a silence.
fn blend(old: Option<(f32, f64)>, s: &Scalar, silent_s: f64) -> Option<(f32, f64)> {
    let new = s.snr();
    if !new.is_finite() {
        return old;
    }
    let old = old.filter(|(_, at_s)| s.at_s - at_s <= silent_s);
    Some((old.map_or(new, |(o, _)| 0.7f32.mul_add(o, 0.3 * new)), s.at_s))
}

#[cfg(test)]
mod tests;
