//! A FIFO of samples with a 64-bit sample index, in one preallocated piece of memory.

use num_complex::Complex32;

/// Samples in order, each with its index, always contiguous in memory.
///
/// What is read is dropped from the front; when the end of the memory is reached the rest moves to the front, so a stream
/// that is drained each slot stays in the same few cache lines. It never grows.
#[derive(Debug)]
pub struct SampleFifo {
    data: Vec<Complex32>,
    head: usize,
    tail: usize,
    first: u64,
}

impl SampleFifo {
    /// An empty FIFO whose next sample has index 0.
    ///
    /// # Shapes
    /// Holds up to `capacity` samples.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { data: vec![Complex32::ZERO; capacity], head: 0, tail: 0, first: 0 }
    }

    /// Samples in it.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.tail - self.head
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.tail == self.head
    }

    /// Samples that still fit.
    #[must_use]
    pub const fn room(&self) -> usize {
        self.data.len() - self.len()
    }

    /// Index of the first sample in it (or of the next that comes, when empty).
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// Index after the last sample in it.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.first + self.len() as u64
    }

    /// Drops everything; the next sample has index `first`.
    pub const fn restart(&mut self, first: u64) {
        self.head = 0;
        self.tail = 0;
        self.first = first;
    }

    /// Space for `n` new samples, which are then in the FIFO; `None` when they do not fit. The space may hold old values.
    pub fn grow(&mut self, n: usize) -> Option<&mut [Complex32]> {
        let at = self.make_space(n)?;
        self.tail = at + n;
        Some(&mut self.data[at..at + n])
    }

    /// Space for `n` samples that are not in the FIFO before [`SampleFifo::keep`]; `None` when they do not fit.
    pub fn spare(&mut self, n: usize) -> Option<&mut [Complex32]> {
        let at = self.make_space(n)?;
        Some(&mut self.data[at..at + n])
    }

    /// The first `n` samples of the space that [`SampleFifo::spare`] gave last are in the FIFO from now on.
    pub fn keep(&mut self, n: usize) {
        self.tail = (self.tail + n).min(self.data.len());
    }

    /// Makes `n` samples after the last one contiguous, and gives where they begin.
    fn make_space(&mut self, n: usize) -> Option<usize> {
        if n > self.room() {
            return None;
        }
        if self.is_empty() {
            self.head = 0;
            self.tail = 0;
        } else if self.tail + n > self.data.len() {
            self.data.copy_within(self.head..self.tail, 0);
            self.tail -= self.head;
            self.head = 0;
        }
        Some(self.tail)
    }

    /// The samples in it, oldest first.
    #[must_use]
    pub fn samples(&self) -> &[Complex32] {
        &self.data[self.head..self.tail]
    }

    /// The oldest `n` samples, to be changed.
    pub fn front_mut(&mut self, n: usize) -> &mut [Complex32] {
        let n = n.min(self.len());
        &mut self.data[self.head..self.head + n]
    }

    /// The samples `[from, from + n)`, `None` where they are not all in it.
    #[must_use]
    pub fn range(&self, from: u64, n: usize) -> Option<&[Complex32]> {
        let skip = usize::try_from(from.checked_sub(self.first)?).ok()?;
        let end = skip.checked_add(n)?;
        if end > self.len() {
            return None;
        }
        Some(&self.data[self.head + skip..self.head + end])
    }

    /// Keeps the oldest `n` samples.
    pub fn truncate(&mut self, n: usize) {
        self.tail = self.head + self.len().min(n);
    }

    /// Drops up to `n` samples from the front and gives how many.
    pub fn drop_front(&mut self, n: usize) -> usize {
        let n = n.min(self.len());
        self.head += n;
        self.first += n as u64;
        n
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    #[test]
    fn moves_to_the_front_when_the_end_is_reached() {
        let mut f = SampleFifo::new(4);
        f.grow(3).unwrap().fill(Complex32::ONE);
        assert_eq!(f.drop_front(2), 2);
        f.grow(3).unwrap().fill(Complex32::I);
        assert_eq!(f.samples(), [Complex32::ONE, Complex32::I, Complex32::I, Complex32::I]);
        assert_eq!((f.first(), f.end(), f.room()), (2, 6, 0));
        assert!(f.grow(1).is_none());
        assert_eq!(f.range(3, 2).unwrap(), [Complex32::I, Complex32::I]);
        assert!(f.range(1, 1).is_none() && f.range(5, 2).is_none());
        f.truncate(2);
        assert_eq!((f.samples(), f.end()), (&[Complex32::ONE, Complex32::I][..], 4));
        f.spare(2).unwrap().fill(Complex32::ZERO);
        assert_eq!(f.len(), 2);
        f.keep(1);
        assert_eq!((f.samples()[2], f.end()), (Complex32::ZERO, 5));
    }

    proptest! {
        #[test]
        fn keeps_order_index_and_bound(ops in proptest::collection::vec((any::<bool>(), 0_usize..40), 0..200)) {
            let mut f = SampleFifo::new(64);
            let mut model = VecDeque::new();
            let mut next = 0_u32;
            for (push, n) in ops {
                if push {
                    match f.grow(n) {
                        Some(space) => for z in space {
                            *z = Complex32::new(next as f32, 0.0);
                            model.push_back(next);
                            next += 1;
                        },
                        None => prop_assert!(model.len() + n > 64),
                    }
                } else {
                    let dropped = f.drop_front(n);
                    prop_assert_eq!(dropped, n.min(model.len()));
                    model.drain(..dropped);
                }
                prop_assert_eq!(f.len(), model.len());
                prop_assert_eq!(f.end(), u64::from(next));
                prop_assert!(f.samples().iter().zip(&model).all(|(a, b)| a.re == *b as f32));
            }
        }
    }
}
