//! Samples of several ports with their past, real and imaginary parts apart.

use super::fir::GROUP;
use num_complex::Complex32;

/// Most samples that are taken at once.
pub const BLOCK: usize = 2048;

/// The last samples of each port: `past` of them stay reachable.
#[derive(Debug)]
pub struct Streams {
    re: Vec<f32>,
    im: Vec<f32>,
    /// Samples of one port.
    stride: usize,
    ports: usize,
    /// Samples before the cursor that are kept.
    past: usize,
    /// Where the next sample goes.
    cursor: usize,
}

impl Streams {
    /// Streams of which `past` samples back are needed, all zero.
    #[must_use]
    pub fn new(ports: usize, past: usize) -> Self {
        let past = past + GROUP;
        let stride = past + 2 * BLOCK + GROUP;
        Self { re: vec![0.0; ports * stride], im: vec![0.0; ports * stride], stride, ports, past, cursor: past }
    }

    /// Where a port's sample lies, seen from the first port's, when it is `back` samples old.
    #[must_use]
    pub fn place(&self, port: usize, back: u32) -> i32 {
        i32::try_from(port * self.stride).unwrap_or(0) - back as i32
    }

    /// Takes the next samples (at most [`BLOCK`]) and gives the place of the first.
    ///
    /// # Shapes
    /// `x`: one slice a port; missing ones count as zero, as does what they lack.
    pub fn push<'a>(&mut self, x: impl Iterator<Item = &'a [Complex32]>, len: usize) -> usize {
        let len = len.min(BLOCK);
        if self.cursor + len + GROUP > self.stride {
            for port in 0..self.ports {
                let from = port * self.stride + self.cursor - self.past;
                self.re.copy_within(from..from + self.past, port * self.stride);
                self.im.copy_within(from..from + self.past, port * self.stride);
            }
            self.cursor = self.past;
        }
        let at = self.cursor;
        let mut x = x.fuse();
        for port in 0..self.ports {
            let from = x.next().unwrap_or(&[]);
            let (re, im) = (&mut self.re[port * self.stride + at..], &mut self.im[port * self.stride + at..]);
            let given = from.len().min(len);
            for ((re, im), z) in re.iter_mut().zip(im.iter_mut()).zip(&from[..given]) {
                (*re, *im) = (z.re, z.im);
            }
            re[given..len].fill(0.0);
            im[given..len].fill(0.0);
        }
        self.cursor += len;
        at
    }

    /// Real and imaginary parts of everything.
    #[must_use]
    pub fn parts(&self) -> (&[f32], &[f32]) {
        (&self.re, &self.im)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.re.fill(0.0);
        self.im.fill(0.0);
        self.cursor = self.past;
    }
}
