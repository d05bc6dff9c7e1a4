//! Whole recordings in memory.

use super::{SigmfError, SigmfSink, SigmfSource};
use crate::iq::stream::{Next, Sink, Source, StreamError};
use num_complex::Complex32;
use std::path::Path;

/// Samples that are read at once.
const BLOCK: usize = 65_536;
/// Most zeros that stand for missing samples: half a GiB.
const MAX_ZEROS: u64 = 1 << 26;

/// A recording in memory, and a sink of one.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// Samples a second.
    pub rate_hz: f64,
    /// Centre frequency of the first capture; `None` = not given.
    pub frequency_hz: Option<f64>,
    /// Index of its first sample in the stream it comes from.
    pub first: u64,
    /// The samples, full scale 1. NaN and infinite ones are zero, and so are those that are missing.
    pub samples: Vec<Complex32>,
    /// Samples that were not finite in the file.
    pub nonfinite: u64,
    /// Samples that are missing from it.
    pub lost: u64,
    /// What it is, in words.
    pub description: String,
}

impl Recording {
    /// One without a sample.
    #[must_use]
    pub fn empty(rate_hz: f64, frequency_hz: Option<f64>, description: &str) -> Self {
        let description = description.to_owned();
        Self { rate_hz, frequency_hz, first: 0, samples: Vec::new(), nonfinite: 0, lost: 0, description }
    }

    /// Index of the sample that would be next.
    const fn next(&self) -> u64 {
        self.first.saturating_add(self.samples.len() as u64)
    }

    /// Zeros up to `first`, where there are samples before, and then these.
    fn append(&mut self, first: u64, samples: &[Complex32]) -> Result<(), SigmfError> {
        if self.samples.is_empty() {
            self.first = first;
        }
        let lost = first - self.next();
        if self.lost + lost > MAX_ZEROS {
            return Err(SigmfError::Hole { first: self.next(), next: first });
        }
        self.samples.resize(self.samples.len() + lost as usize, Complex32::ZERO);
        self.samples.extend_from_slice(samples);
        self.lost += lost;
        Ok(())
    }
}

impl Sink for Recording {
    fn rate_hz(&self) -> f64 {
        self.rate_hz
    }

    fn write(&mut self, first: u64, samples: &[Complex32]) -> Result<usize, StreamError> {
        if first < self.next() && !self.samples.is_empty() {
            return Err(StreamError::Backwards { first, next: self.next() });
        }
        self.append(first, samples)?;
        Ok(samples.len())
    }

    fn finish(&mut self) -> Result<(), StreamError> {
        Ok(())
    }
}

/// Reads a recording, given its `.sigmf-meta`, its `.sigmf-data`, or the name without either. A SHA-512 that the
/// metadata gives is checked.
///
/// # Errors
/// [`SigmfError`].
pub fn read(path: &Path) -> Result<Recording, SigmfError> {
    let mut source = SigmfSource::open(path)?;
    let mut recording = Recording::empty(source.rate_hz(), source.frequency_hz(), source.description());
    recording.samples.reserve_exact(usize::try_from(source.samples()).unwrap_or(0));
    let mut block = vec![Complex32::ZERO; BLOCK];
    while let Next::Samples(got) = source.next_block(&mut block)? {
        recording.append(got.first, &block[..got.len])?;
        recording.nonfinite += got.nonfinite;
    }
    Ok(recording)
}

/// Writes a recording as cf32_le with its SHA-512; the data first, so that a metadata file always has its data.
///
/// # Errors
/// [`SigmfError::Io`].
pub fn write(path: &Path, recording: &Recording) -> Result<(), SigmfError> {
    let mut sink = SigmfSink::create(path, recording.rate_hz, recording.frequency_hz, &recording.description)?;
    sink.append(&recording.samples)?;
    sink.close()
}
