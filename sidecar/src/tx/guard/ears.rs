//! The ears: the receiver, which feeds the dead-man as long as samples come and none of any channel is too large, and whose first channel is
//! listened to before jamming.

use super::core::Shared;
use super::tap::Tap;
use crate::relay::Offset;
use crate::tx::lane::Piece;
use crate::tx::messages::Heard;
use governor::{Band, Feeder, Stop};
use num_complex::Complex32;
use ran_bridge::nr::{Cell, NrError, SearchConfig, search};
use ran_bridge::radio::{Block, Receive};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Samples of one look, s: two of the periods in which a cell shows itself, TS 38.213 §4.1.
const LOOK_S: f64 = 0.042;
/// Longest wait for them.
const PATIENCE: u32 = 400;
/// Samples read at once, s.
const BLOCK_S: f64 = 1e-3;
/// The same while somebody relays what is received, in whole packets: what a sample waits here comes off the time that is left for its answer.
const SHORT_BLOCK_S: f64 = 125e-6;

/// What the first channel received last.
struct Ring {
    /// The last [`LOOK_S`], oldest first from `at` on.
    samples: Vec<Complex32>,
    at: usize,
    /// Received without a gap, up to the ring's length.
    whole: usize,
}

/// How far the host's clock is ahead of the radio's, by when received samples came: with what their way takes at least.
#[derive(Default)]
pub(super) struct Ahead(Mutex<Offset>);

impl Ahead {
    fn note(&self, end_ns: i64, host_ns: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).note(end_ns, host_ns);
    }

    /// ns; `None` before the first block.
    pub(super) fn ns(&self) -> Option<i64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).ahead_ns()
    }
}

/// For who wants to listen.
#[derive(Clone)]
pub(super) struct Ears {
    ring: Arc<Mutex<Ring>>,
    /// The radio's time at the last block's first sample, ns.
    heard_ns: Arc<Mutex<Option<i64>>>,
    /// Who hears what comes.
    tap: Arc<Mutex<Option<Arc<Tap>>>>,
    rate_hz: f64,
    frequency_hz: f64,
}

impl Ears {
    pub(super) fn new(rate_hz: f64, frequency_hz: f64) -> Self {
        let samples = vec![Complex32::ZERO; (LOOK_S * rate_hz) as usize];
        let ring = Arc::new(Mutex::new(Ring { samples, at: 0, whole: 0 }));
        Self { ring, heard_ns: Arc::default(), tap: Arc::default(), rate_hz, frequency_hz }
    }

    /// The radio's time at some received sample, ns; `None` = there was none yet.
    pub(super) fn heard_ns(&self) -> Option<i64> {
        *self.heard_ns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on what comes goes here, too, and nowhere else.
    pub(super) fn tap(&self, tap: Option<Arc<Tap>>) {
        *self.tap.lock().unwrap_or_else(PoisonError::into_inner) = tap;
    }

    /// Whether it is tuned to the middle of this band.
    pub(super) fn hears(&self, band: Band) -> bool {
        (f64::midpoint(band.low_hz, band.high_hz) - self.frequency_hz).abs() < 1.0
    }

    /// Receives until `end`, or until the radio is gone.
    pub(super) fn run(&self, mut rx: Box<dyn Receive>, shared: &Shared, overload: f32, end: &AtomicBool) {
        let len = ((BLOCK_S * self.rate_hz) as usize).max(1);
        let mut block = vec![vec![Complex32::ZERO; len]; rx.channels()];
        let packet = rx.packet();
        let short = (((SHORT_BLOCK_S * self.rate_hz) as usize / packet).max(1) * packet).clamp(1, len);
        let mut is_spared = false;
        while !end.load(SeqCst) {
            let is_alone = shared.listeners.is_empty();
            let len = if is_alone { len } else { short };
            let mut slices: Vec<&mut [Complex32]> = block.iter_mut().map(|b| &mut b[..len]).collect();
            match rx.read(&mut slices) {
                Ok(None) => {}
                Ok(Some(got)) => {
                    let heard: Vec<&[Complex32]> = block.iter().map(|b| &b[..got.len.min(len)]).collect();
                    if self.hear(&heard, got.lost, shared, overload) && !is_spared {
                        is_spared = spare(rx.as_mut(), shared);
                    }
                    self.hand_over(&heard, got.time_ns);
                    let end_ns = got.time_ns + (got.len as f64 / self.rate_hz * 1e9) as i64;
                    shared.ahead.note(end_ns, shared.now_ns());
                    if !is_alone {
                        let (channels, samples) = (heard.len(), heard.concat());
                        let Block { first, time_ns, lost, .. } = got;
                        shared.listeners.tell(&Piece { first, time_ns, lost, channels, samples });
                    }
                }
                Err(error) => {
                    shared.core().stop(Stop::DeviceError);
                    tracing::error!(%error, "the receiver");
                    return;
                }
            }
        }
    }

    fn hand_over(&self, channels: &[&[Complex32]], time_ns: i64) {
        *self.heard_ns.lock().unwrap_or_else(PoisonError::into_inner) = Some(time_ns);
        let tap = self.tap.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(tap) = tap
            && let Some(block) = channels.get(tap.channel)
        {
            tap.hear(block, time_ns);
        }
    }

    /// `channels`: one slice each. True where it is too much.
    fn hear(&self, channels: &[&[Complex32]], lost: u64, shared: &Shared, overload: f32) -> bool {
        let peak = channels.iter().copied().flatten().map(|z| z.norm_sqr()).fold(0.0, f32::max).sqrt();
        let block = channels.first().copied().unwrap_or_default();
        {
            let mut core = shared.core();
            core.reception.samples += block.len() as u64;
            core.reception.lost += lost;
            core.reception.peak_dbfs = (peak > 0.0).then(|| 20.0 * peak.log10());
            if peak > overload {
                core.stop(Stop::Overload);
            } else {
                core.governor.feed(Feeder::Monitor, shared.now_ns());
            }
        }
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let (len, at) = (ring.samples.len(), ring.at);
        let block = &block[block.len().saturating_sub(len)..];
        let first = block.len().min(len - at);
        ring.samples[at..at + first].copy_from_slice(&block[..first]);
        ring.samples[..block.len() - first].copy_from_slice(&block[first..]);
        ring.at = (at + block.len()) % len;
        ring.whole = if lost > 0 { block.len() } else { (ring.whole + block.len()).min(len) };
        peak > overload
    }

    /// Listens to what comes from now on and looks for cells. `None`: not enough came without a gap.
    pub(super) fn listen(&self) -> Option<Result<Heard, NrError>> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner).whole = 0;
        for _ in 0..PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
            let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
            if ring.whole == ring.samples.len() {
                let samples = [&ring.samples[ring.at..], &ring.samples[..ring.at]].concat();
                drop(ring);
                let for_ms = samples.len() as f64 / self.rate_hz * 1e3;
                return Some(self.cells(&samples).map(|cells| Heard { cells, for_ms }));
            }
        }
        None
    }

    fn cells(&self, samples: &[Complex32]) -> Result<Vec<Cell>, NrError> {
        let mut all = Vec::new();
        for scs_hz in [15e3, 30e3] {
            let config = SearchConfig { scs_hz, center_hz: Some(self.frequency_hz), ..SearchConfig::default() };
            match search(samples, self.rate_hz, &config) {
                Ok(cells) => all.extend(cells),
                // a rate that has no block of this spacing holds none
                Err(NrError::Rate { .. } | NrError::TooShort { .. }) if !all.is_empty() || scs_hz > 15e3 => {}
                Err(e) => return Err(e),
            }
        }
        Ok(all)
    }
}

/// After an overload the receiver's gain goes to its lowest and stays there: whoever knows what it was starts the guard anew. Said again where
/// it did not follow.
fn spare(rx: &mut dyn Receive, shared: &Shared) -> bool {
    match rx.lower_gain() {
        Ok(()) => {
            shared.core().reception.is_lowered = true;
            tracing::error!("the receiver was overloaded: its gain is at its lowest until tx-guard is started anew");
            true
        }
        Err(error) => {
            tracing::error!(%error, "the receiver is overloaded, and its gain does not go down");
            false
        }
    }
}
