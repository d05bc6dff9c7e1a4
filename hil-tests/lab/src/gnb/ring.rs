//! A bounded sample ring, as the gNB's radio has one for each direction.
use num_complex::Complex32;

/// Samples the gNB's rings and its receive message buffer hold.
pub const CAPACITY: usize = 614_400;

/// FIFO of samples over a fixed buffer.
pub struct Ring {
    buffer: Vec<Complex32>,
    read: usize,
    len: usize,
}

impl Ring {
    /// An empty ring of `capacity` samples.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { buffer: vec![Complex32::default(); capacity], read: 0, len: 0 }
    }

    /// Samples inside.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Nothing inside.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Room left.
    #[must_use]
    pub fn free(&self) -> usize {
        self.buffer.len() - self.len
    }

    /// Appends as many of `samples` as fit and says how many.
    pub fn push(&mut self, samples: &[Complex32]) -> usize {
        let take = samples.len().min(self.free());
        let write = (self.read + self.len) % self.buffer.len();
        let first = take.min(self.buffer.len() - write);
        self.buffer[write..write + first].copy_from_slice(&samples[..first]);
        self.buffer[..take - first].copy_from_slice(&samples[first..take]);
        self.len += take;
        take
    }

    /// The run of samples up to the end of the buffer: what one message takes.
    #[must_use]
    pub fn run(&self) -> &[Complex32] {
        let end = (self.read + self.len).min(self.buffer.len());
        &self.buffer[self.read..end]
    }

    /// Forgets the first `count` samples.
    pub fn consume(&mut self, count: usize) {
        let count = count.min(self.len);
        self.read = (self.read + count) % self.buffer.len();
        self.len -= count;
    }

    /// Moves the first `out.len()` samples to `out`; false and nothing moved where there are fewer.
    pub fn pop(&mut self, out: &mut [Complex32]) -> bool {
        if self.len < out.len() {
            return false;
        }
        let first = out.len().min(self.buffer.len() - self.read);
        let rest = out.len() - first;
        out[..first].copy_from_slice(&self.buffer[self.read..self.read + first]);
        out[first..].copy_from_slice(&self.buffer[..rest]);
        self.consume(first + rest);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_without_losing_order() {
        let mut ring = Ring::new(10);
        let numbers: Vec<Complex32> = (0..7).map(|i| Complex32::new(i as f32, 0.0)).collect();
        assert_eq!(ring.push(&numbers), 7);
        let mut out = vec![Complex32::default(); 5];
        assert!(ring.pop(&mut out));
        assert_eq!(ring.push(&numbers), 7);
        assert_eq!(ring.run().len(), 5, "two old, three new, then the wrap");
        assert_eq!(ring.push(&numbers), 1, "full");
        let mut rest = vec![Complex32::default(); 10];
        assert!(ring.pop(&mut rest));
        let values: Vec<f32> = rest.iter().map(|v| v.re).collect();
        assert_eq!(values, [5.0, 6.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 0.0]);
    }
}
