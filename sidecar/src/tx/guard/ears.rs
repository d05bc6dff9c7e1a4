//! The ears: the receiver, which feeds the dead-man as long as samples come and none is too large, and is listened to before jamming.

use super::core::Shared;
use crate::tx::messages::Heard;
use governor::{Band, Feeder, Stop};
use num_complex::Complex32;
use ran_bridge::nr::{Cell, NrError, SearchConfig, search};
use ran_bridge::radio::Receive;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Samples of one look, s: two of the periods in which a cell shows itself, TS 38.213 §4.1.
const LOOK_S: f64 = 0.042;
/// Longest wait for them.
const PATIENCE: u32 = 400;
/// Samples read at once, s.
const BLOCK_S: f64 = 1e-3;

/// What was received last.
struct Ring {
    /// The last [`LOOK_S`], oldest first from `at` on.
    samples: Vec<Complex32>,
    at: usize,
    /// Received without a gap, up to the ring's length.
    whole: usize,
}

/// For who wants to listen.
#[derive(Clone)]
pub(super) struct Ears {
    ring: Arc<Mutex<Ring>>,
    rate_hz: f64,
    frequency_hz: f64,
}

impl Ears {
    pub(super) fn new(rate_hz: f64, frequency_hz: f64) -> Self {
        let samples = vec![Complex32::ZERO; (LOOK_S * rate_hz) as usize];
        Self { ring: Arc::new(Mutex::new(Ring { samples, at: 0, whole: 0 })), rate_hz, frequency_hz }
    }

    /// Whether it is tuned to the middle of this band.
    pub(super) fn hears(&self, band: Band) -> bool {
        (f64::midpoint(band.low_hz, band.high_hz) - self.frequency_hz).abs() < 1.0
    }

    /// Receives until `end`, or until the radio is gone.
    pub(super) fn run(&self, mut rx: Box<dyn Receive>, shared: &Shared, overload: f32, end: &AtomicBool) {
        let mut block = vec![Complex32::ZERO; ((BLOCK_S * self.rate_hz) as usize).max(1)];
        while !end.load(SeqCst) {
            match rx.read(&mut block) {
                Ok(None) => {}
                Ok(Some(got)) => self.hear(&block[..got.len.min(block.len())], got.lost, shared, overload),
                Err(error) => {
                    shared.core().stop(Stop::DeviceError);
                    tracing::error!(%error, "the receiver");
                    return;
                }
            }
        }
    }

    fn hear(&self, block: &[Complex32], lost: u64, shared: &Shared, overload: f32) {
        let peak = block.iter().map(|z| z.norm_sqr()).fold(0.0, f32::max).sqrt();
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
