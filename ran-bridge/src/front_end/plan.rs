//! Coefficients over a range of samples, in pieces that are straight lines.

use num_complex::Complex32;

/// Which weights are in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The commanded weights.
    Beam,
    /// The wide beam of a protected slot.
    Wide,
    /// A column of the sounding unitary.
    Column(u16),
}

/// A piece on which weights are straight lines of the sample index.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// Offset of its first sample in the planned range.
    pub offset: usize,
    /// Samples, ≥ 1.
    pub len: usize,
    /// What is in force (from the start of its ramp on).
    pub mode: Mode,
}

/// Segments of a range with their weights. Reused, so that planning does not allocate.
#[derive(Debug)]
pub struct Plan {
    /// Downlink index of the first sample.
    pub start: u64,
    /// Samples in all.
    pub len: usize,
    segments: Vec<Segment>,
    weights: Vec<Complex32>,
    width: usize,
}

impl Plan {
    /// An empty plan with room for `segments` pieces of `width = M·P` weights.
    #[must_use]
    pub fn new(width: usize, segments: usize) -> Self {
        Self {
            start: 0,
            len: 0,
            segments: Vec::with_capacity(segments),
            weights: Vec::with_capacity(2 * width * segments),
            width,
        }
    }

    pub(super) fn restart(&mut self, start: u64) {
        self.start = start;
        self.len = 0;
        self.segments.clear();
        self.weights.clear();
    }

    pub(super) fn push(&mut self, segment: Segment, from: &[Complex32], to: &[Complex32]) {
        self.len += segment.len;
        self.segments.push(segment);
        self.weights.extend_from_slice(from);
        self.weights.extend_from_slice(to);
    }

    pub(super) const fn full(&self) -> bool {
        self.segments.len() == self.segments.capacity()
    }

    /// The pieces in order: segment, weights `[M×P]` at its first sample, weights one sample after its last.
    pub fn pieces(&self) -> impl Iterator<Item = (&Segment, &[Complex32], &[Complex32])> {
        self.segments.iter().zip(self.weights.chunks_exact(2 * self.width)).map(|(s, w)| {
            let (from, to) = w.split_at(self.width);
            (s, from, to)
        })
    }
}
