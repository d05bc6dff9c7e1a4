//! Echoes of a fault on purpose.

use super::fault::FaultTap;
use num_complex::Complex32;
use std::ops::Range;

/// Samples that pass at once.
const BLOCK: usize = 2048;

/// A channel that stands still, `Σ g_i x[n − d_i]`, with the samples that it needs of the past. Everything is made at its beginning.
pub(super) struct Echo {
    taps: Vec<(usize, Complex32)>,
    longest: usize,
    /// The samples before the next one, then room for a block.
    line: Vec<Complex32>,
    seen: u64,
}

impl Echo {
    pub(super) fn new(taps: &[FaultTap]) -> Self {
        let gain = |t: &FaultTap| Complex32::from_polar(10.0_f32.powf(t.gain_db / 20.0), t.phase_deg.to_radians());
        let taps: Vec<_> = taps.iter().map(|t| (t.delay_samples as usize, gain(t))).collect();
        let longest = taps.iter().map(|t| t.0).max().unwrap_or(0);
        Self { taps, longest, line: vec![Complex32::ZERO; longest + BLOCK], seen: 0 }
    }

    /// How many samples must pass until it has a whole past.
    pub(super) const fn lacks(&self) -> u64 {
        (self.longest as u64).saturating_sub(self.seen)
    }

    /// Lets the next samples of the stream pass and makes what comes out of those in `span`.
    pub(super) fn pass(&mut self, samples: &mut [Complex32], span: Range<usize>) {
        let Self { taps, longest, line, seen } = self;
        *seen += samples.len() as u64;
        let mut at = 0;
        for block in samples.chunks_mut(BLOCK) {
            let len = block.len();
            line[*longest..*longest + len].copy_from_slice(block);
            let (from, to) = (span.start.clamp(at, at + len) - at, span.end.clamp(at, at + len) - at);
            for (n, z) in block.iter_mut().enumerate().take(to).skip(from) {
                *z = taps.iter().map(|(delay, gain)| gain * line[*longest + n - delay]).sum();
            }
            line.copy_within(len..len + *longest, 0);
            at += len;
        }
    }
}
