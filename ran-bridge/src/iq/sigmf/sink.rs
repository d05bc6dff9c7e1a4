//! A recording that is being written.

use super::meta::{Capture, Global, Meta};
use super::{SigmfError, hashed, hex, io, paths};
use crate::iq::stream::{Sink, StreamError};
use num_complex::Complex32;
use sha2::{Digest, Sha512};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Writes samples as cf32_le; a stretch that is missing begins a new capture with its index in the stream. The metadata comes with
/// [`Sink::finish`], after the data, so that a metadata file always has its data.
#[derive(Debug)]
pub struct SigmfSink {
    meta_path: PathBuf,
    path: PathBuf,
    data: BufWriter<File>,
    hash: Sha512,
    rate_hz: f64,
    frequency_hz: Option<f64>,
    description: String,
    captures: Vec<Capture>,
    samples: u64,
    /// Index of the sample that would be next.
    next: Option<u64>,
}

impl SigmfSink {
    /// The files that a recording of this name has: metadata and samples.
    #[must_use]
    pub fn files(path: &Path) -> [PathBuf; 2] {
        paths(path).into()
    }

    /// Begins a recording at this path, with or without an ending; what was there is overwritten.
    ///
    /// # Errors
    /// [`SigmfError::Io`].
    pub fn create(path: &Path, rate_hz: f64, frequency_hz: Option<f64>, description: &str) -> Result<Self, SigmfError> {
        let (meta_path, path) = paths(path);
        // another recording's metadata must not stand beside these samples
        match std::fs::remove_file(&meta_path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(io(&meta_path)(e)),
            _ => {}
        }
        let data = BufWriter::new(File::create(&path).map_err(io(&path))?);
        Ok(Self {
            meta_path,
            path,
            data,
            hash: Sha512::new(),
            rate_hz,
            frequency_hz,
            description: description.to_owned(),
            captures: Vec::new(),
            samples: 0,
            next: None,
        })
    }

    /// As [`Sink::write`], all of them.
    ///
    /// # Errors
    /// [`SigmfError::Io`].
    pub(super) fn append(&mut self, samples: &[Complex32]) -> Result<(), SigmfError> {
        let bytes: &[u8] = bytemuck::cast_slice(samples);
        self.hash.update(bytes);
        self.data.write_all(bytes).map_err(io(&self.path))?;
        self.samples += samples.len() as u64;
        Ok(())
    }

    /// As [`Sink::finish`].
    ///
    /// # Errors
    /// [`SigmfError::Io`].
    pub(super) fn close(&mut self) -> Result<(), SigmfError> {
        self.data.flush().map_err(io(&self.path))?;
        let mut captures = self.captures.clone();
        if captures.is_empty() {
            captures.push(Capture { sample_start: 0, frequency: self.frequency_hz, global_index: None });
        }
        put(&self.meta_path, self.rate_hz, &self.description, self.hash.clone(), captures)
    }
}

impl Sink for SigmfSink {
    fn rate_hz(&self) -> f64 {
        self.rate_hz
    }

    fn write(&mut self, first: u64, samples: &[Complex32]) -> Result<usize, StreamError> {
        match self.next {
            Some(next) if first < next => return Err(StreamError::Backwards { first, next }),
            Some(next) if first == next => {}
            _ => self.captures.push(Capture {
                sample_start: self.samples,
                frequency: self.frequency_hz,
                global_index: Some(first),
            }),
        }
        self.append(samples)?;
        self.next = Some(first.saturating_add(samples.len() as u64));
        Ok(samples.len())
    }

    fn finish(&mut self) -> Result<(), StreamError> {
        Ok(self.close()?)
    }
}

/// Writes metadata beside cf32_le data that is there: SHA-512 of the data, and the index of its first sample in the stream it comes from.
///
/// # Errors
/// [`SigmfError::Io`].
pub fn describe(path: &Path, rate_hz: f64, first_sample: u64, description: &str) -> Result<(), SigmfError> {
    let (meta_path, path) = paths(path);
    let hash = File::open(&path).and_then(|mut data| hashed(&mut data)).map_err(io(&path))?;
    let capture = Capture { sample_start: 0, frequency: None, global_index: Some(first_sample) };
    put(&meta_path, rate_hz, description, hash, vec![capture])
}

fn put(path: &Path, rate_hz: f64, description: &str, hash: Sha512, captures: Vec<Capture>) -> Result<(), SigmfError> {
    let meta = Meta {
        global: Global {
            datatype: "cf32_le".into(),
            sample_rate: Some(rate_hz),
            version: "1.2.0".into(),
            num_channels: None,
            description: Some(description.to_owned()),
            recorder: Some("sidecar".into()),
            sha512: Some(hex(hash)),
        },
        captures,
        annotations: Vec::new(),
    };
    let text = serde_json::to_vec_pretty(&meta)
        .map_err(|e| SigmfError::Meta { path: path.to_owned(), reason: e.to_string() })?;
    std::fs::write(path, text).map_err(io(path))
}
