//! Reads and writes SigMF recordings.

use super::sigmf_meta::{Capture, Datatype, Global, Meta};
use num_complex::Complex32;
use sha2::{Digest, Sha512};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Why a recording cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SigmfError {
    /// The file system said no.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The metadata is no SigMF JSON.
    #[error("{path} is no SigMF metadata: {reason}")]
    Meta {
        /// Which file.
        path: PathBuf,
        /// The parser's words.
        reason: String,
    },
    /// A kind of samples that is not read here.
    #[error("{path} has samples of type {datatype}; cf32_le and ci16_le are read: convert it")]
    Datatype {
        /// Which file.
        path: PathBuf,
        /// As written there.
        datatype: String,
    },
    /// More than one channel in a file.
    #[error("{path} interleaves {channels} channels; one a file is read")]
    Channels {
        /// Which file.
        path: PathBuf,
        /// As written there.
        channels: u32,
    },
    /// The rate is missing or no positive number.
    #[error("{path} gives no positive core:sample_rate")]
    Rate {
        /// Which file.
        path: PathBuf,
    },
    /// The data file ends within a sample.
    #[error("{path} has {bytes} bytes, no whole number of samples: it is truncated")]
    Truncated {
        /// Which file.
        path: PathBuf,
        /// Its length.
        bytes: usize,
    },
    /// The data is not what the metadata was made for.
    #[error("{path} does not have the SHA-512 its metadata gives: it is damaged or another recording's")]
    Checksum {
        /// Which file.
        path: PathBuf,
    },
}

/// A recording in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// Samples a second.
    pub rate_hz: f64,
    /// Centre frequency of the first capture; `None` = not given.
    pub frequency_hz: Option<f64>,
    /// The samples, full scale 1. NaN and infinite ones are zero.
    pub samples: Vec<Complex32>,
    /// Samples that were not finite in the file.
    pub nonfinite: u64,
    /// What it is, in words.
    pub description: String,
}

/// Reads a recording, given its `.sigmf-meta`, its `.sigmf-data`, or the name without either. A SHA-512 that the
/// metadata gives is checked.
///
/// # Errors
/// [`SigmfError`].
pub fn read(path: &Path) -> Result<Recording, SigmfError> {
    let (meta_path, data_path) = (path.with_extension("sigmf-meta"), path.with_extension("sigmf-data"));
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| SigmfError::Io { path, source }
    };
    let text = std::fs::read(&meta_path).map_err(io(&meta_path))?;
    let meta: Meta = serde_json::from_slice(&text)
        .map_err(|e| SigmfError::Meta { path: meta_path.clone(), reason: e.to_string() })?;
    let datatype = match meta.global.datatype.as_str() {
        "cf32_le" => Datatype::Cf32Le,
        "ci16_le" => Datatype::Ci16Le,
        other => return Err(SigmfError::Datatype { path: meta_path, datatype: other.to_owned() }),
    };
    if let Some(channels) = meta.global.num_channels.filter(|n| *n != 1) {
        return Err(SigmfError::Channels { path: meta_path, channels });
    }
    let rate_hz = match meta.global.sample_rate {
        Some(rate) if rate.is_finite() && rate > 0.0 => rate,
        _ => return Err(SigmfError::Rate { path: meta_path }),
    };
    let bytes = std::fs::read(&data_path).map_err(io(&data_path))?;
    if !bytes.len().is_multiple_of(datatype.bytes()) {
        return Err(SigmfError::Truncated { path: data_path, bytes: bytes.len() });
    }
    if meta.global.sha512.as_ref().is_some_and(|want| !want.eq_ignore_ascii_case(&sha512(&bytes))) {
        return Err(SigmfError::Checksum { path: data_path });
    }
    let mut samples = vec![Complex32::ZERO; bytes.len() / datatype.bytes()];
    let nonfinite = match datatype {
        Datatype::Cf32Le => super::copy_finite(&bytes, &mut samples),
        Datatype::Ci16Le => {
            let part = |b: [u8; 2]| f32::from(i16::from_le_bytes(b)) / 32_768.0;
            for (z, b) in samples.iter_mut().zip(bytes.as_chunks::<4>().0) {
                *z = Complex32::new(part([b[0], b[1]]), part([b[2], b[3]]));
            }
            0
        }
    };
    Ok(Recording {
        rate_hz,
        frequency_hz: meta.captures.first().and_then(|c| c.frequency),
        samples,
        nonfinite,
        description: meta.global.description.unwrap_or_default(),
    })
}

/// Writes a recording as cf32_le with its SHA-512; the data first, so that a metadata file always has its data.
///
/// # Errors
/// [`SigmfError::Io`].
pub fn write(path: &Path, recording: &Recording) -> Result<(), SigmfError> {
    let (meta_path, data_path) = (path.with_extension("sigmf-meta"), path.with_extension("sigmf-data"));
    let mut bytes = Vec::with_capacity(recording.samples.len() * 8);
    for z in &recording.samples {
        bytes.extend_from_slice(&z.re.to_le_bytes());
        bytes.extend_from_slice(&z.im.to_le_bytes());
    }
    let meta = Meta {
        global: Global {
            datatype: "cf32_le".into(),
            sample_rate: Some(recording.rate_hz),
            version: "1.2.0".into(),
            num_channels: None,
            description: Some(recording.description.clone()),
            recorder: Some("sidecar".into()),
            sha512: Some(sha512(&bytes)),
        },
        captures: vec![Capture { sample_start: 0, frequency: recording.frequency_hz, global_index: None }],
        annotations: Vec::new(),
    };
    let text = serde_json::to_vec_pretty(&meta)
        .map_err(|e| SigmfError::Meta { path: meta_path.clone(), reason: e.to_string() })?;
    std::fs::write(&data_path, bytes).map_err(|source| SigmfError::Io { path: data_path, source })?;
    std::fs::write(&meta_path, text).map_err(|source| SigmfError::Io { path: meta_path, source })
}

/// Writes metadata beside cf32_le data that is there: SHA-512 of the data, and the index of its first sample in the stream it comes from.
///
/// # Errors
/// [`SigmfError::Io`].
pub fn describe(path: &Path, rate_hz: f64, first_sample: u64, description: &str) -> Result<(), SigmfError> {
    let (meta_path, data_path) = (path.with_extension("sigmf-meta"), path.with_extension("sigmf-data"));
    let bytes = std::fs::read(&data_path).map_err(|source| SigmfError::Io { path: data_path, source })?;
    let meta = Meta {
        global: Global {
            datatype: "cf32_le".into(),
            sample_rate: Some(rate_hz),
            version: "1.2.0".into(),
            num_channels: None,
            description: Some(description.to_owned()),
            recorder: Some("sidecar".into()),
            sha512: Some(sha512(&bytes)),
        },
        captures: vec![Capture { sample_start: 0, frequency: None, global_index: Some(first_sample) }],
        annotations: Vec::new(),
    };
    let text = serde_json::to_vec_pretty(&meta)
        .map_err(|e| SigmfError::Meta { path: meta_path.clone(), reason: e.to_string() })?;
    std::fs::write(&meta_path, text).map_err(|source| SigmfError::Io { path: meta_path, source })
}

fn sha512(bytes: &[u8]) -> String {
    Sha512::digest(bytes).iter().fold(String::with_capacity(128), |mut s, b| {
        let _ = write!(s, "{b:02x}");
        s
    })
}
