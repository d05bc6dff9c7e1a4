//! What a back end brings to the suite.

use num_complex::Complex32;
use ran_bridge::iq::{Sink, Source};

/// What a back end says to a case.
pub enum Verdict {
    /// It holds.
    Holds,
    /// It cannot be had here, and why.
    Cannot(&'static str),
}

/// A back end: makes a sink and the source that its samples come out of.
pub trait Rig {
    fn name(&self) -> &'static str;

    fn rate_hz(&self) -> f64;

    /// Whether both ends are there at the same time; else the sink is finished before the source is opened.
    fn is_live(&self) -> bool {
        true
    }

    /// A new sink; the source that is opened next belongs to it.
    fn sink(&mut self) -> Box<dyn Sink + Send>;

    fn source(&mut self) -> Box<dyn Source>;

    /// Index at the source of the first sample that the sink was given, whose index there was `first`; `None` = not known yet.
    fn origin(&self, first: u64) -> Option<u64>;

    /// What becomes of a finite sample on the way.
    fn carried(&self, z: Complex32) -> Complex32 {
        z
    }

    /// Samples that any bit pattern of a finite number may have, or only those within full scale.
    fn is_exact(&self) -> bool {
        true
    }

    /// Most samples of one pass, for time's sake: more than any buffer within, where that can be waited for.
    fn most(&self) -> usize;

    /// Cases of the property, and most samples of one.
    fn tries(&self) -> (u32, usize);

    /// Why a pass may have failed that is none of the back end's faults: the machine was too slow for a radio that does not wait.
    fn may_repeat(&mut self) -> bool {
        false
    }

    /// Passes that were repeated.
    fn repeated(&self) -> u32 {
        0
    }

    /// Why this back end cannot have that case.
    fn cannot(&self, case: &str) -> Option<&'static str>;

    /// The giving end is gone, without a word; `sink` is it.
    fn giver_vanishes(&mut self, sink: Box<dyn Sink + Send>) {
        drop(sink);
    }

    /// The taking end is gone, without a word; `source` is it.
    fn taker_vanishes(&mut self, source: Option<Box<dyn Source>>) {
        drop(source);
    }

    /// Whatever vanished can be had again.
    fn comes_back(&mut self) {}

    /// Runs a case that is this back end's own.
    fn own(&mut self, case: &str) -> Verdict {
        panic!("{case} is not written for {}", self.name());
    }
}

/// A sample that says its own index, on any back end: its parts are whole 1/32767.
pub fn tag(index: u64) -> Complex32 {
    let part = |bits: u64| (bits & 0x7fff) as f32 / 32_767.0;
    Complex32::new(part(index), part(index >> 15))
}

/// `n` of them.
pub fn tags(n: usize) -> Vec<Complex32> {
    (0..n as u64).map(tag).collect()
}

/// A seeded generator: xorshift64*, Vigna 2016.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Between -1 and 1.
    pub fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / 8_388_608.0 - 1.0
    }

    /// Any finite number, also those next to 0 and both zeros.
    pub fn finite(&mut self) -> f32 {
        loop {
            let x = f32::from_bits((self.next() >> 32) as u32);
            if x.is_finite() {
                return x;
            }
        }
    }
}
