//! Faults on purpose: exact to the sample, finite, restored by themselves, accounted for.
//!
//! A fault is prepared (checked, numbered), armed (bound to its first sample), runs for its samples, and ends by itself or is stopped. What it
//! did is kept and told: how many samples, with what energy before and after. Levels are digital: dB and dBFS of the stream, never dBm.

use super::echo::Echo;
use super::msg::At;
use crate::emulator::NoiseTable;
use num_complex::{Complex32, Complex64};
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;
use std::ops::Range;

/// Faults at once, ended ones among them.
pub const MAX_FAULTS: usize = 16;
/// Longest echo of a fault, samples.
pub const MAX_FAULT_DELAY: u32 = 4095;
/// Samples over which the phase of a tone or rotation is carried on by multiplication, before it is computed anew.
const TURN: usize = 256;

/// Which stream of a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// What it gets, after its channel.
    Downlink,
    /// What it sends, before it is added to the others'; indices are the gNB's uplink.
    Uplink,
}

/// An echo of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FaultTap {
    /// Delay, samples, 0 … 4095.
    pub delay_samples: u32,
    /// Gain, dB.
    pub gain_db: f32,
    /// Phase, degrees.
    #[serde(default)]
    pub phase_deg: f32,
}

/// What is done to the samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// Zeros.
    Blank,
    /// Multiplied by `10^(−db/20)`.
    Attenuate {
        /// Attenuation, dB ≥ 0.
        db: f32,
    },
    /// A tone of constant amplitude is added; its phase is 0 at the first sample.
    Tone {
        /// Frequency against the carrier, Hz, within ± half the sample rate.
        frequency_hz: f64,
        /// Power, dBFS ≤ 0.
        dbfs: f32,
    },
    /// White Gaussian noise is added.
    Noise {
        /// Power in the sampled bandwidth, dBFS ≤ 0.
        dbfs: f32,
    },
    /// Turned by `e^{j2πΔf k/f_s}`, k from 0 at the first sample.
    Cfo {
        /// Δf, Hz, within ± half the sample rate.
        offset_hz: f64,
    },
    /// A channel that stands still: `Σ g_i x[n − d_i]`, also of samples before the first, as far back as the fault was prepared; armed for
    /// the next slot, it waits until there are as many as its longest echo.
    Tdl {
        /// Echoes, 1 … 32.
        taps: Vec<FaultTap>,
    },
}

/// A fault as it is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultSpec {
    /// Receiver: index in `AirConfig::ues`.
    pub stream: u32,
    /// Which of its streams.
    pub direction: Direction,
    /// What.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// How many samples, ≥ 1.
    pub samples: u64,
}

/// What is to be done with faults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum FaultOrder {
    /// Checks and numbers one.
    Prepare {
        /// It.
        fault: FaultSpec,
    },
    /// Binds a prepared one to its first sample.
    Arm {
        /// Its number.
        id: u32,
        /// First sample.
        at: At,
    },
    /// Ends one now, at the next sample that is processed, and restores the stream.
    Stop {
        /// Its number.
        id: u32,
    },
    /// What became of one.
    Verify {
        /// Its number.
        id: u32,
    },
}

/// How far a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultState {
    /// Checked; touches nothing.
    Prepared,
    /// Waits for its first sample.
    Armed,
    /// Between its first and its last sample.
    Running,
    /// All its samples are done, the stream is as it was.
    Done,
    /// Stopped before its last sample; the stream is as it was.
    Stopped,
}

/// What a fault is and did: the record of truth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultStatus {
    /// Its number.
    pub id: u32,
    /// What was asked for.
    #[serde(flatten)]
    pub spec: FaultSpec,
    /// How far it is.
    pub state: FaultState,
    /// Index of its first sample; `None` before it is armed.
    pub first: Option<u64>,
    /// Samples done.
    pub done_samples: u64,
    /// Sum of |x|² of these before the fault.
    pub energy_before: f64,
    /// The same after.
    pub energy_after: f64,
    /// Samples that were missing in the stream within its span (its receiver was away).
    pub missed_samples: u64,
}

impl FaultStatus {
    /// Samples from its first to its last, as far as it went or will go.
    #[must_use]
    pub const fn span_samples(&self) -> u64 {
        match self.state {
            FaultState::Stopped => self.done_samples + self.missed_samples,
            _ => self.spec.samples,
        }
    }
}

struct Fault {
    status: FaultStatus,
    next: u64,
    echo: Option<Echo>,
}

/// The faults of a lab.
pub(super) struct Faults {
    list: Vec<Fault>,
    next_id: u32,
    rate_hz: f64,
    noise: NoiseTable,
}

impl Faults {
    pub(super) fn new(rate_hz: f64, noise: NoiseTable) -> Self {
        Self { list: Vec::with_capacity(MAX_FAULTS), next_id: 1, rate_hz, noise }
    }

    /// The number of the next fault.
    pub(super) const fn next_id(&self) -> u32 {
        self.next_id
    }

    /// Numbers on from here: those before were another process's.
    pub(super) const fn go_on(&mut self, next_id: u32) {
        self.next_id = next_id;
    }

    /// Carries out an order; `now` is the next downlink, uplink sample and `boundary` gives the next slot's start after one.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(super) fn obey(
        &mut self,
        order: &FaultOrder,
        streams: usize,
        now: (u64, u64),
        boundary: impl Fn(u64) -> u64,
    ) -> Result<FaultStatus, String> {
        match order {
            FaultOrder::Prepare { fault } => self.prepare(fault, streams),
            FaultOrder::Arm { id, at } => {
                let fault = self.find(*id)?;
                if fault.status.state != FaultState::Prepared {
                    return Err(format!("fault {id} is {:?}: only a prepared one can be armed", fault.status.state));
                }
                let next = if fault.status.spec.direction == Direction::Downlink { now.0 } else { now.1 };
                let first = match at {
                    At::NextSlot => boundary(next + fault.echo.as_ref().map_or(0, Echo::lacks)),
                    At::Sample(n) if *n >= next => *n,
                    At::Sample(n) => return Err(format!("sample {n} is past: the next one is {next}")),
                };
                fault.status.first = Some(first);
                fault.status.state = FaultState::Armed;
                fault.next = first;
                Ok(fault.status.clone())
            }
            FaultOrder::Stop { id } => {
                let fault = self.find(*id)?;
                if matches!(fault.status.state, FaultState::Prepared | FaultState::Armed | FaultState::Running) {
                    fault.status.state = FaultState::Stopped;
                }
                Ok(fault.status.clone())
            }
            FaultOrder::Verify { id } => Ok(self.find(*id)?.status.clone()),
        }
    }

    fn prepare(&mut self, spec: &FaultSpec, streams: usize) -> Result<FaultStatus, String> {
        check(spec, streams, self.rate_hz)?;
        if self.list.len() == MAX_FAULTS {
            let ended = |f: &Fault| matches!(f.status.state, FaultState::Done | FaultState::Stopped);
            let at =
                self.list.iter().position(ended).ok_or("too many faults are prepared, armed or running: stop one")?;
            self.list.remove(at);
        }
        let echo = if let FaultKind::Tdl { taps } = &spec.kind { Some(Echo::new(taps)) } else { None };
        let status = FaultStatus {
            id: self.next_id,
            spec: spec.clone(),
            state: FaultState::Prepared,
            first: None,
            done_samples: 0,
            energy_before: 0.0,
            energy_after: 0.0,
            missed_samples: 0,
        };
        self.next_id += 1;
        self.list.push(Fault { status: status.clone(), next: 0, echo });
        Ok(status)
    }

    fn find(&mut self, id: u32) -> Result<&mut Fault, String> {
        self.list.iter_mut().find(|f| f.status.id == id).ok_or_else(|| format!("there is no fault {id}"))
    }

    /// All that are known.
    pub(super) fn all(&self) -> impl Iterator<Item = &FaultStatus> {
        self.list.iter().map(|f| &f.status)
    }

    /// Whether none needs to see any sample: none is armed or running, nor are there echoes to come.
    pub(super) fn is_idle(&self) -> bool {
        !self.list.iter().any(Fault::sees)
    }

    /// Applies what is due to samples `[first, first + samples.len())` of a stream; calls `ended` with each fault that ended here.
    pub(super) fn apply(
        &mut self,
        stream: usize,
        direction: Direction,
        first: u64,
        samples: &mut [Complex32],
        mut ended: impl FnMut(&FaultStatus),
    ) {
        let (rate_hz, noise) = (self.rate_hz, &self.noise);
        let of_stream = |f: &&mut Fault| {
            f.status.spec.stream as usize == stream && f.status.spec.direction == direction && f.sees()
        };
        for fault in self.list.iter_mut().filter(of_stream) {
            fault.apply(first, samples, rate_hz, noise);
            if fault.status.state == FaultState::Done {
                ended(&fault.status);
            }
        }
    }
}

impl Fault {
    fn sees(&self) -> bool {
        match self.status.state {
            FaultState::Armed | FaultState::Running => true,
            FaultState::Prepared => self.echo.is_some(),
            FaultState::Done | FaultState::Stopped => false,
        }
    }

    fn apply(&mut self, first: u64, samples: &mut [Complex32], rate_hz: f64, noise: &NoiseTable) {
        let start = self.status.first.unwrap_or(u64::MAX);
        let until = start.saturating_add(self.status.spec.samples);
        let end = first + samples.len() as u64;
        let from = (start.clamp(first, end) - first) as usize;
        let to = (until.clamp(first, end) - first) as usize;
        if from < to {
            self.status.state = FaultState::Running;
            let at = first + from as u64;
            self.status.missed_samples += at - self.next.min(at);
            self.status.energy_before += energy(&samples[from..to]);
            self.change(at - start, samples, from..to, rate_hz, noise);
            self.status.energy_after += energy(&samples[from..to]);
            self.status.done_samples += (to - from) as u64;
            self.next = at + (to - from) as u64;
        } else if let Some(echo) = &mut self.echo {
            echo.pass(samples, 0..0);
        }
        if end >= until {
            self.status.missed_samples += until - self.next.min(until);
            self.status.state = FaultState::Done;
        }
    }

    /// Changes samples `span`; `k`: index of the first of them within the fault.
    fn change(&mut self, k: u64, samples: &mut [Complex32], span: Range<usize>, rate_hz: f64, noise: &NoiseTable) {
        if let Some(echo) = &mut self.echo {
            echo.pass(samples, span);
            return;
        }
        let span = &mut samples[span];
        match &self.status.spec.kind {
            FaultKind::Blank => span.fill(Complex32::ZERO),
            FaultKind::Attenuate { db } => {
                let gain = 10.0_f32.powf(-db / 20.0);
                span.iter_mut().for_each(|z| *z *= gain);
            }
            FaultKind::Tone { frequency_hz, dbfs } => {
                let amplitude = 10.0_f32.powf(dbfs / 20.0);
                turned(span, k, frequency_hz / rate_hz, |z, turn| *z += turn * amplitude);
            }
            FaultKind::Noise { dbfs } => {
                noise.stream(u64::from(self.status.id)).add(span, k, 10.0_f32.powf(dbfs / 20.0));
            }
            FaultKind::Cfo { offset_hz } => turned(span, k, offset_hz / rate_hz, |z, turn| *z *= turn),
            // its echo has done it
            FaultKind::Tdl { .. } => {}
        }
    }
}

/// Calls `f` with each sample and `e^{j2π·turns·k}`, k counted from `first`.
fn turned(span: &mut [Complex32], first: u64, turns: f64, f: impl Fn(&mut Complex32, Complex32)) {
    let step = Complex64::cis(TAU * turns);
    for (block, samples) in span.chunks_mut(TURN).enumerate() {
        let k = first + (block * TURN) as u64;
        let mut turn = Complex64::cis(TAU * (k as f64 * turns).fract());
        for z in samples {
            f(z, Complex32::new(turn.re as f32, turn.im as f32));
            turn *= step;
        }
    }
}

fn energy(samples: &[Complex32]) -> f64 {
    samples.chunks(64).map(|c| f64::from(c.iter().map(Complex32::norm_sqr).sum::<f32>())).sum()
}

fn check(spec: &FaultSpec, streams: usize, rate_hz: f64) -> Result<(), String> {
    if spec.stream as usize >= streams {
        return Err(format!("there is no receiver {}", spec.stream));
    }
    if spec.samples == 0 || spec.samples > crate::front_end::MAX_SAMPLE {
        return Err("a fault has at least one sample, and an end".into());
    }
    let level = |db: f32| if db.is_finite() && db <= 0.0 { Ok(()) } else { Err(format!("{db} dBFS: give at most 0")) };
    let shift = |hz: f64| {
        let half = rate_hz / 2.0;
        if hz.is_finite() && hz.abs() <= half { Ok(()) } else { Err(format!("{hz} Hz: give ± {half} at most")) }
    };
    match &spec.kind {
        FaultKind::Blank => Ok(()),
        FaultKind::Attenuate { db } if db.is_finite() && *db >= 0.0 => Ok(()),
        FaultKind::Attenuate { db } => Err(format!("attenuation of {db} dB: give at least 0")),
        FaultKind::Tone { frequency_hz, dbfs } => shift(*frequency_hz).and(level(*dbfs)),
        FaultKind::Noise { dbfs } => level(*dbfs),
        FaultKind::Cfo { offset_hz } => shift(*offset_hz),
        FaultKind::Tdl { taps } => {
            let good = |t: &FaultTap| {
                t.delay_samples <= MAX_FAULT_DELAY
                    && t.gain_db.is_finite()
                    && t.gain_db <= 0.0
                    && t.phase_deg.is_finite()
            };
            if taps.is_empty() || taps.len() > 32 || !taps.iter().all(good) {
                return Err(format!("1 to 32 taps, each of a delay up to {MAX_FAULT_DELAY} samples and a gain ≤ 0 dB"));
            }
            Ok(())
        }
    }
}

#[cfg(test)]
#[path = "fault_tests.rs"]
mod tests;
