//! Coefficients that go to new values along a straight line.

use num_complex::Complex32;

/// Coefficients on their way from one set of values to another.
#[derive(Debug)]
pub(super) struct Ramp {
    from: Vec<Complex32>,
    to: Vec<Complex32>,
    start: u64,
    len: u64,
}

impl Ramp {
    /// `count` coefficients that are 0, with room for `most`; a ramp takes `len` samples.
    pub(super) fn new(count: usize, most: usize, len: u64) -> Self {
        let zeros = || {
            let mut v = vec![Complex32::ZERO; most.max(count)];
            v.truncate(count);
            v
        };
        Self { from: zeros(), to: zeros(), start: 0, len }
    }

    /// Sample after its last.
    pub(super) const fn end(&self) -> u64 {
        self.start + self.len
    }

    /// Which part of the way is done at sample `n`, 0 … 1.
    pub(super) fn share(&self, n: u64) -> f32 {
        ((n - self.start.min(n)).min(self.len)) as f32 / self.len as f32
    }

    /// Begins a new ramp at `n` where the values differ from those it leads to; gives whether it did.
    pub(super) fn lead_to(&mut self, goal: &[Complex32], n: u64) -> bool {
        if self.to == goal {
            return false;
        }
        let share = self.share(n);
        for ((from, to), goal) in self.from.iter_mut().zip(&mut self.to).zip(goal) {
            let step = (*to - *from) * share;
            *from += step;
            *to = *goal;
        }
        self.start = n;
        true
    }

    /// Holds other coefficients from `n` on: they go from `from` to `to`. Allocates nothing within the room of its making.
    pub(super) fn replace(
        &mut self,
        n: u64,
        from: impl Iterator<Item = Complex32>,
        to: impl Iterator<Item = Complex32>,
    ) {
        self.from.clear();
        self.from.extend(from);
        self.to.clear();
        self.to.extend(to);
        self.start = n;
    }

    /// Is at its goal already.
    pub(super) fn settle(&mut self) {
        self.from.copy_from_slice(&self.to);
    }

    /// The values at `n` with the share of then.
    pub(super) fn values(&self, share: f32) -> impl Iterator<Item = Complex32> {
        self.from
            .iter()
            .zip(&self.to)
            .map(move |(from, to)| if share >= 1.0 { *to } else { *from + (*to - *from) * share })
    }

    /// Whether every value is 0 from `n` to the end of the ramp.
    pub(super) fn is_zero_from(&self, n: u64) -> bool {
        let zero = |v: &[Complex32]| v.iter().all(|z| *z == Complex32::ZERO);
        zero(&self.to) && (n >= self.end() || zero(&self.from))
    }

    /// Columns up to the last one that is not 0, of rows of `columns`.
    pub(super) fn columns_in_use(&self, columns: usize) -> usize {
        let both = self.from.iter().chain(&self.to).enumerate();
        both.filter(|(_, z)| **z != Complex32::ZERO).map(|(i, _)| i % columns + 1).max().unwrap_or(0)
    }
}
