//! Cuts snippets out of receivers' streams.

use super::{ControlPort, SnippetMeta, Window};
use crate::front_end::MAX_SAMPLE;
use crate::front_end::{FrontEnd, Mode};
use num_complex::Complex32;

/// Most windows at once.
pub const MAX_WINDOWS: usize = 64;
/// Longest window in samples.
pub const MAX_WINDOW_SAMPLES: u32 = 65_536;

struct Cut {
    window: Window,
    /// Index of the first sample of the snippet that is being collected; `None` = done.
    start: Option<u64>,
    filled: usize,
    mode: Mode,
    buffer: Vec<Complex32>,
}

/// The windows in force, with their buffers.
#[derive(Default)]
pub struct Windows {
    cuts: Vec<Cut>,
    seq: u64,
}

/// What became of windows in a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cuts {
    /// Snippets sent.
    pub sent: u64,
    /// Snippets given up because samples were missing in between.
    pub dropped: u64,
}

impl Windows {
    /// Replaces the list; those that began before sample `now` start at their next period.
    ///
    /// # Errors
    /// What is wrong, in words; then the old list stays.
    pub fn replace(&mut self, windows: &[Window], streams: usize, now: u64) -> Result<(), String> {
        if windows.len() > MAX_WINDOWS {
            return Err(format!("{} windows, at most {MAX_WINDOWS} are possible", windows.len()));
        }
        for w in windows {
            if w.len == 0 || w.len > MAX_WINDOW_SAMPLES {
                return Err(format!("window {}: length {} is not in 1 … {MAX_WINDOW_SAMPLES}", w.id, w.len));
            }
            if w.first > MAX_SAMPLE || w.period > MAX_SAMPLE {
                return Err(format!("window {}: start or period is over {MAX_SAMPLE} samples", w.id));
            }
            if w.period != 0 && w.period < u64::from(w.len) {
                return Err(format!("window {}: period {} is shorter than its length {}", w.id, w.period, w.len));
            }
            if w.stream as usize >= streams {
                return Err(format!("window {}: there is no receiver {}", w.id, w.stream));
            }
        }
        self.cuts = windows
            .iter()
            .map(|w| Cut {
                window: *w,
                start: first_at_or_after(w, now),
                filled: 0,
                mode: Mode::Beam,
                buffer: vec![Complex32::ZERO; w.len as usize],
            })
            .collect();
        Ok(())
    }

    /// The list in force.
    pub fn list(&self) -> impl Iterator<Item = &Window> {
        self.cuts.iter().map(|c| &c.window)
    }

    /// Takes samples `[first, first + samples.len())` of a receiver and sends the snippets they complete.
    pub fn take(
        &mut self,
        stream: usize,
        first: u64,
        samples: &[Complex32],
        arrival_mono_ns: u64,
        front_end: &FrontEnd,
        port: &mut dyn ControlPort,
    ) -> Cuts {
        let mut count = Cuts::default();
        let end = first + samples.len() as u64;
        for cut in self.cuts.iter_mut().filter(|c| c.window.stream as usize == stream) {
            while let Some(start) = cut.start {
                let next = start + cut.filled as u64;
                if next < first {
                    count.dropped += u64::from(cut.filled > 0);
                    cut.filled = 0;
                    cut.start = first_at_or_after(&cut.window, first);
                    continue;
                }
                if next >= end {
                    break;
                }
                if cut.filled == 0 {
                    cut.mode = front_end.mode_at(start);
                }
                let from = (next - first) as usize;
                let n = (cut.buffer.len() - cut.filled).min(samples.len() - from);
                cut.buffer[cut.filled..cut.filled + n].copy_from_slice(&samples[from..from + n]);
                cut.filled += n;
                if cut.filled < cut.buffer.len() {
                    break;
                }
                self.seq += 1;
                let meta = SnippetMeta {
                    seq: self.seq,
                    stream: cut.window.stream,
                    start,
                    window: cut.window.id,
                    sounding: if let Mode::Column(c) = cut.mode { Some(c) } else { None },
                    wide: cut.mode == Mode::Wide,
                    arrival_mono_ns,
                };
                port.snippet(&meta, &cut.buffer);
                count.sent += 1;
                cut.filled = 0;
                cut.start = first_at_or_after(&cut.window, start + 1);
            }
        }
        count
    }
}

fn first_at_or_after(w: &Window, n: u64) -> Option<u64> {
    if w.first >= n {
        Some(w.first)
    } else if w.period == 0 {
        None
    } else {
        Some(w.first + (n - w.first).div_ceil(w.period) * w.period)
    }
}
